//! Neural networks on features over time: tensors on dfdx's tape, layers, heads, optimisers, CUDA devices, and the
//! training loop.
//!
//! It knows nothing of speech, corpora or pipelines: features are frames of numbers.
//!
//! | module | what |
//! |---|---|
//! | [`model`] | tape operations, encoder, heads, losses, model file, device |
//! | [`train`] | the training loop, its options and its files |

pub mod model;
pub mod train;
