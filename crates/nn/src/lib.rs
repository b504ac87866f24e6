//! Neural networks on features over time: tensors on dfdx's tape, layers, heads, optimisers, CUDA devices, and the
//! training loop.
//!
//! It reads no corpora and knows no pipelines: features are frames of numbers, classes and labels come as data.
//!
//! | module | what |
//! |---|---|
//! | [`onnx`] | ONNX graphs as plain data |
//! | [`layers`] | the kinds of layers, a folder each, and their registry |
//! | [`model`] | tape operations, encoder, heads, losses, model file, device |
//! | [`train`] | the training loop, its options and its files |

pub mod layers;
pub mod model;
pub mod onnx;
pub mod train;
