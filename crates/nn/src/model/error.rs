//! What can be wrong with a network, its input or its file.

use std::path::PathBuf;

use miette::Diagnostic;
use pipe_foundation::ThreadError;
use thiserror::Error;

use super::device::DeviceError;

/// An error of the network.
#[derive(Debug, Error, Diagnostic)]
pub enum ModelError {
    /// A layer of the encoder does not fit.
    #[error("encoder layer {index}: {reason}")]
    #[diagnostic(
        code(model::layer),
        help(
            "layers are counted from 0; docs/layers.md says how they fit together, and `pipe schema train` lists their keys"
        )
    )]
    Layer {
        /// Position in the list, from 0.
        index: usize,
        /// What is wrong.
        reason: String,
    },
    /// The encoder as a whole lacks something.
    #[error("encoder: {0}")]
    #[diagnostic(
        code(model::encoder),
        help(
            "one layer pools over time, such as {{ layer = \"time_pool\", how = \"mean\" }}: see docs/layers.md"
        )
    )]
    Encoder(String),
    /// A layer of the encoder has no kernels for CUDA devices.
    #[error("encoder layer {index}: {kind} is not available on a CUDA device yet")]
    #[diagnostic(
        code(model::no_kernels),
        help("use --device cpu; docs/layers.md lists the layers that run on a CUDA device")
    )]
    NoKernels {
        /// Position in the list, from 0.
        index: usize,
        /// Its kind.
        kind: &'static str,
    },
    /// There is nothing to distinguish.
    #[error("a network needs two classes or more, but there are {0}")]
    #[diagnostic(code(model::classes))]
    Classes(usize),
    /// The attribute heads do not fit together.
    #[error("heads: {0}")]
    #[diagnostic(code(model::heads))]
    Heads(String),
    /// Features do not have the width that the network was made for.
    #[error("features have {found} bins, but the network expects {expected}")]
    #[diagnostic(
        code(model::bins),
        help("extract the features with the options that the network was trained with")
    )]
    Bins {
        /// Bins of the features.
        found: usize,
        /// Bins of the network.
        expected: usize,
    },
    /// A matrix of features does not hold what it says.
    #[error("features claim {frames} frames of {bins} bins but have {values} values")]
    #[diagnostic(code(model::features))]
    Features {
        /// Claimed frames.
        frames: usize,
        /// Claimed bins.
        bins: usize,
        /// Values present.
        values: usize,
    },
    /// The work was stopped before its end.
    #[error("stopped before the end")]
    #[diagnostic(code(model::stopped))]
    Stopped,
    /// The tensor library refused an operation.
    #[error("tensor operation failed: {0}")]
    #[diagnostic(code(model::tensor))]
    Tensor(String),
    /// No thread pool could be made.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Threads(#[from] ThreadError),
    /// A model file cannot be read or written.
    #[error("cannot {action} model {}", path.display())]
    #[diagnostic(code(model::io))]
    Io {
        /// "read" or "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file is not a model, or is damaged.
    #[error("{} is not a usable model: {reason}", path.display())]
    #[diagnostic(
        code(model::file),
        help("train the model again, or copy the file from its original location")
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The device cannot be used, or failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Device(#[from] DeviceError),
}

impl ModelError {
    /// As [`DeviceError::is_of_the_device`].
    pub fn is_of_the_device(&self) -> bool {
        matches!(self, Self::Device(error) if error.is_of_the_device())
    }
}

impl From<dfdx::tensor::CpuError> for ModelError {
    fn from(error: dfdx::tensor::CpuError) -> Self {
        Self::Tensor(error.to_string())
    }
}
