//! The Cox partial likelihood: the mathematics, the notation, the references.

pub mod data;
