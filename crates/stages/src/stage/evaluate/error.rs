//! Why a model cannot be tested.

use thiserror::Error;

use crate::stage::output::Unwritten;

/// Why a model cannot be tested.
#[derive(Debug, Error, miette::Diagnostic)]
pub enum EvaluateError {
    /// The splits are empty.
    #[error("there is nothing to test on: the splits {splits} have no utterances")]
    #[diagnostic(
        code(evaluate::empty),
        help("check `split` of the ingest stage and `splits` of this one")
    )]
    Empty { splits: String },
    /// A file of the model is missing.
    #[error("the model has no {name}")]
    #[diagnostic(code(evaluate::model))]
    Model { name: &'static str },
    /// An utterance is of a class that the model lacks.
    #[error("the model has no class `{class}`, the class of {utterance}")]
    #[diagnostic(
        code(evaluate::no_class),
        help(
            "test it on utterances of the classes that it was trained on: give both ingest stages the same `classes`"
        )
    )]
    NoClass { class: String, utterance: String },
    /// The model gives no number.
    #[error("the model gives no probability for {utterance}")]
    #[diagnostic(
        code(evaluate::not_finite),
        help("the model has diverged; check its history.jsonl")
    )]
    NotFinite { utterance: String },
    /// A file cannot be written, or read.
    #[error("cannot write {name}: {reason}")]
    #[diagnostic(code(evaluate::output))]
    Output { name: &'static str, reason: String },
}

impl From<Unwritten> for EvaluateError {
    fn from(Unwritten { name, reason }: Unwritten) -> Self {
        Self::Output { name, reason }
    }
}
