//! What comes of a recording: a prediction, or why there is none.

use std::path::PathBuf;

use miette::Diagnostic;
use pipe_inference::EmbedError;
use pipe_speech::audio::AudioError;
use pipe_speech::dsp::{FbankError, ResampleError};
use thiserror::Error;

/// The prediction of a recording, or of one window of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The recording.
    pub path: PathBuf,
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds.
    pub end_s: f64,
    /// Number of the class with the highest probability; none where the model has no classes.
    pub predicted: Option<usize>,
    /// Probability of each class, in the order of the model's classes.
    pub probabilities: Vec<f32>,
    /// One number for each of the model's numeric targets, in their units.
    pub numbers: Vec<f64>,
    /// Every sample has the same value: there is nothing to hear.
    pub silent: bool,
}

/// Why a recording has no prediction.
#[derive(Debug, Error, Diagnostic)]
pub enum FailureReason {
    /// It cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Audio(#[from] AudioError),
    /// Its rate cannot be converted.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Rate(#[from] ResampleError),
    /// It is too long to be computed as one.
    #[error("it lasts {lasts_s:.1} s, more than the {most_s:.1} s that are predicted as one")]
    #[diagnostic(
        code(predict::too_long),
        help("predict it by windows, such as --window-s 3, or raise --max-duration-s")
    )]
    TooLong {
        /// Length in seconds.
        lasts_s: f64,
        /// The limit in seconds.
        most_s: f64,
    },
    /// It is too short for one frame of features.
    #[error("it lasts {lasts_ms:.1} ms, too short for one frame of {needed_ms:.1} ms")]
    #[diagnostic(
        code(predict::too_short),
        help("so short a recording carries no emotion: leave it out")
    )]
    TooShort {
        /// Length in milliseconds.
        lasts_ms: f64,
        /// Length of the shortest recording in milliseconds.
        needed_ms: f64,
    },
    /// It has no features.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Features(FbankError),
    /// A model in ONNX makes no features of it.
    #[error(transparent)]
    #[diagnostic(
        code(predict::embedding),
        help(
            "the model in ONNX that computes its features does not take this recording: leave it out, or predict it by windows"
        )
    )]
    Embedding(#[from] EmbedError),
    /// A model in ONNX that its runtime cannot execute.
    #[error("{}: {error}", model.display())]
    #[diagnostic(
        code(predict::runtime),
        help("the runtime is that of the embed stage in training: train with the other one")
    )]
    Model {
        /// The file of the model in ONNX.
        model: PathBuf,
        /// Why not.
        error: EmbedError,
    },
    /// The program that computes its features does not.
    #[error("{0}")]
    #[diagnostic(
        code(predict::program),
        help(
            "the program that computes its features failed on this recording, or cannot work here at all"
        )
    )]
    Program(String),
    /// Its features are others than those of training.
    #[error("it has {found} features a frame, but the model was trained on {wanted}")]
    #[diagnostic(
        code(predict::bins),
        help("what computes its features is another program or model than in training")
    )]
    OtherFeatures {
        /// Features of a frame.
        found: usize,
        /// Those in training.
        wanted: usize,
    },
    /// Its features are normalised over recordings that have to be read twice.
    #[error(
        "its features are normalised over all recordings of a group, which standard input is no part of"
    )]
    #[diagnostic(
        code(predict::normalised_over),
        help("give it as a file: standard input can be read only once")
    )]
    NotSeenBefore,
    /// Nothing comes through standard input.
    #[error("standard input is empty (0 bytes)")]
    #[diagnostic(
        code(predict::standard_input_empty),
        help("what should write a recording into it has failed, or has written to a file")
    )]
    StdinEmpty,
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    #[diagnostic(code(predict::standard_input))]
    Stdin(#[source] std::io::Error),
    /// The model gives numbers that are not probabilities.
    #[error("the model gives no probabilities")]
    #[diagnostic(
        code(predict::not_finite),
        help("the model has diverged; check its history.jsonl")
    )]
    NotFinite,
}

/// A recording without prediction.
#[derive(Debug)]
pub struct Failure {
    /// The recording.
    pub path: PathBuf,
    /// Why.
    pub reason: FailureReason,
}

/// What came of a recording or window.
#[derive(Debug)]
pub enum Outcome {
    /// It was predicted.
    Predicted(Row),
    /// It could not be.
    Failed(Failure),
}

impl FailureReason {
    /// Why samples at a rate have no features.
    pub(super) fn without_features(error: FbankError, rate_hz: u32) -> Self {
        let ms = |samples: usize| 1000.0 * samples as f64 / f64::from(rate_hz);
        match error {
            FbankError::TooShort { samples, needed } => Self::TooShort {
                lasts_ms: ms(samples),
                needed_ms: ms(needed),
            },
            other => Self::Features(other),
        }
    }
}
