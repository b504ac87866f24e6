//! Bytes where they are, in a file: the stored form of an item that is too long to be held, or anything like it.

use std::io::{ErrorKind, Result};
use std::sync::Arc;

use pipe_foundation::system::File;

/// Part of a file that is open, and stays so; cheap to clone.
#[derive(Clone, Debug)]
pub struct FilePart {
    file: Arc<dyn File>,
    offset: u64,
    bytes: u64,
}

impl FilePart {
    /// So many `bytes` of `file` from `offset` on.
    pub fn new(file: Arc<dyn File>, offset: u64, bytes: u64) -> Self {
        Self {
            file,
            offset,
            bytes,
        }
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Fills `buffer` with what is at `at`, counted from the start of the part.
    ///
    /// # Errors
    /// When the part ends before, or the file cannot be read.
    pub fn read_at(&self, buffer: &mut [u8], at: u64) -> Result<()> {
        match at.checked_add(buffer.len() as u64) {
            Some(end) if end <= self.bytes => self.file.read_exact_at(buffer, self.offset + at),
            _ => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    /// All of it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut all = vec![0; self.bytes as usize];
        self.read_at(&mut all, 0)?;
        Ok(all)
    }

    /// What is behind the first `bytes` of it; nothing where it is shorter.
    pub fn from(&self, bytes: u64) -> Self {
        let bytes = bytes.min(self.bytes);
        Self::new(self.file.clone(), self.offset + bytes, self.bytes - bytes)
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::system::{Open, RealSystem, System};

    use super::*;

    #[test]
    fn nothing_beyond_the_part_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"before, within, behind").unwrap();
        let file = RealSystem.open(&path, Open::Read).unwrap();
        let part = FilePart::new(file.into(), 8, 6);
        assert_eq!(part.to_vec().unwrap(), b"within");
        assert_eq!(part.from(4).to_vec().unwrap(), b"in");
        assert_eq!(part.from(9).bytes(), 0);
        let mut buffer = [0; 3];
        part.read_at(&mut buffer, 3).unwrap();
        assert_eq!(&buffer, b"hin");
        for at in [4, 6, u64::MAX] {
            assert!(part.read_at(&mut buffer, at).is_err());
        }
    }
}
