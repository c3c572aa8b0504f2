//! The networks against outside references: Hugging Face's numbers (`../shared/models/expected.json` and
//! `fixtures/qwen3`), candle's own BERT on random weights, and files that are damaged.

#[cfg(feature = "builtin-models")]
#[path = "models/builtin.rs"]
mod builtin;
#[path = "models/damage.rs"]
mod damage;
#[path = "models/encoders.rs"]
mod encoders;
#[path = "models/fixture.rs"]
mod fixture;
#[path = "models/parity.rs"]
mod parity;
#[cfg(feature = "builtin-models")]
#[path = "models/precision.rs"]
mod precision;
#[path = "models/profiles.rs"]
mod profiles;
#[path = "models/qwen3.rs"]
mod qwen3;
#[path = "models/qwen3_texts.rs"]
mod qwen3_texts;
#[path = "models/reference.rs"]
mod reference;
#[path = "models/refusals.rs"]
mod refusals;
#[cfg(feature = "builtin-models")]
#[path = "models/speed.rs"]
mod speed;
