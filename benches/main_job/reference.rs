//! The same work by sentence-transformers on the same weights, in the same run.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use skillscope::library::{FieldSet, Library};
use skillscope::model::{Embedder, Reranker, Role, never};
use skillscope::search::Shortlist;

use crate::Throughput;
use crate::report::Report;

pub fn compare(
    library: &Library,
    shortlist: &Arc<Shortlist>,
    embedder: &Embedder,
    reranker: &Reranker,
    ours: &Throughput,
    report: &mut Report,
) -> anyhow::Result<()> {
    let Ok(python) = std::env::var("SKILLSCOPE_PYTHON") else {
        report.note("sentence-transformers: not measured in this run (set SKILLSCOPE_PYTHON).".into());
        return Ok(());
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents: Vec<String> =
        shortlist.hits.iter().map(|hit| reranker.document(&library[hit.skill], FieldSet::Full).text).collect();
    let first: Vec<_> = ours.texts[..8].iter().map(|text| embedder.encode(text, Role::Document)).collect();
    let work = tempfile::NamedTempFile::new()?;
    serde_json::to_writer(
        &work,
        &serde_json::json!({
            "models": root.join("assets/models"),
            "embed": ours.texts,
            "embed_tokens": embedder.profile().max_tokens,
            "vectors": embedder.embed(&first, &never)?,
            "query": shortlist.request.as_ref(),
            "documents": documents,
            "rerank_tokens": reranker.profile().max_tokens,
            "threads": std::thread::available_parallelism()?.get(),
        }),
    )?;
    let output = Command::new(python).arg(root.join("benches/main_job/reference.py")).arg(work.path()).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let number = |key: &str| theirs[key].as_f64().unwrap_or(f64::NAN);

    let their_rate = number("embed_tokens") / number("embed_seconds");
    let our_rate = ours.tokens as f64 / ours.elapsed.as_secs_f64();
    report.text(
        "embedding against sentence-transformers, same texts",
        format!("{our_rate:.0} against {their_rate:.0} tokens/s: {:.2} times", our_rate / their_rate),
        None,
    );
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let pairs: Vec<_> = documents.iter().map(|text| reranker.encode(&shortlist.request, text)).collect();
            let scored = reranker.score(&pairs, &never);
            scored.map(|_| start.elapsed().as_secs_f64() * 1e3)
        })
        .collect::<Result<_, _>>()?;
    times.sort_by(f64::total_cmp);
    let (ours_ms, theirs_ms) = (times[2], number("rerank_ms"));
    report.text(
        "rerank 20 pairs against CrossEncoder, tokenising included",
        format!("{ours_ms:.0} against {theirs_ms:.0} ms: {:.2} times as fast", theirs_ms / ours_ms),
        None,
    );
    report.note(format!("Reference: {}.", theirs["version"].as_str().unwrap_or("unknown")));
    Ok(())
}
