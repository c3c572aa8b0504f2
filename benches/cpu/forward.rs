//! The whole forward pass of the built-in bi-encoder, by us and by transformers' BertModel of the same shape.

use skillscope::model::embedder::{Embedder, Role};
use skillscope::model::{Device, Placement, Precision, never};

use crate::{reference, repeat};

/// Tokens of a call: short enough to be quick, long enough that a call's own cost does not count.
const TOKENS: usize = 4096;

pub fn measure(threads: usize, bf16_only: bool) -> anyhow::Result<()> {
    println!(
        "\n| MiniLM forward, tokens/s | ours | torch f32 | torch bf16 | ratio to f32 | to bf16 |\n|---|---|---|---|---|---|"
    );
    for precision in
        [Precision::F32, Precision::Bf16].into_iter().filter(|precision| !bf16_only || *precision == Precision::Bf16)
    {
        let embedder = Embedder::load("builtin", Placement { device: Device::Cpu, precision })?;
        for length in [32, 128, 256, 512] {
            // A word of one piece, so that the text has as many tokens as words and two special ones.
            let text = vec!["word"; length - 2].join(" ");
            let texts = vec![embedder.encode(&text, Role::Raw); TOKENS / length];
            anyhow::ensure!(texts[0].ids.len() == length, "the text has {} tokens", texts[0].ids.len());
            let mut failed = None;
            let [best, _] = repeat(3, || failed = embedder.embed(&texts, &never).err());
            if let Some(error) = failed {
                return Err(error.into());
            }
            let ours = TOKENS as f64 / best.as_secs_f64();
            let theirs = |dtype| -> anyhow::Result<Option<f64>> {
                Ok(reference::forward(length, TOKENS / length, dtype, threads)?.map(|best| TOKENS as f64 / best))
            };
            let f32 = if bf16_only { None } else { theirs("f32")? };
            let bf16 = theirs("bf16")?;
            let number = |speed: Option<f64>| speed.map_or("not measured".into(), |speed| format!("{speed:.0}"));
            let ratio = |speed: Option<f64>| speed.map_or("-".into(), |speed| format!("{:.2}", ours / speed));
            let name = format!("{length} tokens, {}", embedder.placement().precision.label());
            let (to_f32, to_bf16) = (ratio(f32), ratio(bf16));
            println!("| {name} | {ours:.0} | {} | {} | {to_f32} | {to_bf16} |", number(f32), number(bf16));
        }
    }
    Ok(())
}
