//! Why the features of a model cannot be computed by its file alone.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use super::foreign_program::ProgramError;

/// Why the features of a model cannot be computed here.
#[derive(Debug, Error, Diagnostic, PartialEq, Eq)]
pub enum FrontEndError {
    /// The file does not say how its features were made.
    #[error("{} does not say how its features were computed", model.display())]
    #[diagnostic(
        code(front_end::missing),
        help("train the model with a manifest: its file then records the stages before it")
    )]
    Missing {
        /// The model file.
        model: PathBuf,
    },
    /// A stage before training that only a run of its manifest can apply.
    #[error("{} was trained on features that a `{kind}` stage took part in", model.display())]
    #[diagnostic(
        code(front_end::stage),
        help(
            "only a run of its manifest can apply it: use `pipe run` with an evaluate stage instead"
        )
    )]
    Stage {
        /// The model file.
        model: PathBuf,
        /// The stage's kind.
        kind: String,
    },
    /// Silence was trimmed at another rate than that of the features.
    #[error("{} was trained on recordings that were resampled after their silence was trimmed", model.display())]
    #[diagnostic(
        code(front_end::trimmed_before),
        help(
            "train it with `trim` or `vad` behind the last `resample`, or use `pipe run` with an evaluate stage instead"
        )
    )]
    TrimmedBefore {
        /// The model file.
        model: PathBuf,
    },
    /// A program took recordings at whatever rate they had.
    #[error("{} was trained on features of a program that took recordings at their own rates", model.display())]
    #[diagnostic(
        code(front_end::no_rate),
        help(
            "train it with a `resample` stage before the command, so that recordings of any rate become alike"
        )
    )]
    NoRate {
        /// The model file.
        model: PathBuf,
    },
    /// A program computes its features, and cannot be run.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Program(#[from] ProgramError),
    /// A model in ONNX that cannot be had or used.
    #[error("the features of {} cannot be computed: {reason}", model.display())]
    #[diagnostic(
        code(front_end::embedding),
        help(
            "models in ONNX are looked for beside the model, in the current folder, and in a folder `models` in either"
        )
    )]
    Embedding {
        /// The model file.
        model: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The stages in the file make no sense together, or to this version.
    #[error("the features of {} cannot be computed: {reason}", model.display())]
    #[diagnostic(
        code(front_end::parameters),
        help("the file was changed, or written by another version of pipe: train the model again")
    )]
    Parameters {
        /// The model file.
        model: PathBuf,
        /// What is wrong.
        reason: String,
    },
}
