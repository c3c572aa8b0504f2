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
    /// Token ids the network read.
    ids: Vec<u32>,
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let options = prepare::Options::resolve(router)?;
    let embedder = options.embedder()?;
    let role = match args.role {
        RoleArg::Query => Role::Query,
        RoleArg::Document => Role::Document,
        RoleArg::Raw => Role::Raw,
    };
    jsonl::each_line(|input: Input| {
        let encoding = embedder.encode(&input.text, role);
        let mut vectors = embedder.embed(std::slice::from_ref(&encoding), &never)?;
        let embedding = vectors.pop().context("the model gave no vector")?;
        Ok(Output { embedding, ids: encoding.ids })
    })
}
