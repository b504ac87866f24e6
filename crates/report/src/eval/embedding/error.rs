//! Why an embedding cannot be analysed.

use miette::Diagnostic;
use pipe_foundation::ThreadError;
use thiserror::Error;

/// What is wrong with points or options.
#[derive(Debug, Error, Diagnostic)]
pub enum EmbeddingError {
    /// More neighbours asked for than there are.
    #[error(
        "perplexity {perplexity} is too large for {points} utterances; the maximum is {largest:.1}"
    )]
    #[diagnostic(
        code(tsne::perplexity),
        help(
            "lower `perplexity` or use more utterances; the maximum is a third of the other utterances"
        )
    )]
    Perplexity {
        /// What was asked for.
        perplexity: f64,
        /// How many points there are.
        points: usize,
        /// The most that fits.
        largest: f64,
    },
    /// The work was stopped before its end.
    #[error("interrupted")]
    #[diagnostic(code(run::interrupted))]
    Stopped,
    /// The threads did not start.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Threads(#[from] ThreadError),
}
