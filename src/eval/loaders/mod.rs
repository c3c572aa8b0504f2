//! One file per layout that benchmarks come in.

pub(super) mod queries;
pub(super) mod r3;
pub(super) mod skillret;
pub(super) mod skillrouter;
pub(super) mod source;
