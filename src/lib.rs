//! skillscope: look into agent-skill retrieval.
//!
//! A person types a request; the program shows which skills an agent's router would find, in which order before
//! and after reranking, and why. This crate is the whole program; `main.rs` only parses arguments.
//!
//! The rooms, in layers. A room may use the rooms above it, never those below:
//!
//! | layer | rooms | what they know |
//! |---|---|---|
//! | 1 | [`library`], [`text`] | what a skill is, where it comes from; the text a model reads |
//! | 2 | [`model`], [`index`] | candle (only `model`); BM25, vectors, the cache on disk |
//! | 3 | [`search`] | the two stages, as plain functions |
//! | 4 | [`explain`], [`eval`] | attribution of a score; benchmarks and metrics |
//! | 5 | [`engine`] | the threads: live search, indexing, watching, evaluation |
//! | 6 | [`cli`], [`tui`] | subcommands; the interface (only `tui` knows ratatui) |
//!
//! `config` is read by layers 5 and 6 and handed down as values.

pub mod cli;
pub mod config;
pub mod engine;
pub mod eval;
pub mod explain;
pub mod index;
pub mod library;
pub mod model;
pub mod search;
pub mod text;
pub mod tui;
