//! Why the data cannot be used as listed.

use std::path::PathBuf;

use pipe_foundation::regular_file::FileError;
use pipe_speech::corpus::split::SplitError;
use thiserror::Error;

use crate::stage::leak_policy::Refused;

/// Why the data cannot be used as listed.
#[derive(Debug, Error, miette::Diagnostic)]
pub enum IngestError {
    /// Training and held-out data overlap.
    #[error("the splits share speakers, groups or audio [{}]: {}", _0.kinds, _0.findings)]
    #[diagnostic(
        code(ingest::leak),
        help(
            "results on held-out data would be worthless. Fix the split or the corpus; `{}` in this stage continues anyway", _0.line
        )
    )]
    Leak(Refused),
    /// The split table cannot be read.
    #[error("cannot read the split table {}: {reason}", path.display())]
    #[diagnostic(code(ingest::split_file), help("the path is relative to the manifest"))]
    SplitFile {
        /// The table.
        path: PathBuf,
        /// Why.
        reason: FileError,
    },
    /// The split table says nothing.
    #[error("the split table {} assigns nobody: it has no lines but those of its columns and comments", path.display())]
    #[diagnostic(
        code(ingest::empty_split_table),
        help(
            "give it a line for each speaker, as runs/<manifest>/<stage>/split.tsv of a run without `split_file` has"
        )
    )]
    EmptySplitTable {
        /// The table.
        path: PathBuf,
    },
    /// The split table is not about these data.
    #[error("{}: {reason}", path.display())]
    #[diagnostic(forward(reason))]
    SplitTableDiffers {
        /// The table.
        path: PathBuf,
        /// What the one has and the other has not.
        reason: SplitError,
    },
    /// The split table is not understood.
    #[error("{}: {reason}", path.display())]
    #[diagnostic(
        code(corpus::split::line),
        help(
            "the first line names the columns: speaker, split, gender, utterances and hours, or utterance, split and speaker, separated by tabs; split is train, validation or test"
        )
    )]
    SplitTable {
        /// The table.
        path: PathBuf,
        /// What is wrong, and in which line.
        reason: SplitError,
    },
    /// What is to be kept together is no column of the corpora.
    #[error("no utterance has the column `{column}` that `groups` names: {nearest}")]
    #[diagnostic(
        code(ingest::group_column),
        help(
            "utterances are grouped by speaker, session, text, recording, or a column that the corpora have"
        )
    )]
    GroupColumn {
        /// The column.
        column: String,
        /// Which columns there are.
        nearest: String,
    },
    /// What is to say the splits is no column of the corpora.
    #[error("no utterance has the column `{column}` that `split` names: {nearest}")]
    #[diagnostic(
        code(ingest::split_column),
        help(
            "`split = {{ column = \"NAME\" }}` takes a column in which the corpora say the split of each utterance"
        )
    )]
    SplitColumn {
        /// The column.
        column: String,
        /// Which columns there are.
        nearest: String,
    },
    /// No value of the column is a split.
    #[error("the column `{column}` that `split` names has no value that is a split: {values}")]
    #[diagnostic(
        code(ingest::no_splits),
        help(
            "expected train (or training), validation (valid, val, dev, devel, development) and test (testing, eval, evaluation), in any case"
        )
    )]
    NoSplits {
        /// The column.
        column: String,
        /// What it has instead.
        values: String,
    },
}
