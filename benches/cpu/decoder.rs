//! The forward pass of Qwen3 of the 0.6B shape, by us and by transformers on the same random weights.

#[path = "../models/checkpoint.rs"]
mod checkpoint;

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;
use skillscope::model::forward::Output;
use skillscope::model::qwen3::{Config, Qwen3, Setup};
use skillscope::model::weights::{Bytes, Weights};
use skillscope::model::{Device, Placement, Precision, never};
use skillscope::text::Encoding;

use crate::{reference, repeat};

/// Of 28: layers are alike, and both sides compute these whole.
const LAYERS: usize = 4;
/// Tokens of a call: four whole pieces of 512.
const TOKENS: usize = 2048;

pub fn measure(threads: usize) -> anyhow::Result<()> {
    let directory = checkpoint::write(LAYERS)?;
    let network = open(&directory)?;
    println!("\n| Qwen3-0.6B, {LAYERS} layers, tokens/s | ours | torch bf16 | ratio |\n|---|---|---|---|");
    for length in [128, 512] {
        let mut random = checkpoint::Random(length as u64);
        let texts: Vec<Encoding> = (0..TOKENS / length).map(|_| text(random.ids(length))).collect();
        let texts: Vec<&Encoding> = texts.iter().collect();
        let mut failed = None;
        // All rows of the last layer too, as transformers gives them.
        let [best, _] = repeat(3, || failed = network.forward(&texts, Output::Tokens, false, &never).err());
        if let Some(error) = failed {
            return Err(error.into());
        }
        let ours = TOKENS as f64 / best.as_secs_f64();
        let beside = reference::decoder(&directory, [TOKENS / length, length], threads)?.map_or(
            "not measured | -".into(),
            |best| {
                let theirs = TOKENS as f64 / best;
                format!("{theirs:.0} | {:.2}", ours / theirs)
            },
        );
        println!("| {length} tokens, bf16 | {ours:.0} | {beside} |");
    }
    Ok(())
}

fn open(directory: &Path) -> anyhow::Result<Qwen3> {
    let path = directory.join("config.json");
    let config = Config::parse(&std::fs::read(&path)?, &path.display().to_string())?;
    let path = directory.join("model.safetensors");
    // SAFETY: this program wrote the file and nobody changes it while it runs.
    let bytes = Bytes::Mapped(unsafe { Mmap::map(&File::open(&path)?)? });
    let setup = Setup::from(Placement { device: Device::Cpu, precision: Precision::Bf16 });
    Ok(Qwen3::load(&Weights::parse(&[(path.display().to_string(), bytes)])?, config, setup)?)
}

fn text(ids: Vec<u32>) -> Encoding {
    Encoding { ids, ..Encoding::default() }
}
