//! Partitions as others publish them: which files are for training, which for validation, which for testing.
//!
//! | form | read by |
//! |---|---|
//! | the folds of EmoBox (Ma et al. 2024, arXiv 2406.07162): JSON lines for each fold | [`emobox`] |
//! | plain lists, one file name a line | [`file_lists`] |
//! | a table with the columns `file` and `split`, as audformat has them, and `start` and `end` where segments have splits | [`split_table`] |
//!
//! Tables and lists are read as the tables of corpora are, whatever their encoding and separator.
//!
//! Published paths start anywhere, so files are matched by their names ([`PartitionMatch`]).

mod emobox;
mod error;
mod file_lists;
mod matching;
mod split_table;

use pipe_foundation::Digest;

use super::Split;

pub use emobox::{emobox, emobox_folds};
pub use error::ProtocolError;
pub use file_lists::{FileList, file_lists};
pub use matching::{PartitionMatch, match_files, match_paths};
pub use split_table::split_table;

/// A published partition.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// Its name for people, such as `EmoBox emodb, fold 2`.
    pub name: String,
    /// The digest of all files that it was read from.
    pub digest: Digest,
    /// What it assigns, in the order in which it is written.
    pub files: Vec<PublishedFile>,
    /// Whether it says itself what validation is.
    pub has_validation: bool,
}

/// One file of a partition.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedFile {
    /// Its path as it is published.
    pub path: String,
    /// Start and end in seconds of the part of it that is meant, the end infinite where it is the file's; none for all of
    /// it.
    pub segment_s: Option<(f64, f64)>,
    /// Where it belongs.
    pub split: Split,
    /// The key that the publisher's programs know it by; none where there are only paths.
    pub key: Option<String>,
    /// Its label as published; none where there are only paths.
    pub label: Option<String>,
}

impl PublishedFile {
    /// Its path, and the part of it that is meant.
    pub fn name(&self) -> String {
        match self.segment_s {
            None => self.path.clone(),
            Some((start_s, end_s)) if end_s.is_finite() => {
                format!("{} ({start_s} s to {end_s} s)", self.path)
            }
            Some((start_s, _)) => format!("{} (from {start_s} s)", self.path),
        }
    }
}
