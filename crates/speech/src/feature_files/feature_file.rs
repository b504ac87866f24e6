//! What every file of features gives.

use std::ffi::OsStr;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use pipe_foundation::Features;

use super::error::FeatureFileError;

/// Which part of a recording, in seconds from its start; all of it where there is none.
pub type Part = Option<(f64, f64)>;

/// How a file of features is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureFileOptions {
    /// A text file with a name on each line, for an array without names.
    pub names: Option<PathBuf>,
    /// The column of a table that names recordings; one of the usual ones without it.
    pub name_column: Option<String>,
    /// The columns of a table that are features; without them all that hold numbers, but for those that are known to be
    /// labels, times or names.
    pub columns: Option<Vec<String>>,
}

/// A file or folder of features by name, of which no more is held than where each is, and what a table says of its
/// columns.
pub trait FeatureFile: Debug + Send + Sync {
    /// Names of what has features, as the file writes them.
    fn names(&self) -> &[String];

    /// Whether it is known from when to when the features of the name at `index` are, so that those of a part of the
    /// recording can be told.
    fn has_times(&self, _index: usize) -> bool {
        false
    }

    /// The features `[frames, values]` of the name at `index`, or of a part of it where they have times.
    ///
    /// # Errors
    /// What cannot be read, or has other dimensions, or values that are not finite.
    fn read(&self, index: usize, part: Part) -> Result<Features, FeatureFileError>;

    /// What should be known of how the file was understood, such as columns that are left out.
    fn notices(&self) -> &[String] {
        &[]
    }
}

/// The extension of a path in lower case; empty where it has none.
pub fn extension(path: &Path) -> String {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.unwrap_or_default().to_ascii_lowercase()
}
