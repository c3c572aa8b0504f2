//! What transformers are made of, apart from any one of them: products and row-wise passes on plain slices.

pub mod linear;
pub mod matrix;
pub mod rows;
