//! Tensors of one or many safetensors files as f32, whatever they are stored as: f32, f16, bf16, or 8 bits with scales.
//!
//! The 8-bit convention is ours (assets/models/README.md): an int8 tensor `X` of shape `[rows, columns]` comes with an
//! f32 or f16 tensor `X.scale` of shape `[rows, groups]`, where `groups` divides `columns`, and stands for
//! `X[r, c] · scale[r, c / (columns / groups)]`.

use std::borrow::Cow;
use std::ops::{Deref, Range};

use candle_core::{DType, Device, Tensor};
use half::{bf16, f16};
use memmap2::Mmap;
use rayon::prelude::*;
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorInfo};

use super::ModelError;

/// The bytes of a model file.
#[derive(Debug)]
pub enum Bytes {
    /// Inside the binary.
    #[cfg_attr(not(feature = "builtin-models"), allow(dead_code, reason = "a build without models has no such bytes"))]
    Resident(&'static [u8]),
    /// A file, mapped while the model is loaded.
    Mapped(Mmap),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Resident(bytes) => bytes,
            Bytes::Mapped(map) => map,
        }
    }
}

/// What task models put before the names of the network they carry.
const PREFIXES: [&str; 3] = ["", "bert.", "model."];

/// The parsed files of one model. Names are looked up as given, then with the prefixes that task models have.
pub struct Weights<'file> {
    shards: Vec<Shard<'file>>,
}

/// One parsed file.
struct Shard<'file> {
    origin: &'file str,
    bytes: &'file Bytes,
    metadata: Metadata,
    /// Where the tensors' data begins.
    start: usize,
}

/// A tensor that was found and has the right shape.
struct Found<'file> {
    stored: Stored,
    range: Range<usize>,
    bytes: &'file Bytes,
}

/// How the elements of a tensor are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    F32,
    F16,
    Bf16,
    /// With scales.
    Int8,
}

impl Stored {
    fn bytes(self) -> usize {
        match self {
            Stored::F32 => 4,
            Stored::F16 | Stored::Bf16 => 2,
            Stored::Int8 => 1,
        }
    }

    /// Expands little-endian elements into `out`; `scales` are those of 8-bit elements, each for an equal part of them.
    fn expand(self, bytes: &[u8], scales: &[f32], out: &mut [f32]) {
        match self {
            Stored::F32 => {
                let (elements, _) = bytes.as_chunks::<4>();
                out.iter_mut().zip(elements).for_each(|(x, &raw)| *x = f32::from_le_bytes(raw));
            }
            Stored::F16 => {
                let (elements, _) = bytes.as_chunks::<2>();
                out.iter_mut().zip(elements).for_each(|(x, &raw)| *x = f16::from_le_bytes(raw).to_f32());
            }
            Stored::Bf16 => {
                let (elements, _) = bytes.as_chunks::<2>();
                out.iter_mut().zip(elements).for_each(|(x, &raw)| *x = bf16::from_le_bytes(raw).to_f32());
            }
            Stored::Int8 => {
                let group = out.len() / scales.len();
                for ((out, bytes), scale) in out.chunks_exact_mut(group).zip(bytes.chunks_exact(group)).zip(scales) {
                    out.iter_mut().zip(bytes).for_each(|(x, &raw)| *x = f32::from(raw.cast_signed()) * scale);
                }
            }
        }
    }
}

/// The scales of an 8-bit matrix, row-major; empty for other kinds.
#[derive(Debug, Default)]
struct Scales {
    values: Vec<f32>,
    groups: usize,
}

impl Scales {
    fn row(&self, row: usize) -> &[f32] {
        self.values.get(row * self.groups..(row + 1) * self.groups).unwrap_or_default()
    }
}

impl<'file> Weights<'file> {
    /// # Errors
    /// If a file is truncated or not a safetensors file; files come with the name used in errors.
    pub fn parse(files: &'file [(String, Bytes)]) -> Result<Self, ModelError> {
        let shards = files.iter().map(|(origin, bytes)| {
            let (header, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| ModelError::File {
                path: origin.clone(),
                reason: format!("not a whole safetensors file ({} bytes): {error}", bytes.len()),
            })?;
            // Eight bytes of header length come before the header.
            Ok(Shard { origin, bytes, metadata, start: size_of::<u64>() + header })
        });
        Ok(Weights { shards: shards.collect::<Result<_, ModelError>>()? })
    }

    /// How many numbers all tensors have.
    pub fn numbers(&self) -> u64 {
        let of = |shard: &Shard| -> u64 {
            shard
                .metadata
                .tensors()
                .values()
                .map(|tensor| tensor.shape.iter().map(|&size| size as u64).product::<u64>())
                .sum()
        };
        self.shards.iter().map(of).sum()
    }

    /// Whether there is a tensor of exactly this name.
    pub fn contains(&self, name: &str) -> bool {
        self.shards.iter().any(|shard| shard.metadata.info(name).is_some())
    }

    /// A vector of `length` values.
    pub fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, ModelError> {
        let found = self.find(name, &[length])?;
        self.expand_all(name, found, length)
    }

    /// A matrix of `rows × columns` values, row-major.
    pub fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Vec<f32>, ModelError> {
        let Found { stored, range, bytes } = self.find(name, &[rows, columns])?;
        let scales = self.scales(name, stored, rows, columns)?;
        // Only now is it sure that a file stands behind these numbers.
        let mut out = vec![0.0; rows * columns];
        let bytes = bytes[range].par_chunks(columns * stored.bytes());
        out.par_chunks_mut(columns).zip(bytes).enumerate().for_each(|(row, (out, bytes))| {
            stored.expand(bytes, scales.row(row), out);
        });
        Ok(out)
    }

    /// A matrix whose rows are expanded when they are asked for (word embeddings: half of a small network, of which a
    /// text touches a few rows).
    pub fn table(&self, name: &str, rows: usize, columns: usize) -> Result<Table, ModelError> {
        let Found { stored, range, bytes } = self.find(name, &[rows, columns])?;
        let scales = self.scales(name, stored, rows, columns)?;
        let data = match bytes {
            Bytes::Resident(bytes) => Cow::Borrowed(&bytes[range]),
            // A copy, because someone may shorten the file while we run, and reading a shortened map kills us.
            Bytes::Mapped(map) => Cow::Owned(map[range].to_vec()),
        };
        Ok(Table { data, stored, scales, columns })
    }

    /// One row of a matrix of `rows × columns` values; `None` if it has no such row.
    pub fn row(&self, name: &str, rows: usize, columns: usize, row: usize) -> Result<Option<Vec<f32>>, ModelError> {
        let Found { stored, range, bytes } = self.find(name, &[rows, columns])?;
        let scales = self.scales(name, stored, rows, columns)?;
        let width = columns * stored.bytes();
        Ok(bytes[range].get(row * width..(row + 1) * width).map(|bytes| {
            let mut out = vec![0.0; columns];
            stored.expand(bytes, scales.row(row), &mut out);
            out
        }))
    }

    /// A tensor on a device. Nothing is widened where it is stored as it is asked for.
    pub fn tensor(&self, name: &str, shape: &[usize], dtype: DType, device: &Device) -> Result<Tensor, ModelError> {
        let Found { stored, range, bytes } = self.find(name, shape)?;
        let tensor = match (stored, shape) {
            (Stored::F32, _) => Tensor::from_raw_buffer(&bytes[range], DType::F32, shape, device),
            (Stored::F16, _) => Tensor::from_raw_buffer(&bytes[range], DType::F16, shape, device),
            (Stored::Bf16, _) => Tensor::from_raw_buffer(&bytes[range], DType::BF16, shape, device),
            (Stored::Int8, &[rows, columns]) => Tensor::from_vec(self.matrix(name, rows, columns)?, shape, device),
            (Stored::Int8, _) => return Err(self.info(name)?.0.wrong(name, "is 8-bit; only matrices can be")),
        };
        let failed = |error: candle_core::Error| ModelError::Run { model: name.to_owned(), reason: error.to_string() };
        tensor.and_then(|tensor| tensor.to_dtype(dtype)).map_err(failed)
    }

    fn scales(&self, name: &str, stored: Stored, rows: usize, columns: usize) -> Result<Scales, ModelError> {
        if stored != Stored::Int8 {
            return Ok(Scales::default());
        }
        let name = format!("{name}.scale");
        let shape = &self.info(&name)?.1.shape;
        let groups = match shape[..] {
            [_, groups] if groups > 0 && columns.is_multiple_of(groups) => groups,
            _ => {
                let what = format!("has shape {shape:?}, expected [{rows}, groups] where groups divides {columns}");
                return Err(self.info(&name)?.0.wrong(&name, &what));
            }
        };
        let found = self.find(&name, &[rows, groups])?;
        Ok(Scales { values: self.expand_all(&name, found, rows * groups)?, groups })
    }

    /// A tensor that carries no scales.
    fn expand_all(&self, name: &str, found: Found, length: usize) -> Result<Vec<f32>, ModelError> {
        if found.stored == Stored::Int8 {
            return Err(self.info(name)?.0.wrong(name, "is 8-bit; only matrices can be"));
        }
        let mut out = vec![0.0; length];
        found.stored.expand(&found.bytes[found.range], &[], &mut out);
        Ok(out)
    }

    fn info(&self, name: &str) -> Result<(&Shard<'file>, &TensorInfo), ModelError> {
        let find = |name: &str| self.shards.iter().find_map(|shard| Some((shard, shard.metadata.info(name)?)));
        PREFIXES.iter().find_map(|prefix| find(&format!("{prefix}{name}"))).ok_or_else(|| {
            let path = self.shards.iter().map(|shard| shard.origin).collect::<Vec<_>>().join(", ");
            ModelError::File { path, reason: format!("tensor {name:?} is missing") }
        })
    }

    fn find(&self, name: &str, shape: &[usize]) -> Result<Found<'file>, ModelError> {
        let (shard, info) = self.info(name)?;
        if info.shape != shape {
            return Err(shard.wrong(name, &format!("has shape {:?}, config.json asks for {shape:?}", info.shape)));
        }
        let stored = match info.dtype {
            Dtype::F32 => Stored::F32,
            Dtype::F16 => Stored::F16,
            Dtype::BF16 => Stored::Bf16,
            Dtype::I8 => Stored::Int8,
            other => {
                return Err(shard.wrong(name, &format!("is stored as {other:?}; F32, F16, BF16 and I8 can be read")));
            }
        };
        let (begin, end) = info.data_offsets;
        Ok(Found { stored, range: shard.start + begin..shard.start + end, bytes: shard.bytes })
    }
}

impl Shard<'_> {
    fn wrong(&self, name: &str, what: &str) -> ModelError {
        ModelError::File { path: self.origin.to_owned(), reason: format!("tensor {name:?} {what}") }
    }
}

/// See [`Weights::table`].
pub struct Table {
    data: Cow<'static, [u8]>,
    stored: Stored,
    scales: Scales,
    columns: usize,
}

impl Table {
    /// Writes one row; `None` if there is no such row.
    pub fn read(&self, row: usize, out: &mut [f32]) -> Option<()> {
        let width = self.columns * self.stored.bytes();
        let bytes = self.data.get(row * width..(row + 1) * width)?;
        self.stored.expand(bytes, self.scales.row(row), out);
        Some(())
    }
}

#[cfg(test)]
#[path = "weights_tests.rs"]
mod tests;
