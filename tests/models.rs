//! The networks against outside references: Hugging Face's numbers (`../shared/models/expected.json` and
//! `fixtures/qwen3`), candle's own BERT on random weights, and files that are damaged.

#[path = "models/damage.rs"]
mod damage;
#[path = "models/fixture.rs"]
mod fixture;
#[path = "models/parity.rs"]
mod parity;
#[cfg(feature = "builtin-models")]
#[path = "models/precision.rs"]
mod precision;
#[path = "models/qwen3.rs"]
mod qwen3;
#[path = "models/reference.rs"]
mod reference;
#[cfg(feature = "builtin-models")]
#[path = "models/speed.rs"]
mod speed;
