//! Training on a CUDA device: several models in lockstep, as hand-written operations on dfdx's tape.
//!
//! Models that share network, data and order take each step together: their values are side by side in a
//! `StackedParameters`, products are strided batches, and every kernel runs over all models at once. The encoder is one
//! operation of the tape; heads, losses and reversal are others. Nothing is summed by atomic additions, and no order of
//! additions depends on how many models there are (`algorithms`), so the same seed gives the same bits on one card,
//! with one build and version of cuBLAS, whichever models train together.
//!
//! The host runs ahead of the device: what it writes goes through pinned memory (`ring`), and a batch through a stream
//! of its own (`feed`), so that it is copied while the step before computes. It waits where it reads something back, and
//! where it is a few batches ahead.

mod algorithms;
mod arrays;
mod card;
mod ceilings;
mod chain;
mod compiler;
mod corpus;
mod demand;
mod devices;
mod encoder;
mod event;
mod failure;
mod feed;
mod group;
mod kernels;
mod libraries;
mod long_product;
mod memory;
mod packing;
mod pinned;
mod pointer;
mod pool;
mod products;
mod ring;
mod shares;
mod sizes;
mod spread;
mod stacked_heads;
mod stacked_parameters;
mod stacked_targets;
mod tables;
mod tape;
mod timeline;

pub use card::Card;
pub use ceilings::Ceilings;
pub use corpus::Corpus;
pub use devices::device_name;
pub use dfdx::tensor::CudaError;
pub use group::{Group, GroupBatch, ModelStep};
pub use packing::{Blended, Masked};
pub use timeline::Timed;

pub(crate) use devices::count_devices;
pub(crate) use group::predict;
pub(crate) use kernels::{Argument, arguments};
pub(crate) use libraries::check_computing;
pub(crate) use long_product::{
    add_product_over_frames, add_product_over_phases, values_of, values_of_parts,
};
pub(crate) use memory::Memory;
pub(crate) use packing::Packed;
pub(crate) use pointer::{Pointer, after};
pub(crate) use products::{Matrix, Phased};
pub(crate) use shares::{even_share, parts};
pub(crate) use sizes::Sizes;
pub(crate) use tables::{Frames, Spacing, Steps, Tables};
pub(crate) use tape::{Gradients, Handle, Tape, Value};

#[cfg(test)]
mod tests;
