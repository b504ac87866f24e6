//! The kinds of layers of the encoder: a folder each, and [`REGISTERED`], their list.
//!
//! # A kind of layer
//!
//! | what | where in the folder |
//! |---|---|
//! | name, documentation, keys in the manifest with defaults | `KIND`, a [`Kind`] |
//! | the keys as a type, which sizes fit, what a model card says | [`Options`] |
//! | arrays, first values, memory, ONNX nodes | [`SizedLayer`] |
//! | the processor's version | [`FrameLayer`], or [`RecurrentLayer`] where states go from frame to frame |
//! | the reference of its tests | `naive.rs` |
//! | the version of CUDA devices, a `DeviceLayer` | `cuda_kernel.rs` and a `.cu` file that `KIND` includes |
//!
//! Everything else asks [`REGISTERED`]: manifests, `pipe schema`, the encoder, model files, cards, exports. The versions of
//! CUDA devices are listed in `device_registry.rs`. Encoders with a layer whose `KIND` has no kernels are refused on a
//! CUDA device before anything is trained.
//!
//! # How an encoder runs
//!
//! Sizes are worked out once ([`Options::sized`]), then each layer is called once a batch and share, never for a single
//! frame. [`FrameLayer`]s run on at most eight shares of a batch, each on a thread of its own, and every utterance has
//! the same bits whatever the others are. A layer that depends on all frames of a batch, such as `batch_norm`, gets the whole
//! batch as one share. [`RecurrentLayer`]s run on groups of sequences, each direction a task. Once the
//! frames of an utterance have become one vector, the whole batch is one share with a frame for each utterance.
//!
//! A CUDA device runs every layer over all utterances of a batch and all models of a group at once.

mod attention_pool;
mod batch_norm;
pub mod conv;
mod dropout;
mod gru;
mod layer_norm;
pub mod linear;
pub mod lstm;
mod residual_conv;
mod statistics_pool;
pub mod time_pool;
mod transformer;
mod weighted_sum;

mod activation;
mod affine;
#[cfg(feature = "cuda")]
mod affine_kernel;
mod arrays;
mod cost;
#[cfg(feature = "cuda")]
mod device_registry;
mod first_values;
mod frame_layer;
mod kind;
mod layer;
#[cfg(feature = "cuda")]
mod on_device;
#[cfg(feature = "cuda")]
mod recurrence_kernel;
mod recurrent_layer;
mod registry;
pub(crate) mod seeds;
mod sized;
mod slot;
mod spaced;
mod steps;
mod sums;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use affine::transposed;
pub use arrays::{Array, ArrayShape, Order};
pub use cost::{Copies, Cost};
#[cfg(feature = "cuda")]
pub(crate) use device_registry::device_layer;
pub use first_values::{FirstValues, Initialisation};
pub use frame_layer::{AnyFrameLayer, FrameLayer, Gradients, Share};
pub use kind::{Before, Kind, Options, Place};
pub use layer::Layer;
#[cfg(feature = "cuda")]
pub(crate) use on_device::{
    AnyDeviceLayer, Demand, DeviceArrays, DeviceFrames, DeviceRun, DeviceScope, Held, Laid,
    Measured,
};
pub use recurrent_layer::{AnyRecurrentLayer, RecurrentLayer, Walk};
pub use registry::REGISTERED;
pub use sized::{Run, SizedLayer};
pub use slot::{Slot, Slots};
pub use spaced::SpacedFrames;
pub use steps::Steps;
