//! What can be wrong with predictions and their counts.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// Why predictions cannot be read, written or counted.
#[derive(Debug, Error, Diagnostic)]
pub enum EvalError {
    /// A class beyond the matrix.
    #[error("class {class} does not exist; there are {classes} classes")]
    #[diagnostic(code(eval::no_such_class), help("classes are numbered from 0"))]
    NoSuchClass {
        /// The class.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A confusion matrix with rows of another length than its height.
    #[error("confusion matrix of {rows} rows has {columns} columns in row {row}")]
    #[diagnostic(code(eval::not_square), help("give one count per class in every row"))]
    NotSquare {
        /// Number of rows.
        rows: usize,
        /// The first wrong row, counted from 0.
        row: usize,
        /// Its number of columns.
        columns: usize,
    },
    /// The same utterance twice.
    #[error("utterance {utterance} is predicted twice")]
    #[diagnostic(
        code(eval::duplicate),
        help("keep one prediction per utterance, or evaluate the tables separately")
    )]
    Duplicate {
        /// The utterance.
        utterance: String,
    },
    /// A probability that is not a finite number.
    #[error("utterance {utterance} has probabilities that are not finite: {probabilities:?}")]
    #[diagnostic(
        code(eval::not_finite),
        help("probabilities must be finite; the model that made them has probably diverged")
    )]
    NotFinite {
        /// The utterance.
        utterance: String,
        /// What the model predicted.
        probabilities: Vec<f32>,
    },
    /// More or fewer probabilities than classes.
    #[error("utterance {utterance} has {found} probabilities for {classes} classes")]
    #[diagnostic(
        code(eval::probability_count),
        help("give one probability per class, in the order of the classes")
    )]
    ProbabilityCount {
        /// The utterance.
        utterance: String,
        /// Number of its probabilities.
        found: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A file cannot be opened, read or written.
    #[error("cannot {action} predictions {}", path.display())]
    #[diagnostic(
        code(eval::file),
        help("check that the folder exists and the file is accessible")
    )]
    File {
        /// "read" or "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// There is no fold whose results could be put together.
    #[error("there are no folds to put together")]
    #[diagnostic(
        code(eval::no_folds),
        help("give the report the evaluations of all folds")
    )]
    NoFolds,
    /// Folds have different classes.
    #[error(
        "the folds have different classes: {}; and {}",
        first.join(", "),
        other.join(", ")
    )]
    #[diagnostic(
        code(eval::fold_classes),
        help(
            "give every fold the same `classes`; with \"native\" a corpus left out may have others"
        )
    )]
    FoldClasses {
        /// Those of the first fold.
        first: Vec<String>,
        /// Those of another one.
        other: Vec<String>,
    },
    /// The table is not a table of predictions.
    #[error("predictions {}: line {line}: {problem}", path.display())]
    #[diagnostic(
        code(eval::table),
        help("a table of predictions has the columns {columns}")
    )]
    Table {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: u64,
        /// What is wrong.
        problem: String,
        /// The columns that it should have.
        columns: String,
    },
}
