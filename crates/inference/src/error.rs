//! What keeps a model from being used.

use miette::Diagnostic;
use pipe_foundation::progress::Interrupted;
use thiserror::Error;

/// What to do where the built-in runtime lacks something.
pub const OTHER_RUNTIME: &str = "; if rten lacks something here, set runtime = \"onnxruntime\"";

/// A model that cannot be used at all.
#[derive(Clone, Debug, Error, Diagnostic, PartialEq, Eq)]
pub enum ModelError {
    /// The file is something else.
    #[error("it is not an ONNX model")]
    #[diagnostic(
        code(embed::not_onnx),
        help("export the model to ONNX; a file of git-lfs or git-annex has to be fetched first")
    )]
    NotOnnx,
    /// Some of its tensors are in another file, whose content nothing would notice.
    #[error("its tensor `{tensor}` is not in it, but in the file {location} beside it")]
    #[diagnostic(
        code(embed::external_data),
        help(
            "put all tensors into the model, so that its file is all of it: in Python, onnx.save(onnx.load(\"MODEL.onnx\"), \"WHOLE.onnx\"), and name that file"
        )
    )]
    ExternalData {
        /// The first such tensor.
        tensor: String,
        /// The file, as the model names it.
        location: String,
    },
    /// A name that it does not have.
    #[error("it has no {role} called `{name}`; it has {known}")]
    #[diagnostic(code(embed::name), help("use one of these names"))]
    NoSuchValue {
        /// `input` or `output`.
        role: &'static str,
        /// The name.
        name: String,
        /// All names.
        known: String,
    },
    /// It has several inputs, and what goes into them is not clear.
    #[error("its {inputs} need values")]
    #[diagnostic(
        code(embed::inputs),
        help(
            "`model_input` names the one that takes the waveform or the features; `constants` has values for the others, such as {{ sr = 16000 }}"
        )
    )]
    Inputs {
        /// Inputs without a value.
        inputs: String,
    },
    /// Something that does not go together.
    #[error("{0}")]
    #[diagnostic(code(embed::shape))]
    Shape(String),
    /// The runtime does not take it.
    #[error("{runtime} cannot load it: {reason}")]
    #[diagnostic(code(embed::load), help("another `runtime` may be able to"))]
    Load {
        /// The runtime.
        runtime: &'static str,
        /// What it says.
        reason: String,
    },
    /// The runtime panicked.
    #[error("{runtime} failed within itself while it loaded the model ({reason})")]
    #[diagnostic(code(embed::panic), help("{advice}"))]
    Panic {
        /// The runtime.
        runtime: &'static str,
        /// What it says, for its authors.
        reason: String,
        /// Which other runtime may do.
        advice: &'static str,
    },
    /// It names sizes out of all proportion.
    #[error(
        "its operator {operator} makes `{output}` with {values} values, more than the 67108864 of a tensor that are allowed"
    )]
    #[diagnostic(code(embed::giant), help("the file is damaged, or not what it seems"))]
    Giant {
        /// The operator.
        operator: String,
        /// What it makes.
        output: String,
        /// How many values.
        values: String,
    },
    /// ONNX Runtime has nothing that executes models on a CUDA device.
    #[error("ONNX Runtime {version} cannot execute models on a CUDA device: {reason}")]
    #[diagnostic(
        code(embed::no_cuda),
        help(
            "name the shared library of a build with CUDA in the environment variable ORT_DYLIB_PATH, with libonnxruntime_providers_cuda.so beside it and the libraries of CUDA and cuDNN where the system finds them (the Python package onnxruntime-gpu has both files in its folder capi); or set device = \"cpu\" for this stage, or leave `runtime` out"
        )
    )]
    NoCuda {
        /// The build of the library.
        version: String,
        /// Why not.
        reason: String,
    },
    /// ONNX Runtime is not there.
    #[error("ONNX Runtime cannot be opened: {reason}")]
    #[diagnostic(
        code(embed::onnx_runtime),
        help(
            "install its shared library (version 1.18 or newer; the Python package onnxruntime has one in its folder capi), and name the file in the environment variable ORT_DYLIB_PATH; or leave `runtime` out"
        )
    )]
    NoOnnxRuntime {
        /// Why.
        reason: String,
    },
}

/// What keeps a recording from being embedded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EmbedError {
    /// It is too short.
    #[error("it has {found}, fewer than the {needed} of a window")]
    TooShort {
        /// Samples or frames that are there.
        found: usize,
        /// Those that are needed.
        needed: usize,
    },
    /// The runtime fails on it.
    #[error("{runtime} fails: {reason}")]
    Run {
        /// The runtime.
        runtime: &'static str,
        /// What it says.
        reason: String,
    },
    /// The runtime panicked.
    #[error("{runtime} failed within itself on this model ({reason}): {advice}")]
    Panic {
        /// The runtime.
        runtime: &'static str,
        /// What it says, for its authors.
        reason: String,
        /// Which other runtime may do.
        advice: &'static str,
    },
    /// The model gives something that is no matrix of features.
    #[error("{0}")]
    Output(String),
    /// The user has asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}
