//! A report laid out for Markdown and the terminal: a file a section, and which sections there are.

pub(crate) mod audit;
mod compared;
mod compose;
pub(crate) mod confusions;
mod detail;
pub(crate) mod folds;
pub(crate) mod labels;
mod models;
mod partitions;
mod per_test;
mod probes;
mod summary;
pub(crate) mod targets;
mod training;

pub(crate) use compose::{document, folds_alone};
pub(crate) use detail::Detail;
