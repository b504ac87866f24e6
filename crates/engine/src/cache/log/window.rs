//! A view of a log that moves over the file, so that a log of any size is read in little memory.

use std::io::{ErrorKind, Read};

use super::record::{HEADER, MAGIC, checksum};

/// So much is read at once.
const BLOCK_BYTES: usize = 1 << 20;

/// The bytes of a log from some place on, as many as were needed so far.
pub struct Window<R> {
    file: R,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
}

impl<R: Read> Window<R> {
    /// A view that starts with the file.
    pub fn new(file: R) -> Self {
        Self {
            file,
            buffer: Vec::new(),
            start: 0,
            ended: false,
        }
    }

    /// The bytes in the window.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Whether the log has `count` more bytes, which then are in the window.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn holds(&mut self, count: usize) -> std::io::Result<bool> {
        while self.bytes().len() < count && !self.ended {
            if self.start > 0 {
                self.buffer.drain(..self.start);
                self.start = 0;
            }
            // A damaged length may ask for gigabytes, so no more is reserved than what is read.
            let filled = self.buffer.len();
            self.buffer.resize(filled + BLOCK_BYTES, 0);
            let read = loop {
                match self.file.read(&mut self.buffer[filled..]) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    other => break other?,
                }
            };
            self.buffer.truncate(filled + read);
            self.ended = read == 0;
        }
        Ok(self.bytes().len() >= count)
    }

    /// The length of the payload of the record that starts here; none where no whole one does.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn record(&mut self) -> std::io::Result<Option<usize>> {
        if !self.holds(HEADER)? || self.bytes()[..2] != MAGIC {
            return Ok(None);
        }
        let header = &self.bytes()[..HEADER];
        let length = u32::from_le_bytes([header[2], header[3], header[4], header[5]]) as usize;
        if !self.holds(HEADER + length)? {
            return Ok(None);
        }
        let (header, payload) = self.bytes()[..HEADER + length].split_at(HEADER);
        Ok((checksum(payload) == header[6..]).then_some(length))
    }

    /// Moves on by `count` bytes, which must be in the window.
    pub fn advance(&mut self, count: usize) {
        self.start += count;
    }
}
