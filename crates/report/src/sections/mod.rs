//! A report laid out for Markdown and the terminal: a file a section, and which sections there are.

mod compose;
pub(crate) mod confusions;
mod detail;
pub(crate) mod folds;
mod models;
mod per_test;
mod probes;
mod summary;
mod training;

pub(crate) use compose::{document, folds_alone};
pub(crate) use detail::Detail;
