//! Models that others have trained, in ONNX: what a file takes and gives, the runtimes that execute it, and what it makes of
//! a waveform or of features.
//!
//! It knows nothing of pipelines, corpora or training.

mod added_fields;
mod axes;
mod constants;
mod default_attributes;
mod device;
mod embedder;
mod embedder_options;
mod error;
mod external_data;
mod giant_tensors;
mod internal_outputs;
mod loaded_model;
mod model;
mod model_graph;
mod named_nodes;
mod onnx_fields;
mod names;
mod onnx_runtime;
mod plain_graph;
mod pooling;
mod processor;
mod protobuf_reader;
mod protobuf_values;
mod reachable;
mod rten_runtime;
mod runtime;
mod signature;
mod signature_file;
mod tensor;
mod usage;
mod windows;

pub use axes::Axis;
pub use device::Device;
pub use embedder::Embedder;
pub use embedder_options::{Constant, EmbedderOptions, Recording};
pub use error::{EmbedError, ModelError};
pub use model::Model;
pub use model_graph::{ModelGraph, ModelGraphError};
pub use plain_graph::{PlainAttribute, PlainGraph, PlainNode, PlainTensor};
pub use pooling::Pooling;
pub use processor::vector_instructions;
pub use runtime::Runtime;
pub use signature::{Dimension, Element, Signature, ValueSignature};
pub use signature_file::SignatureError;
pub use tensor::{InputTensor, TensorValues};
pub use usage::Usage;
pub use windows::Window;
