//! Whole commands on the built-in pair, by us and by sentence-transformers in bf16 on the same weights and texts:
//! reranking 20 candidates with tokenising, and indexing SkillRouter's development pool.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use skillscope::library::load::Source;
use skillscope::library::{FieldSet, load};
use skillscope::model::{Device, Embedder, Placement, Precision, Reranker, Role, never};

use crate::{reference, repeat};

const CANDIDATES: usize = 20;

pub fn measure(threads: usize) -> anyhow::Result<()> {
    let pool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/benchmarks/skillrouter-dev/easy");
    if !pool.exists() {
        println!("\nwhole commands: not measured, {} is not here", pool.display());
        return Ok(());
    }
    let placement = Placement { device: Device::Cpu, precision: Precision::Bf16 };
    let (embedder, reranker) = (Embedder::load("builtin", placement)?, Reranker::load("builtin", placement)?);
    let library = load(&Source::Paths(vec![pool.clone()]))?;
    let texts: Vec<String> =
        library.skills().iter().map(|skill| embedder.document(skill, FieldSet::Full).text).collect();
    let candidates = library.skills().iter().step_by(library.len() / CANDIDATES).take(CANDIDATES);
    let documents: Vec<String> = candidates.map(|skill| reranker.document(skill, FieldSet::Full).text).collect();
    let request = "Merge the monthly report PDFs of one folder, put a table of contents in front and check every link";

    let first: Vec<_> = texts[..8].iter().map(|text| embedder.encode(text, Role::Document)).collect();
    let work = serde_json::json!({
        "models": Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/models"),
        "dtype": "bf16",
        "embed": texts,
        "embed_tokens": embedder.profile().max_tokens,
        "vectors": embedder.embed(&first, &never)?,
        "query": request,
        "documents": documents,
        "rerank_tokens": reranker.profile().max_tokens,
        "threads": threads,
    });
    let theirs = reference::sentence_transformers(&work)?;

    let mut failed = None;
    let [_, median] = repeat(2, || {
        let pairs: Vec<_> = documents.iter().map(|text| reranker.encode(request, text)).collect();
        failed = reranker.score(&pairs, &never).err();
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    let index = index(&pool)?;
    let row = |name: &str, ours: f64, theirs: Option<f64>| {
        let beside = theirs.map_or("not measured | -".into(), |theirs| format!("{theirs:.3} | {:.2}", theirs / ours));
        println!("| {name} | {ours:.3} | {beside} |");
    };
    println!("\n| whole commands, seconds | ours | sentence-transformers bf16 | ratio |\n|---|---|---|---|");
    row("rerank 20 candidates, with tokenising", median.as_secs_f64(), theirs.as_ref().map(|theirs| theirs.rerank));
    let count = library.len();
    row(&format!("index {count} skills, whole commands"), index, theirs.as_ref().map(|theirs| theirs.index));
    row(&format!("index {count} skills, of theirs only `encode`"), index, theirs.map(|theirs| theirs.embed));
    Ok(())
}

/// Seconds of `skillscope index` from nothing: loading, reading, tokenising, embedding, writing.
fn index(pool: &Path) -> anyhow::Result<f64> {
    let empty = tempfile::tempdir()?;
    let start = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_skillscope"))
        .args(["index", "--dtype", "bf16", "--library"])
        .arg(pool)
        .env("XDG_CACHE_HOME", empty.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    anyhow::ensure!(status.success(), "skillscope index ended with {status}");
    Ok(start.elapsed().as_secs_f64())
}
