//! A bundle that somebody has sent, opened once: what is checked is what is unpacked, even if another file takes its name
//! meanwhile.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use pipe_foundation::regular_file::{self, FileError};

use super::error::BundleError;

/// How much a bundle may hold.
#[derive(Clone, Copy, Debug)]
pub struct BundleLimits {
    /// Bytes of all files together.
    pub bytes: u64,
    /// Files.
    pub files: u64,
}

/// A bundle that is open.
#[derive(Debug)]
pub struct OpenedBundle {
    /// Where it was.
    pub path: PathBuf,
    file: File,
}

impl OpenedBundle {
    /// Opens the bundle at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or is no regular file.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let file = regular_file::open(path).map_err(FileError::into_io);
        Ok(Self {
            path: path.into(),
            file: file.map_err(|reason| BundleError::file(path, reason))?,
        })
    }

    /// Its bytes from the first on.
    ///
    /// # Errors
    /// When it cannot be read from its beginning again.
    pub(super) fn bytes(&self) -> std::io::Result<impl Read + use<'_>> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        Ok(BufReader::new(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_under_its_name_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.tar.zst");
        std::fs::write(&path, "signed").unwrap();
        let bundle = OpenedBundle::open(&path).unwrap();
        let read = || {
            let mut text = String::new();
            bundle.bytes().unwrap().read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!(read(), "signed");
        std::fs::write(folder.path().join("other"), "another").unwrap();
        std::fs::rename(folder.path().join("other"), &path).unwrap();
        assert_eq!(read(), "signed");
    }
}
