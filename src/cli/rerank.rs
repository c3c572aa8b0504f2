//! `skillscope rerank`: scores of pairs, so that any cross-encoder can be checked from outside.

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::model::{Attention, never};
use crate::text::Document;

use super::{Outcome, RouterArgs, jsonl, prepare};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also write the attention of the scored position: [layer][head][position].
    #[arg(long)]
    attention: bool,
    /// Accepted for uniformity: the output is always JSON lines.
    #[arg(long)]
    json: bool,
}

/// Either a finished document, read at the network's own limit, or the fields of a skill, read as the profile reads
/// them in a search.
#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Pair {
        query: String,
        document: String,
    },
    Skill {
        query: String,
        #[serde(default)]
        name: String,
        #[serde(default)]
        description: String,
        #[serde(default)]
        body: String,
    },
}

#[derive(Serialize)]
struct Output {
    /// Raw score: a logit for a cross-encoder with one output.
    score: f32,
    ids: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attention: Option<Vec<Vec<Vec<f32>>>>,
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let options = prepare::Options::resolve(router)?;
    let reranker = options.reranker()?.context("--reranker none scores nothing: name a profile or a directory")?;
    jsonl::each_line(|input: Input| {
        let (document, encoding) = match &input {
            Input::Pair { query, document } => {
                (Document::plain(document.as_str()), reranker.encode_raw(query, document))
            }
            Input::Skill { query, name, description, body } => {
                let parts = [name.as_str(), description, body];
                let document = reranker.document_of_parts(parts);
                let encoding = reranker.encode(query, &document.text);
                (document, encoding)
            }
        };
        if args.attention {
            let capture = reranker.capture(document, encoding, &never)?;
            let attention = Some(nested(&capture.attention));
            return Ok(Output { score: capture.score, ids: capture.encoding.ids, attention });
        }
        let mut scores = reranker.score(std::slice::from_ref(&encoding), &never)?;
        let score = scores.pop().context("the model gave no score")?;
        Ok(Output { score, ids: encoding.ids, attention: None })
    })
}

fn nested(attention: &Attention) -> Vec<Vec<Vec<f32>>> {
    (0..attention.layers)
        .map(|layer| (0..attention.heads).map(|head| attention.row(layer, head).to_vec()).collect())
        .collect()
}
