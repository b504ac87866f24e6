//! What a demuxer sees of a file: some bytes of our own, and then a stretch of the file.

use std::io::{Read, Result, Seek, SeekFrom};

use symphonia::core::io::{MediaSource, MediaSourceStream};

use crate::audio::source::Source;

/// Bytes as if they were a file of their own.
pub struct Window<R> {
    reader: R,
    /// Bytes before those of the file.
    front: Vec<u8>,
    /// Where the stretch begins in the file.
    from: u64,
    /// Bytes in all.
    len: u64,
    position: u64,
    /// Where the reader is, in the file.
    reader_at: Option<u64>,
}

impl<R: Read + Seek + Send + Sync + 'static> Window<R> {
    /// `front`, and then the bytes of `source` from `start` to `end`.
    pub fn stream(
        source: Source<R>,
        front: Vec<u8>,
        start: u64,
        end: u64,
    ) -> MediaSourceStream<'static> {
        let window = Self {
            len: front.len() as u64 + end.saturating_sub(start),
            front,
            from: source.skipped + start,
            reader: source.into_reader(),
            position: 0,
            reader_at: None,
        };
        MediaSourceStream::new(Box::new(window), Default::default())
    }
}

impl<R: Read + Seek> Read for Window<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let left = self.len.saturating_sub(self.position);
        let wanted = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let buffer = &mut buffer[..wanted];
        let in_front = self.front.get(self.position as usize..).unwrap_or_default();
        let read = if in_front.is_empty() {
            let at = self.from + self.position - self.front.len() as u64;
            if self.reader_at != Some(at) {
                self.reader_at = None;
                self.reader.seek(SeekFrom::Start(at))?;
            }
            let read = self.reader.read(buffer)?;
            self.reader_at = Some(at + read as u64);
            read
        } else {
            let read = in_front.len().min(wanted);
            buffer[..read].copy_from_slice(&in_front[..read]);
            read
        };
        self.position += read as u64;
        Ok(read)
    }
}

impl<R> Seek for Window<R> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let position = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl<R: Read + Seek + Send + Sync> MediaSource for Window<R> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}
