//! Random access to the bytes of one audio file, on disk or in memory.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::regular_file;

use super::AudioError;

/// The first bytes are kept, so that a usual header costs one read.
const HEAD_BYTES: usize = 4096;

/// Bytes of a known length, with the name they go by in messages. Tags in front are not among them once they have been
/// skipped: offsets count from what they precede.
pub(super) struct Source<R> {
    reader: R,
    head: Vec<u8>,
    /// Bytes in front that have been skipped.
    pub skipped: u64,
    /// Bytes in all, without those.
    pub len: u64,
    /// The file, or the name of a stream.
    pub path: PathBuf,
}

impl Source<File> {
    /// Opens a regular file; a named pipe is refused without waiting for its writer.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let io = |source| AudioError::Io {
            path: path.to_path_buf(),
            action: "open",
            source,
        };
        let file = regular_file::open(path).map_err(|error| io(error.into_io()))?;
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() {
            let reason = "not a regular file";
            return Err(io(std::io::Error::new(
                std::io::ErrorKind::InvalidInput,
                reason,
            )));
        }
        Self::new(file, metadata.len(), path)
    }
}

impl Source<Cursor<Arc<[u8]>>> {
    /// Bytes that are in memory already; `name` is used in messages.
    pub fn from_bytes(name: &Path, bytes: &[u8]) -> Result<Self, AudioError> {
        Self::new(Cursor::new(bytes.into()), bytes.len() as u64, name)
    }
}

impl<R: Read + Seek> Source<R> {
    /// What a reader gives from its start to its end; `name` is used in messages.
    pub fn from_reader(name: &Path, mut reader: R) -> Result<Self, AudioError> {
        let len = reader
            .seek(SeekFrom::End(0))
            .and_then(|len| reader.rewind().map(|()| len))
            .map_err(|source| AudioError::Io {
                path: name.to_path_buf(),
                action: "read",
                source,
            })?;
        Self::new(reader, len, name)
    }
}

impl<R> Source<R> {
    /// The reader, whose bytes in front of [`Self::skipped`] are not part of the recording.
    pub fn into_reader(self) -> R {
        self.reader
    }

    /// # Errors
    /// [`AudioError::Truncated`] where the file has fewer bytes of samples than its header promises.
    pub fn check_whole(&self, promised_bytes: u64, present_bytes: u64) -> Result<(), AudioError> {
        if promised_bytes <= present_bytes {
            return Ok(());
        }
        Err(AudioError::Truncated {
            path: self.path.clone(),
            promised_bytes,
            present_bytes,
        })
    }
}

impl<R: Read + Seek> Source<R> {
    fn new(mut reader: R, len: u64, path: &Path) -> Result<Self, AudioError> {
        let head = read_head(&mut reader, path)?;
        Ok(Source {
            reader,
            head,
            skipped: 0,
            len,
            path: path.to_path_buf(),
        })
    }

    /// Leaves out the next `bytes` in front, or all there are.
    pub fn skip(&mut self, bytes: u64) -> Result<(), AudioError> {
        let bytes = bytes.min(self.len);
        self.skipped += bytes;
        self.len -= bytes;
        self.reader
            .seek(SeekFrom::Start(self.skipped))
            .map_err(|source| AudioError::Io {
                path: self.path.clone(),
                action: "read",
                source,
            })?;
        self.head = read_head(&mut self.reader, &self.path)?;
        Ok(())
    }

    /// The first bytes of the file, up to 4 KiB.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Fills `buffer` from `offset`; false if the file ends before that.
    pub fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<bool, AudioError> {
        let end = offset.saturating_add(buffer.len() as u64);
        if end > self.len {
            return Ok(false);
        }
        if let Some(bytes) = usize::try_from(offset)
            .ok()
            .and_then(|start| self.head.get(start..start + buffer.len()))
        {
            buffer.copy_from_slice(bytes);
            return Ok(true);
        }
        self.reader
            .seek(SeekFrom::Start(self.skipped + offset))
            .and_then(|_| self.reader.read_exact(buffer))
            .map_err(|source| AudioError::Io {
                path: self.path.clone(),
                action: "read",
                source,
            })?;
        Ok(true)
    }

    /// `N` bytes at `offset`, or none if the file ends before that.
    pub fn array_at<const N: usize>(&mut self, offset: u64) -> Result<Option<[u8; N]>, AudioError> {
        let mut bytes = [0; N];
        Ok(self.read_at(offset, &mut bytes)?.then_some(bytes))
    }
}

fn read_head(reader: &mut impl Read, path: &Path) -> Result<Vec<u8>, AudioError> {
    let mut head = Vec::new();
    reader
        .take(HEAD_BYTES as u64)
        .read_to_end(&mut head)
        .map_err(|source| AudioError::Io {
            path: path.to_path_buf(),
            action: "read",
            source,
        })?;
    Ok(head)
}
