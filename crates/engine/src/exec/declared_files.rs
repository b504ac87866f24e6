//! Files outside the cache that a stage declares: their content is in its key, and checked again around its work.

use std::path::PathBuf;

use miette::Diagnostic;
use pipe_foundation::Digest;
use thiserror::Error;

use crate::artifact::FingerprintInputs;
use crate::cache::StatCache;
use crate::stage::{DeclaredFile, DeclaredFolder};

/// Why a declared file keeps a step from being made.
#[derive(Clone, Debug, Error, Diagnostic)]
pub enum DeclaredFileError {
    /// It cannot be read.
    #[error("cannot read {}, which the step depends on: {reason}", path.display())]
    #[diagnostic(
        code(files::unreadable),
        help("restore the file, or remove it from the stage's `files`")
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A folder or pattern stands for other files than the ones in the key.
    #[error(
        "{} was added or removed while the step ran, so its result was discarded; run again",
        path.display()
    )]
    #[diagnostic(
        code(files::changed),
        help(
            "a folder or pattern in the stage's `files` stands for it; programs must write to {{out}}, not among their own files"
        )
    )]
    Listed {
        /// The file.
        path: PathBuf,
    },
    /// It has another content than the one in the key.
    #[error("{} changed while the step ran, so its result was discarded; run again", path.display())]
    #[diagnostic(
        code(files::changed),
        help(
            "the next run executes the step with the file as it is then; items made before the change are kept"
        )
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// The declared files of a stage, with the contents that its key names.
#[derive(Clone, Debug, Default)]
pub struct KeyedFiles {
    files: Vec<(DeclaredFile, Digest)>,
    folders: Vec<DeclaredFolder>,
}

impl KeyedFiles {
    /// Finds out what the files hold now, some of which `folders` stand for.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read(
        files: &[DeclaredFile],
        folders: &[DeclaredFolder],
        stat_cache: &StatCache,
    ) -> Result<Self, DeclaredFileError> {
        let digest = |file: &DeclaredFile| {
            let digest = stat_cache.digest(&file.path);
            let digest = digest.map_err(|error| DeclaredFileError::Unreadable {
                path: file.path.clone(),
                reason: error.to_string(),
            })?;
            Ok((file.clone(), digest))
        };
        let files = files.iter().map(digest).collect::<Result<_, _>>()?;
        let folders = folders.to_vec();
        Ok(Self { files, folders })
    }

    /// What `fingerprint` says of the files, some of which `folders` stand for.
    pub fn of_key(
        files: &[DeclaredFile],
        folders: &[DeclaredFolder],
        fingerprint: &FingerprintInputs,
    ) -> Self {
        let digest = |file: &DeclaredFile| {
            let digest = Digest::parse(fingerprint.0.get(&key_name(file))?)?;
            Some((file.clone(), digest))
        };
        Self {
            files: files.iter().filter_map(digest).collect(),
            folders: folders.to_vec(),
        }
    }

    /// Adds the contents to a key.
    pub fn add_to(&self, fingerprint: &mut FingerprintInputs) {
        for (file, digest) in &self.files {
            fingerprint.add(key_name(file), digest.hex());
        }
    }

    /// Makes sure that every file still has the content in the key, and that none has come or gone; one whose size, times
    /// and inode are the same is not read again.
    ///
    /// # Errors
    /// When a file has another content, is gone, or is new in one of the folders.
    pub fn check(&self, stat_cache: &StatCache) -> Result<(), DeclaredFileError> {
        for (file, digest) in &self.files {
            let is_same = match stat_cache.remembered(&file.path) {
                Some(info) => info.digest == *digest,
                None => {
                    let now = stat_cache.digest(&file.path);
                    now.is_ok_and(|now| now == *digest)
                }
            };
            if !is_same {
                return Err(DeclaredFileError::Changed {
                    path: file.path.clone(),
                });
            }
        }
        if let Some(path) = self.folders.iter().find_map(DeclaredFolder::changed) {
            return Err(DeclaredFileError::Listed { path });
        }
        Ok(())
    }
}

fn key_name(file: &DeclaredFile) -> String {
    format!("file.{}", file.name)
}
