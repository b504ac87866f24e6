//! Why a model cannot be written as ONNX.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// Why a model cannot be written as ONNX.
#[derive(Debug, Error, Diagnostic, PartialEq, Eq)]
pub enum OnnxError {
    /// The front end adds noise that no ONNX operator makes.
    #[error("the model's features are dithered, which an ONNX graph cannot reproduce")]
    #[diagnostic(
        code(onnx::dither),
        help("export it with --input features, or train with dither = 0")
    )]
    Dither,
    /// Something that is not built in takes part in the features.
    #[error(
        "the graph cannot contain all that computes the model's features: {} would stay outside",
        outside.join(", ")
    )]
    #[diagnostic(
        code(onnx::features),
        help("export it with --input features: the graph then takes what these give")
    )]
    OtherFeatures {
        /// What takes part in them.
        outside: Vec<String>,
    },
    /// A model of others that computes the features cannot be part of the graph.
    #[error("the model in ONNX {} cannot be part of the graph: {reason}", file.display())]
    #[diagnostic(
        code(onnx::model),
        help("export it with --input features: the graph then takes what that model gives")
    )]
    Model {
        /// Its file.
        file: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Recordings do not stand alone.
    #[error(
        "the model's features are normalised over all recordings of the same {attribute}, of which the graph sees one"
    )]
    #[diagnostic(
        code(onnx::normalised_over),
        help(
            "export it with --input features: the graph then takes features that are normalised in this way"
        )
    )]
    NormalisedOver {
        /// The attribute.
        attribute: String,
    },
    /// The Fourier transform as a matrix would be out of proportion.
    #[error(
        "frames of {frame_length} samples are too long for a graph that contains the front end"
    )]
    #[diagnostic(
        code(onnx::frame_length),
        help("export it with --input features, or train with shorter frames")
    )]
    LongFrames {
        /// Samples of a frame.
        frame_length: usize,
    },
    /// Protocol buffers end at 2 GiB.
    #[error("the graph would take {bytes} bytes, more than an ONNX file can hold")]
    #[diagnostic(
        code(onnx::size),
        help("export it with --input features, or train a smaller network")
    )]
    Size {
        /// Bytes of the file.
        bytes: usize,
    },
}
