//! How `explain` looks at attention: the reading, which heads, in which pieces. The same choices as in the interface.

use anyhow::{Context, bail, ensure};
use clap::ValueEnum;

use crate::explain::look::{Captures, Look};
use crate::explain::{Band, HeadSet, Heads, Lens, Reading, SpanKind};
use crate::model::Attention;

#[derive(Debug, clap::Args)]
pub struct LookArgs {
    /// From where attention is read, for the grid of heads and for --units.
    #[arg(long, value_enum, value_name = "READING", default_value = "plain")]
    reading: ReadingArg,
    /// Layers to average: early, middle, late, all, or the number of one.
    #[arg(long, value_name = "LAYERS", value_parser = band, default_value = "middle")]
    band: Band,
    /// Only this head of those layers, counted from 1.
    #[arg(long, value_name = "N")]
    head: Option<usize>,
    /// Average these heads and no others: layer.head, both counted from 1 (several with commas).
    #[arg(long, value_name = "L.H", value_delimiter = ',', value_parser = layer_and_head, conflicts_with_all = ["band", "head"])]
    heads: Vec<(usize, usize)>,
    /// Also give the document in these pieces, each with its share of attention.
    #[arg(long, value_enum, value_name = "PIECES")]
    units: Option<UnitsArg>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReadingArg {
    /// The scored position's.
    Plain,
    /// The request's words'; not of a causal reranker.
    Request,
    /// The scored position's over that for an empty request.
    Calibrated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum UnitsArg {
    Words,
    Tokens,
    Lines,
    Sections,
}

impl From<UnitsArg> for SpanKind {
    fn from(arg: UnitsArg) -> Self {
        match arg {
            UnitsArg::Words => SpanKind::Word,
            UnitsArg::Tokens => SpanKind::Token,
            UnitsArg::Lines => SpanKind::Line,
            UnitsArg::Sections => SpanKind::Section,
        }
    }
}

impl LookArgs {
    /// What is averaged, in a network that has these heads.
    pub fn heads(&self, attention: &Attention) -> anyhow::Result<Heads> {
        let Attention { layers, heads, .. } = *attention;
        let has = |layer: usize, head: usize| {
            let words = "this reranker has";
            ensure!(layer < layers, "no layer {}: {words} {layers} layers", layer + 1);
            ensure!(head < heads, "no head {}: {words} {heads} heads in each layer", head + 1);
            Ok(())
        };
        if !self.heads.is_empty() {
            self.heads.iter().try_for_each(|&(layer, head)| has(layer, head))?;
            return Ok(Heads::Marked(self.heads.iter().copied().collect::<HeadSet>()));
        }
        let head = self.head.map(|head| head.checked_sub(1).context("--head counts from 1")).transpose()?;
        let layer = if let Band::One(layer) = self.band { layer } else { 0 };
        has(layer, head.unwrap_or(0))?;
        Ok(Heads::Lens(Lens { band: self.band, head }))
    }

    pub fn look(&self, captures: &Captures, heads: &Heads) -> anyhow::Result<Look> {
        let reading = match self.reading {
            ReadingArg::Plain => Reading::Scored,
            ReadingArg::Request => Reading::Request,
            ReadingArg::Calibrated => Reading::Calibrated,
        };
        let Some(look) = captures.look(reading, heads, self.units.map(SpanKind::from)) else {
            bail!(
                "a causal reranker's request stands before the document and cannot look at it: --reading plain or calibrated"
            )
        };
        Ok(look)
    }
}

fn band(text: &str) -> Result<Band, String> {
    let named = [Band::Early, Band::Middle, Band::Late, Band::All].into_iter().find(|band| band.key() == text);
    let layer = || text.parse::<usize>().ok()?.checked_sub(1).map(Band::One);
    named.or_else(layer).ok_or_else(|| "early, middle, late, all, or the number of a layer from 1".to_owned())
}

fn layer_and_head(text: &str) -> Result<(usize, usize), String> {
    let number = |text: &str| text.parse::<usize>().ok()?.checked_sub(1);
    let both = text.split_once('.').and_then(|(layer, head)| Some((number(layer)?, number(head)?)));
    both.ok_or_else(|| "layer.head, both from 1, as in 3.5".to_owned())
}
