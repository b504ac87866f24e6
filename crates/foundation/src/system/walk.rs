//! Everything below a folder.

use std::io::{Error, Result};
use std::path::{Path, PathBuf};

use super::{Entry, Kind, System};

/// Something below a folder, or where one could not be read.
pub type Walked = std::result::Result<Entry, (PathBuf, Error)>;

/// Goes through everything below a path, in the order of the names, each folder before what is in it. Links are not
/// followed.
pub struct Walk<'s> {
    system: &'s dyn System,
    /// What is still to be gone through, the next last.
    open: Vec<Walked>,
}

impl<'s> Walk<'s> {
    /// Goes through `path` itself and everything below it.
    pub fn new(system: &'s dyn System, path: &Path) -> Self {
        let entry = |path: &Path| -> Result<Entry> {
            Ok(Entry {
                kind: system.link_metadata(path)?.kind,
                path: path.to_path_buf(),
            })
        };
        let first = entry(path).map_err(|error| (path.to_path_buf(), error));
        Self {
            system,
            open: vec![first],
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Walked;

    fn next(&mut self) -> Option<Walked> {
        let next = self.open.pop()?;
        if let Ok(entry) = &next
            && entry.kind == Kind::Folder
        {
            match self.system.entries(&entry.path) {
                Ok(mut entries) => {
                    entries.sort_unstable_by(|a, b| b.path.cmp(&a.path));
                    self.open.extend(entries.into_iter().map(Ok));
                }
                Err(error) => self.open.push(Err((entry.path.clone(), error))),
            }
        }
        Some(next)
    }
}
