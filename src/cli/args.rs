//! Flags that several commands share. They are global: they may stand before or after the command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::config::{ColorChoice, Layer, ThemeChoice, Word};
use crate::library::FieldSet;
use crate::model::{Device, Precision};
use crate::search::Stage1;

#[derive(Debug, Clone, Default, Args)]
pub struct RouterArgs {
    /// A folder of skills, a .jsonl or .jsonl.gz pool, or a folder of shards (repeatable). Without it, skills are
    /// looked for where agents keep them; if there are none, the demo library opens.
    #[arg(long, value_name = "PATH", global = true)]
    pub library: Vec<PathBuf>,
    /// How the shortlist is made.
    #[arg(long, value_enum, global = true)]
    pub stage1: Option<Stage1Arg>,
    /// Which fields are read: name, nd (name and description), full.
    #[arg(long, value_enum, global = true)]
    pub fields: Option<FieldsArg>,
    /// Length of the shortlist.
    #[arg(long, value_name = "N", global = true, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub depth: Option<u32>,
    /// Bi-encoder: a profile, a local directory, or a hub repository in the local cache.
    #[arg(long, value_name = "X", global = true)]
    pub embedder: Option<String>,
    /// Cross-encoder: a profile, a local directory, a hub repository in the local cache, or "none".
    #[arg(long, value_name = "X", global = true)]
    pub reranker: Option<String>,
    /// Where models run: auto, cpu, cuda, cuda:N or metal.
    #[arg(long, value_name = "D", global = true, value_parser = Device::parse)]
    pub device: Option<Device>,
    /// Number format of the networks: auto (on a processor bf16 if it has units for that, else f32; on a GPU the
    /// published one), f32, bf16 or f16.
    #[arg(long, value_name = "T", global = true, value_parser = Precision::parse)]
    pub dtype: Option<Precision>,
    /// Search vectors through usearch's graph, with its measured recall stated, even below 100,000 skills.
    #[arg(long, global = true)]
    pub approximate: bool,
    /// Keep vectors in memory instead of the cache on disk.
    #[arg(long, global = true)]
    pub no_cache: bool,
}

/// Flags of the interface, for when no command is given.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Interface")]
pub struct InterfaceArgs {
    /// A theme's name, or "auto".
    #[arg(long, value_name = "NAME", value_parser = |name: &str| Ok::<_, String>(ThemeChoice::named(name)))]
    pub theme: Option<ThemeChoice>,
    /// A keymap's name: emacs, vim, or one of your own.
    #[arg(long, value_name = "NAME")]
    pub keymap: Option<String>,
    /// auto, none, 16, 256 or true.
    #[arg(long, value_name = "DEPTH", value_parser = ColorChoice::parse)]
    pub color: Option<ColorChoice>,
    /// Draw frames, marks and arrows with ASCII only.
    #[arg(long)]
    pub ascii: bool,
    /// Leave the mouse to the terminal.
    #[arg(long)]
    pub no_mouse: bool,
}

impl InterfaceArgs {
    /// These flags on top of a layer.
    pub fn over(self, layer: Layer) -> Layer {
        Layer {
            theme: self.theme,
            keymap: self.keymap,
            color: self.color,
            ascii: self.ascii.then_some(true),
            mouse: self.no_mouse.then_some(false),
            ..layer
        }
    }
}

impl RouterArgs {
    /// These flags as the last layer of the configuration.
    pub fn layer(&self) -> Layer {
        Layer {
            stage1: self.stage1.map(Into::into),
            fields: self.fields.map(Into::into),
            depth: self.depth.map(|depth| depth as usize),
            embedder: self.embedder.clone(),
            reranker: self.reranker.clone(),
            device: self.device,
            dtype: self.dtype,
            libraries: Some(self.library.clone()).filter(|paths| !paths.is_empty()),
            ..Layer::default()
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage1Arg {
    Lexical,
    Dense,
    Fused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FieldsArg {
    Name,
    Nd,
    Full,
}

impl From<Stage1Arg> for Stage1 {
    fn from(arg: Stage1Arg) -> Self {
        match arg {
            Stage1Arg::Lexical => Stage1::Lexical,
            Stage1Arg::Dense => Stage1::Dense,
            Stage1Arg::Fused => Stage1::Fused,
        }
    }
}

impl From<FieldsArg> for FieldSet {
    fn from(arg: FieldsArg) -> Self {
        match arg {
            FieldsArg::Name => FieldSet::Name,
            FieldsArg::Nd => FieldSet::NameDescription,
            FieldsArg::Full => FieldSet::Full,
        }
    }
}
