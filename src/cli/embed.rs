//! `skillscope embed`: vectors of texts, so that any bi-encoder can be checked from outside.

use anyhow::Context;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::model::{Role, never};

use super::{Outcome, RouterArgs, jsonl, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// How the text is used: with the profile's prefix and limit for queries or documents, or raw at the network's
    /// own limit.
    #[arg(long = "as", value_enum, default_value = "raw")]
    role: RoleArg,
    /// Accepted for uniformity: the output is always JSON lines.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleArg {
    Query,
    Document,
    Raw,
}

#[derive(Deserialize)]
struct Input {
    text: String,
}

#[derive(Serialize)]
struct Output {
    /// Unit vector.
    embedding: Vec<f32>,
    /// Token ids the network read, of a query in parts one part after the other.
    ids: Vec<u32>,
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let options = prepare::Options::resolve(router)?;
    let embedder = options.embedder()?;
    jsonl::each_line(|Input { text }: Input| {
        let read = match args.role {
            RoleArg::Query => embedder.encode_query(&text),
            RoleArg::Document => vec![embedder.encode(&text, Role::Document)],
            RoleArg::Raw => vec![embedder.encode(&text, Role::Raw)],
        };
        let ids = read.iter().flat_map(|part| part.ids.clone()).collect();
        let embedding = embedder.embed_parts(&[read], &never)?.pop().context("the model gave no vector")?;
        Ok(Output { embedding, ids })
    })
}
