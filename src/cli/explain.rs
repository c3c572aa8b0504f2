//! `skillscope explain`: why a pair got its score, and why stage 1 found the skill.

mod corpus;
mod look;
mod print;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::ValueEnum;

use crate::explain::calibration::CONTENT_FREE;
use crate::explain::erasure::{self, Pair, Relist, Rivals, Run, attention_shares};
use crate::explain::look::Captures;
use crate::explain::{
    Attribution, Compared, Contrast, DenseView, Explanation, Grain, Lens, LexicalView, Manner, Retrieval, attribute,
    calibrate, contrast, html,
};
use crate::library::{SkillIx, Text};
use crate::model::{Capture, never};
use crate::search::{Pipeline, QueryId, Reranking, Shortlist, Stage1};

use super::{Outcome, RouterArgs, named, prepare};
use look::LookArgs;

/// What stands for the skill at rank 1 in `--contrast`.
const TOP: &str = "top";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The request.
    #[arg(required_unless_present = "benchmark")]
    request: Option<String>,
    /// Id of the skill, as `search` prints it.
    #[arg(required_unless_present = "benchmark")]
    skill: Option<String>,
    /// Take these away piece by piece and score again (several with commas).
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    erase: Vec<GrainArg>,
    /// How a piece is taken away (several with commas).
    #[arg(long, value_enum, value_name = "HOW", value_delimiter = ',', default_value = "deletion")]
    by: Vec<MannerArg>,
    /// Compare with another skill: its id, or "top" for the one at rank 1 (rank 2, if that is the skill itself).
    #[arg(long, value_name = "ID")]
    contrast: Option<String>,
    /// Say why stage 1 found the skill: BM25 by term and field, and the sentences nearest to the request.
    #[arg(long)]
    retrieval: bool,
    /// Write everything to one page that can be passed on.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    look: LookArgs,
    /// Instead of one pair: field shares over a benchmark (a folder, or a known name such as demo).
    #[arg(long, value_name = "DIR", conflicts_with_all = ["request", "erase", "contrast", "retrieval", "html", "LookArgs"])]
    benchmark: Option<PathBuf>,
    /// Only the first N requests of the benchmark.
    #[arg(long, value_name = "N", requires = "benchmark")]
    limit: Option<usize>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GrainArg {
    Fields,
    Sections,
    Sentences,
    Lines,
    /// The 64 words with the most attention.
    Words,
    /// Sentences of the request: our reconstruction of SkillRet's query-sentence erasure.
    Request,
}

impl From<GrainArg> for Grain {
    fn from(arg: GrainArg) -> Self {
        match arg {
            GrainArg::Fields => Grain::Fields,
            GrainArg::Sections => Grain::Sections,
            GrainArg::Sentences => Grain::Sentences,
            GrainArg::Lines => Grain::Lines,
            GrainArg::Words => Grain::Words,
            GrainArg::Request => Grain::Request,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MannerArg {
    /// Deleted, as an author would.
    Deletion,
    /// Each word replaced by "…".
    Neutral,
}

impl From<MannerArg> for Manner {
    fn from(arg: MannerArg) -> Self {
        match arg {
            MannerArg::Deletion => Manner::Deletion,
            MannerArg::Neutral => Manner::Neutral,
        }
    }
}

pub fn run(args: Args, router: &RouterArgs) -> anyhow::Result<Outcome> {
    let mut options = prepare::Options::resolve(router)?;
    if let Some(benchmark) = &args.benchmark {
        return corpus::run(benchmark, args.limit, args.json, &options, router);
    }
    let (Some(request), Some(id)) = (&args.request, &args.skill) else { bail!("a request and a skill are needed") };
    // One pair needs no shortlist, so no vectors.
    let wants_list = args.retrieval || !args.erase.is_empty() || args.contrast.as_deref() == Some(TOP);
    if !wants_list {
        options.settings.stage1 = Stage1::Lexical;
    }
    let pipeline = options.pipeline()?;
    pipeline.reranker.as_ref().context("nothing to explain without a reranker: leave out --reranker none")?;
    let skill = named::skill(&pipeline.library, id)?;
    let subject = Subject { options: &options, pipeline: &pipeline, request, skill };
    let list = wants_list.then(|| subject.list()).transpose()?;
    let explanation = subject.explain(&args, list.as_ref())?;

    if let Some(path) = &args.html {
        std::fs::write(path, html::page(&explanation)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &explanation.to_json())?;
        writeln!(out)?;
    } else {
        print::explanation(&mut out, &explanation)?;
    }
    Ok(Outcome::Done)
}

/// What is explained.
struct Subject<'a> {
    options: &'a prepare::Options,
    pipeline: &'a Pipeline,
    request: &'a str,
    skill: SkillIx,
}

/// Where it stands among the others.
struct List {
    shortlist: Arc<Shortlist>,
    reranking: Option<Reranking>,
}

impl Subject<'_> {
    fn list(&self) -> anyhow::Result<List> {
        let request: Arc<str> = self.request.into();
        let settings = self.options.settings;
        let shortlist = self.pipeline.stage1(QueryId::default(), &request, settings, Some(self.skill), true)?;
        let shortlist = Arc::new(shortlist);
        let rerank = || self.pipeline.rerank(&shortlist, &never, &mut |_| {});
        let reranking = settings.rerank.then(rerank).transpose()?;
        Ok(List { shortlist, reranking })
    }

    fn capture(&self, request: &str) -> anyhow::Result<Capture> {
        Ok(self.pipeline.capture(request, self.options.settings.fields, self.skill, &never)?)
    }

    fn explain(&self, args: &Args, list: Option<&List>) -> anyhow::Result<Explanation> {
        let own = self.capture(self.request)?;
        let reranker = self.pipeline.reranker.as_ref();
        let from_request = reranker.map(|reranker| reranker.from_request(&own, &never)).transpose()?.flatten();
        let captures = Captures { own, from_request, content_free: self.capture(CONTENT_FREE)? };
        let heads = args.look.heads(&captures.own.attention)?;
        let attribution = attribute(&captures.own, heads.clone());
        let free = attribute(&captures.content_free, heads.clone());
        let skill = &self.pipeline.library[self.skill];
        Ok(Explanation {
            request: Text::line(self.request),
            id: skill.id.clone(),
            name: skill.name.clone(),
            profile: self.options.profile_json(self.pipeline),
            from_request: captures.from_request.as_ref().map(|capture| attribute(capture, heads.clone())),
            calibrated: calibrate(&attribution, &free),
            look: args.look.look(&captures, &heads)?,
            erasures: self.erasures(args, list, &captures.own, &attribution)?,
            contrast: args.contrast.as_deref().map(|id| self.contrast(id, list)).transpose()?,
            retrieval: args.retrieval.then(|| self.retrieval(list)).transpose()?,
            attribution,
        })
    }

    fn erasures(
        &self,
        args: &Args,
        list: Option<&List>,
        capture: &Capture,
        attribution: &Attribution,
    ) -> anyhow::Result<Vec<Compared>> {
        let Some(reranker) = &self.pipeline.reranker else { return Ok(Vec::new()) };
        let pair = Pair::new(self.request, &self.pipeline.library[self.skill], self.options.settings.fields);
        let rivals = list.and_then(|list| Some(Rivals::of(list.reranking.as_ref()?, self.skill)));
        let mut all = Vec::new();
        for grain in args.erase.iter().map(|&grain| Grain::from(grain)) {
            for &manner in &args.by {
                let run = Run::new(reranker, pair.clone(), rivals.clone(), grain, manner.into())
                    .with_embedder(self.pipeline.embedder().cloned())
                    .with_lists(list.map(|_| self.relist()));
                let bar = prepare::progress_bar("erasing", run.report().progress().1);
                let courtesy = &*self.pipeline.courtesy;
                let erased = erasure::erase(reranker, run, courtesy, &never, &mut |erased| {
                    let (done, steps) = erased.progress();
                    bar.set_length(steps as u64);
                    bar.set_position(done as u64);
                })?;
                bar.finish_and_clear();
                let shares =
                    (grain != Grain::Request).then(|| attention_shares(capture, attribution, &pair, &erased.units));
                let agreement = shares.as_ref().map(|shares| erasure::agreement(shares, &erased));
                all.push(Compared { erased, shares, agreement });
            }
        }
        Ok(all)
    }

    /// The list of an edited request is made as that of the whole one.
    fn relist(&self) -> Relist {
        Relist::new(self.pipeline.clone(), self.options.settings, self.skill, true)
    }

    fn contrast(&self, id: &str, list: Option<&List>) -> anyhow::Result<Contrast> {
        let other = match (id, list) {
            (TOP, Some(list)) => {
                let ranked: Vec<SkillIx> = match &list.reranking {
                    Some(reranking) => reranking.rows.iter().map(|row| row.skill).collect(),
                    None => list.shortlist.hits.iter().map(|hit| hit.skill).collect(),
                };
                let first = ranked.into_iter().find(|&skill| skill != self.skill);
                first.context("--contrast top: no other skill was found for this request")?
            }
            _ => named::skill(&self.pipeline.library, id)?,
        };
        Ok(contrast(self.pipeline, self.request, self.options.settings, [self.skill, other], Lens::default(), &never)?)
    }

    fn retrieval(&self, list: Option<&List>) -> anyhow::Result<Retrieval> {
        let (fields, skill) = (self.options.settings.fields, &self.pipeline.library[self.skill]);
        let embedder = self.pipeline.embedder();
        let dense =
            embedder.map(|embedder| DenseView::new(embedder, self.request, skill, fields, &never)).transpose()?;
        Ok(Retrieval {
            lexical: LexicalView::new(self.pipeline, self.request, self.options.settings, self.skill),
            dense,
            standing: list.and_then(|list| list.shortlist.pinned),
        })
    }
}
