//! Why a pair got its score: what can be read from attention, what erasure says to it, and why stage 1 found the skill.

pub mod attribution;
pub mod calibration;
pub mod contrast;
pub mod corpus;
pub mod erasure;
pub mod heads;
pub mod html;
mod json;
pub mod look;
mod markdown;
pub mod reading;
pub mod report;
pub mod spans;
pub mod stage1;
mod words;

pub use attribution::{Attribution, Band, FieldShare, Lens, Removed, Word, attribute};
pub use calibration::{Calibrated, calibrate};
pub use contrast::{Contrast, contrast};
pub use erasure::{Agreement, Erased, Grain, Manner};
pub use heads::{HeadGrid, HeadSet, Heads, Target};
pub use look::Look;
pub use reading::Reading;
pub use report::{Compared, Explanation, Retrieval};
pub use spans::{Span, SpanKind, spans};
pub use stage1::{DenseView, LexicalView};

#[cfg(test)]
mod tests;
