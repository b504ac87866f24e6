//! What can be wrong with a synthetic corpus in `corpora.toml`.

use miette::Diagnostic;
use pipe_foundation::{Limit, grouped};
use thiserror::Error;

/// Why a synthetic corpus cannot be listed.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum SyntheticError {
    /// An option that the reader does not know.
    #[error("corpus {corpus}: unknown option `{option}` of the reader `synthetic`")]
    #[diagnostic(
        code(corpus::synthetic::unknown_option),
        help("valid options, nearest first: {valid}")
    )]
    UnknownOption {
        /// The corpus.
        corpus: String,
        /// The option as written.
        option: String,
        /// Valid names, nearest first.
        valid: String,
    },
    /// An option of the wrong type or out of range.
    #[error("corpus {corpus}: option `{option}` cannot be {value}")]
    #[diagnostic(
        code(corpus::synthetic::bad_option),
        help("`{option}` takes {expected}")
    )]
    BadOption {
        /// The corpus.
        corpus: String,
        /// The option.
        option: String,
        /// Its value as JSON.
        value: String,
        /// What is valid.
        expected: String,
    },
    /// A label without an expression.
    #[error("corpus {corpus}: the synthesiser does not know the label `{label}`")]
    #[diagnostic(
        code(corpus::synthetic::unknown_label),
        help("labels of synthetic speech, nearest first: {valid}")
    )]
    UnknownLabel {
        /// The corpus.
        corpus: String,
        /// The label as written.
        label: String,
        /// Valid labels, nearest first.
        valid: String,
    },
    /// It would have more utterances than the limit allows.
    #[error(
        "corpus {corpus} would have {} utterances; the limit `{}` is {}",
        grouped(*utterances), limit.name, grouped(limit.most)
    )]
    #[diagnostic(
        code(manifest::limit),
        help("if this is meant, {}", limit.advice(*utterances))
    )]
    TooMany {
        /// The corpus.
        corpus: String,
        /// How many utterances.
        utterances: u64,
        /// The limit.
        limit: Limit,
    },
    /// The label map names no label, or the same one twice.
    #[error("corpus {corpus}: {problem}")]
    #[diagnostic(
        code(corpus::synthetic::labels),
        help(
            "list each label once under positive, neutral, negative or dropped in [corpus.{corpus}.labels]"
        )
    )]
    Labels {
        /// The corpus.
        corpus: String,
        /// What is wrong.
        problem: String,
    },
}

impl SyntheticError {
    /// `corpus` would have so many utterances.
    pub(super) fn too_many(corpus: &str, utterances: u64, limit: Limit) -> Self {
        Self::TooMany {
            corpus: corpus.to_owned(),
            utterances,
            limit,
        }
    }
}
