//! Why a published partition cannot be used.

use std::path::PathBuf;

use pipe_foundation::regular_file::FileError;

/// Why a published partition cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ProtocolError {
    /// A file or folder of it cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    #[diagnostic(
        code(corpus::protocol::unreadable),
        help(
            "check the path, which is relative to the manifest if it stands in one; get the partition from its publisher"
        )
    )]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        reason: FileError,
    },
    /// The folder has no folds.
    #[error("{} has no folds", folder.display())]
    #[diagnostic(
        code(corpus::protocol::no_folds),
        help(
            "expected folders fold_1, fold_2 ... with files *_train_fold_1.jsonl and *_test_fold_1.jsonl, as in EmoBox's data/<dataset>"
        )
    )]
    NoFolds {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder has no such fold.
    #[error("{} has no fold `{fold}`: its folds are {}", folder.display(), folds.join(", "))]
    #[diagnostic(
        code(corpus::protocol::no_such_fold),
        help(
            "let the matrix list them: [matrix] fold = {{ folds_of = \"STAGE\" }}, and `fold = \"${{matrix.fold}}\"` in `split`"
        )
    )]
    NoSuchFold {
        /// The folder.
        folder: PathBuf,
        /// What was asked for.
        fold: String,
        /// Those that there are.
        folds: Vec<String>,
    },
    /// A file that a fold needs is missing, or there are several.
    #[error("{} has {found} files {pattern}", folder.display())]
    #[diagnostic(
        code(corpus::protocol::files),
        help("a fold of EmoBox has one such file")
    )]
    Files {
        /// The folder of the fold.
        folder: PathBuf,
        /// What is looked for.
        pattern: String,
        /// How many there are.
        found: usize,
    },
    /// A table or a list is unusable as a whole.
    #[error("{} {reason}", path.display())]
    #[diagnostic(code(corpus::protocol::table), help("{help}"))]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong, to follow its name.
        reason: String,
        /// What to do.
        help: String,
    },
    /// A line is not understood.
    #[error("{}:{line}: {reason}", path.display())]
    #[diagnostic(code(corpus::protocol::line), help("{expected}"))]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A file is in two splits.
    #[error("{file} is in {first} and in {second}")]
    #[diagnostic(
        code(corpus::protocol::two_splits),
        help("each file belongs to one split: remove it from the others")
    )]
    TwoSplits {
        /// The file.
        file: String,
        /// Its first split.
        first: &'static str,
        /// Another one.
        second: &'static str,
    },
    /// None of its files is among the data.
    #[error("{}", no_match(partition, *files, first))]
    #[diagnostic(
        code(corpus::protocol::no_match),
        help(
            "files are matched by their names, and segments also by start and end: is this the partition of another corpus?"
        )
    )]
    NoMatch {
        /// The partition.
        partition: String,
        /// How many files it has.
        files: usize,
        /// The first of them.
        first: String,
    },
}

fn no_match(partition: &str, files: usize, first: &str) -> String {
    match files {
        0 => format!("{partition} names no files"),
        1 => format!("the only file of {partition}, {first}, is not in the corpora"),
        _ => format!(
            "none of the {files} files of {partition} is in the corpora; the first is {first}"
        ),
    }
}
