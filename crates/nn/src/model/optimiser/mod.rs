//! How gradients move values: optimisers, a file each, and [`OPTIMISERS`], their list.
//!
//! A file has the name of the optimiser, its documentation, its keys in the manifest with defaults ([`OptimiserKind`]), and
//! how it moves values ([`kind::Rule`]). Everything else asks [`OPTIMISERS`]: manifests, `pipe schema`, the training, model
//! files, CUDA devices. Every rule is computed value by value from IEEE basic operations, so its bits depend on nothing but
//! its input.

mod adam;
mod adamw;
mod block;
mod chosen;
mod kind;
mod moments;
mod registry;
mod rmsprop;
mod sgd;
mod squares;
mod update;

pub use chosen::Optimiser;
pub use kind::OptimiserKind;
pub(super) use moments::Moments;
pub use registry::{OPTIMISER_KEYS, OPTIMISERS};
pub(super) use squares::{sum_of_squares, sum_of_squares_on};
pub(super) use update::Step;
pub use update::Update;

#[cfg(test)]
mod tests;
