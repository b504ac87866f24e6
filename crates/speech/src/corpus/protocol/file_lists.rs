//! A list of files for each split: one path a line.

use std::path::PathBuf;

use pipe_foundation::{Digest, Limit, regular_file};

use crate::corpus::Split;
use crate::corpus::reader::published_text;

use super::{Partition, ProtocolError, PublishedFile};

/// A list and what its files are for.
#[derive(Clone, Debug, PartialEq)]
pub struct FileList {
    /// What they are for.
    pub split: Split,
    /// The list as the manifest names it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Reads lists; blank lines and lines that start with `#` are skipped.
///
/// # Errors
/// [`ProtocolError::Unreadable`], [`ProtocolError::Table`] where it is no text.
pub fn file_lists(lists: &[FileList], file_bytes: Limit) -> Result<Partition, ProtocolError> {
    let mut hasher = blake3::Hasher::new();
    let mut files = Vec::new();
    for list in lists {
        let bytes = regular_file::read(&list.path, file_bytes);
        let bytes = bytes.map_err(|reason| ProtocolError::Unreadable {
            path: list.path.clone(),
            reason,
        })?;
        hasher.update(list.split.name().as_bytes());
        hasher.update(&bytes);
        let text = published_text(&bytes);
        let text = text.map_err(|problem| ProtocolError::Table {
            path: list.path.clone(),
            reason: problem.reason,
            help: problem.help,
        })?;
        let lines = text.lines().map(str::trim);
        let paths = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        files.extend(paths.map(|path| PublishedFile {
            path: path.to_owned(),
            segment_s: None,
            split: list.split,
            key: None,
            label: None,
        }));
    }
    let names: Vec<&str> = lists.iter().map(|list| list.name.as_str()).collect();
    Ok(Partition {
        name: format!("lists {}", names.join(", ")),
        digest: Digest(*hasher.finalize().as_bytes()),
        files,
        has_validation: lists.iter().any(|list| list.split == Split::Validation),
    })
}
