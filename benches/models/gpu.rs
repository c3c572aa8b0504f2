//! The whole pipeline on a GPU: embed a request, search 80,000 vectors, rerank 20.

use std::path::Path;
use std::time::{Duration, Instant};

use skillscope::model::forward::Output;
use skillscope::model::qwen3::{Qwen3, Setup};
use skillscope::model::{Device, Placement, Precision, never};
use skillscope::text::Encoding;

use crate::checkpoint::{HIDDEN, Random};
use crate::work::{Model, Work};

/// As many as SkillRouter's pool has (papers.md section 2.1).
const POOL: usize = 80_000;
const REQUESTS: usize = 50;

pub fn measure(model: &Model, directory: &Path) -> anyhow::Result<()> {
    if let Err(error) = Device::Cuda(0).resolve() {
        println!("\nGPU: not measured ({error}).");
        return Ok(());
    }
    // Two networks, as in use: one embeds, one reranks.
    let setup = Setup::from(Placement { device: Device::Cuda(0), precision: Precision::Bf16 });
    let (embedder, reranker) = (model.load(setup)?, model.load(setup)?);
    let mut random = Random(11);
    let pool = pool(&mut random);
    let requests: Vec<(Encoding, Work)> = (0..REQUESTS)
        .map(|_| {
            let ids = random.ids(200);
            (Encoding { ids, ..Encoding::default() }, Work::of(&mut random))
        })
        .collect();
    answer(&embedder, &reranker, &pool, &requests[0])?;
    let mut times = Vec::new();
    for request in &requests {
        let start = Instant::now();
        answer(&embedder, &reranker, &pool, request)?;
        times.push(start.elapsed());
    }
    times.sort();
    let total: Duration = times.iter().sum();
    println!(
        "\nGPU, bf16: embed 200 tokens, search {POOL} vectors, rerank 20 of 900: p50 {:.1} ms, p95 {:.1} ms, \
         {:.2} queries/s (n = {REQUESTS}); SkillRouter's authors: 495.8 ms and 1.83 queries/s.",
        times[REQUESTS / 2].as_secs_f64() * 1e3,
        times[REQUESTS * 95 / 100].as_secs_f64() * 1e3,
        REQUESTS as f64 / total.as_secs_f64(),
    );
    theirs(directory, &requests[0].1)
}

/// Random vectors of the embedder's size.
fn pool(random: &mut Random) -> Vec<f32> {
    let ids = random.ids(POOL * HIDDEN);
    ids.into_iter().map(|id| id as f32 / 20_000.0 - 0.5).collect()
}

/// All three steps; what they give is random and thrown away.
fn answer(embedder: &Qwen3, reranker: &Qwen3, pool: &[f32], request: &(Encoding, Work)) -> anyhow::Result<()> {
    use rayon::prelude::*;
    let query = embedder.forward(&[&request.0], Output::Last, false, &never)?.values;
    let dot = |vector: &[f32]| vector.iter().zip(&query).map(|(a, b)| a * b).sum::<f32>();
    let mut scores: Vec<(f32, usize)> =
        pool.par_chunks_exact(HIDDEN).enumerate().map(|(index, vector)| (dot(vector), index)).collect();
    scores.select_nth_unstable_by(20, |a, b| b.0.total_cmp(&a.0));
    let candidates: Vec<&Encoding> = request.1.candidates.iter().collect();
    reranker.forward(&candidates, Output::Last, false, &never)?;
    Ok(())
}

/// transformers' reranking alone, all twenty at once.
fn theirs(directory: &Path, work: &Work) -> anyhow::Result<()> {
    let Ok(python) = std::env::var("SKILLSCOPE_PYTHON") else {
        println!("transformers on the GPU: not measured (set SKILLSCOPE_PYTHON).");
        return Ok(());
    };
    let file = tempfile::NamedTempFile::new()?;
    let ids: Vec<&[u32]> = work.candidates.iter().map(|candidate| &candidate.ids[..]).collect();
    let asked = serde_json::json!({
        "model": directory, "dtype": "bf16", "threads": 1, "batch": 20, "repeats": 20, "ids": ids, "states": null,
        "device": "cuda",
    });
    serde_json::to_writer(&file, &asked)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/models/reference.py");
    let output = std::process::Command::new(python).arg(script).arg(file.path()).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    println!("transformers, reranking 20 alone: best {:.1} ms.", answer["best"].as_f64().unwrap_or(f64::NAN) * 1e3);
    Ok(())
}
