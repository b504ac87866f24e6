//! Analysis of embeddings: linear probes, silhouettes and t-SNE maps of a model's shared layers.
//!
//! Everything here gives the same bits for any number of threads: work is cut by rows and folds, never by threads,
//! and sums are added in one order.

mod distances;
mod error;
mod folds;
mod logistic;
mod points;
mod probe;
mod sample;
mod silhouette;
mod speakers;
mod tsne;

pub use error::EmbeddingError;
pub use logistic::LogisticOptions;
pub use points::Points;
pub use probe::{Labelled, Origin, ProbeOptions, Probed, probe};
pub use sample::stratified;
pub use silhouette::silhouettes;
pub use tsne::{Tsne, TsneMap};

#[cfg(test)]
mod golden;
