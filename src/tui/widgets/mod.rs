//! Pieces every tab draws with. None of them keeps state of its own except a wrapping that has been paid for.

pub mod bar;
pub mod charts;
pub mod head_map;
pub mod heat;
pub mod layer_strip;
pub mod pane;
pub mod pen;
pub mod popup;
pub mod rank_change;
pub mod run_text;
pub mod symbols;
pub mod text;
pub mod window;

pub use bar::score_bar;
pub use head_map::HeadMap;
pub use layer_strip::LayerStrip;
pub use pane::{pane, sentence};
pub use pen::Pen;
pub use rank_change::RankChange;
pub use run_text::{Ink, Page, RunText};
pub use symbols::Symbols;
pub use text::{clip, fit, percent, thousands, width};
pub use window::window;
