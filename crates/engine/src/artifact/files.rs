//! The files that an aggregate step makes.

use pipe_foundation::Digest;
use serde::{Deserialize, Serialize};

/// One file of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path below the result's folder, with `/`.
    pub name: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub bytes: u64,
}

/// The files of a result, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSet {
    /// The files.
    pub files: Vec<FileEntry>,
}

impl FileSet {
    /// The digest of all names and contents.
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        for file in &self.files {
            hasher.update(&(file.name.len() as u64).to_le_bytes());
            hasher.update(file.name.as_bytes());
            hasher.update(&file.digest.0);
        }
        Digest(*hasher.finalize().as_bytes())
    }

    /// The file called `name`.
    pub fn get(&self, name: &str) -> Option<&FileEntry> {
        self.files.iter().find(|file| file.name == name)
    }
}
