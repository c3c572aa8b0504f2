//! One file of vectors.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `SKVECTOR` |
//! | 4, 4, 8 | format version, dimensions, number of vectors (little endian) |
//! | to 64 | zero |
//! | 16 each | content hashes |
//! | to a multiple of 64 | zero |
//! | 2 × dimensions each | rows, f16 little endian |
//! | 32 | BLAKE3 of all before ([`checked`](super::checked)) |

use std::io::{self, Read, Write};
use std::path::Path;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::library::ContentHash;

use super::checked::{Reader, Written, damaged, write_new};
use super::store::StoreError;

const MAGIC: [u8; 8] = *b"SKVECTOR";
const VERSION: u32 = 1;
const HEADER: usize = 64;
const HASH: usize = 16;
/// Rows begin at a multiple of a cache line.
const ALIGNMENT: u64 = 64;
/// Read and written at a time. Even, and a multiple of [`HASH`].
const BLOCK: usize = 64 * 1024;

/// The extension of a segment's file.
pub(super) const EXTENSION: &str = "vec";

/// Vectors in memory, with the file they were read from or written to. Immutable.
#[derive(Debug)]
pub(super) struct Segment {
    hashes: Vec<ContentHash>,
    /// `hashes.len()` rows of `dimensions`.
    rows: Vec<f16>,
    dimensions: usize,
    /// `None` while the disk does not have it.
    pub(super) file: Option<Written>,
}

impl Segment {
    pub(super) fn new(dimensions: usize) -> Segment {
        Segment { hashes: Vec::new(), rows: Vec::new(), dimensions, file: None }
    }

    /// Rounds a vector to f16 and adds it. False, and nothing added, if it is of another length or a number is not
    /// finite as f16: one such row would spoil the order of every search.
    pub(super) fn push(&mut self, hash: ContentHash, vector: &[f32]) -> bool {
        let start = self.rows.len();
        self.rows.resize(start + vector.len(), f16::ZERO);
        self.rows[start..].convert_from_f32_slice(vector);
        let fits = vector.len() == self.dimensions && self.rows[start..].iter().all(|number| number.is_finite());
        if fits {
            self.hashes.push(hash);
        } else {
            self.rows.truncate(start);
        }
        fits
    }

    /// Adds a row of another segment.
    pub(super) fn push_row(&mut self, hash: ContentHash, row: &[f16]) {
        debug_assert_eq!(row.len(), self.dimensions);
        self.hashes.push(hash);
        self.rows.extend_from_slice(row);
    }

    pub(super) fn hashes(&self) -> &[ContentHash] {
        &self.hashes
    }

    pub(super) fn row(&self, row: usize) -> &[f16] {
        &self.rows[row * self.dimensions..(row + 1) * self.dimensions]
    }

    /// Size of its file; 0 while it has none.
    pub(super) fn bytes_on_disk(&self) -> u64 {
        self.file.as_ref().map_or(0, |file| file.bytes)
    }

    /// Writes the segment to a new file in `directory`. `number` only makes names sort by age.
    pub(super) fn write(&mut self, directory: &Path, number: usize) -> io::Result<()> {
        let written = write_new(directory, &format!("{number:06}"), EXTENSION, |out| self.encode(out))?;
        self.file = Some(written);
        Ok(())
    }

    fn encode(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut header = [0; HEADER];
        header[..8].copy_from_slice(&MAGIC);
        header[8..12].copy_from_slice(&VERSION.to_le_bytes());
        header[12..16].copy_from_slice(&(self.dimensions as u32).to_le_bytes());
        header[16..24].copy_from_slice(&(self.hashes.len() as u64).to_le_bytes());
        out.write_all(&header)?;
        for hash in &self.hashes {
            out.write_all(&hash.0)?;
        }
        let hashes = (self.hashes.len() * HASH) as u64;
        out.write_all(&[0; ALIGNMENT as usize][..padding(hashes) as usize])?;
        let mut block = Vec::with_capacity(BLOCK);
        for numbers in self.rows.chunks(BLOCK / 2) {
            block.clear();
            block.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            out.write_all(&block)?;
        }
        Ok(())
    }

    /// Reads a file whole. Fails if it cannot be read, if it is damaged, or if it is not of this kind.
    pub(super) fn read(path: &Path, dimensions: usize) -> Result<Segment, StoreError> {
        let fault = |source: io::Error| match source.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                StoreError::Damaged { path: path.into(), reason: source.to_string() }
            }
            _ => StoreError::Io { path: path.into(), source },
        };
        let mut reader = Reader::open(path).map_err(fault)?;
        let bytes = reader.left() + blake3::OUT_LEN as u64;
        let mut segment = Segment::decode(&mut reader, dimensions).map_err(fault)?;
        reader.finish().map_err(fault)?;
        segment.file = Some(Written { path: path.into(), bytes });
        Ok(segment)
    }

    fn decode(reader: &mut Reader, dimensions: usize) -> io::Result<Segment> {
        if reader.left() < HEADER as u64 {
            return Err(damaged("it is cut short"));
        }
        let mut header = [0; HEADER];
        reader.read_exact(&mut header)?;
        let count = vectors_in(&header, dimensions)?;

        let hashes = count.checked_mul(HASH as u64);
        let rows = count.checked_mul(dimensions as u64 * 2);
        let (Some(hashes), Some(rows)) = (hashes, rows) else { return Err(damaged("its header is not possible")) };
        let expected = hashes.checked_add(padding(hashes)).and_then(|bytes| bytes.checked_add(rows));
        // Before anything is allocated: the header has not been checked yet, the size of the file is real.
        if expected != Some(reader.left()) {
            return Err(damaged(format!("its size does not fit the {count} vectors in its header")));
        }

        let mut segment = Segment::new(dimensions);
        segment.hashes.reserve_exact(count as usize);
        segment.rows.reserve_exact((rows / 2) as usize);
        in_blocks(reader, hashes, |block| {
            let (hashes, _) = block.as_chunks();
            segment.hashes.extend(hashes.iter().map(|&hash| ContentHash(hash)));
        })?;
        in_blocks(reader, padding(hashes), |_| ())?;
        in_blocks(reader, rows, |block| {
            let (numbers, _) = block.as_chunks();
            segment.rows.extend(numbers.iter().map(|&number| f16::from_le_bytes(number)));
        })?;
        Ok(segment)
    }
}

/// Number of vectors, if the header is one of ours and fits the store.
fn vectors_in(header: &[u8; HEADER], dimensions: usize) -> io::Result<u64> {
    let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if header[..8] != MAGIC {
        return Err(damaged("it is not a file of vectors"));
    }
    if number(8) != VERSION {
        return Err(damaged(format!("it has format {}, this program reads format {VERSION}", number(8))));
    }
    if number(12) as usize != dimensions {
        return Err(damaged(format!("its vectors have {} dimensions, not {dimensions}", number(12))));
    }
    Ok(u64::from(number(16)) | u64::from(number(20)) << 32)
}

/// Zero bytes between the hashes and the rows.
fn padding(hashes: u64) -> u64 {
    hashes.next_multiple_of(ALIGNMENT) - hashes
}

fn in_blocks(reader: &mut Reader, bytes: u64, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut block = [0; BLOCK];
    let mut left = bytes;
    while left > 0 {
        let block = &mut block[..left.min(BLOCK as u64) as usize];
        reader.read_exact(block)?;
        take(block);
        left -= block.len() as u64;
    }
    Ok(())
}
