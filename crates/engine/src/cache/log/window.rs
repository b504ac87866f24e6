//! A view of a log that moves over the file, so that a log of any size is read in little memory.

use std::io::{ErrorKind, Read};

use super::record::{HEADER, MAGIC, checksum};

/// So much is read at once.
const BLOCK_BYTES: usize = 1 << 20;
/// So many bytes are hashed in vain for each byte of the log, and so many of every log: heads of records that each claim
/// all that follows would otherwise take hours. Damage comes to very little of that, since what looks like a head by chance
/// is rare, and rarely claims what is there.
const MOST_IN_VAIN: u64 = 8;
const LEAST_IN_VAIN: u64 = 64 << 20;

/// The bytes of a log from some place on, as many as were needed so far.
pub struct Window<R> {
    file: R,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    /// Bytes of the log that were read.
    read: u64,
    /// Bytes that were hashed for records that are none.
    in_vain: u64,
}

impl<R: Read> Window<R> {
    /// A view that starts with the file.
    pub fn new(file: R) -> Self {
        Self {
            file,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            read: 0,
            in_vain: 0,
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
            self.read += read as u64;
        }
        Ok(self.bytes().len() >= count)
    }

    /// The length of the payload of the record that starts here; none where no whole one does, or where too much has been
    /// hashed in vain already.
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
        if self.in_vain > LEAST_IN_VAIN + MOST_IN_VAIN * self.read {
            return Ok(None);
        }
        let (header, payload) = self.bytes()[..HEADER + length].split_at(HEADER);
        if checksum(payload) == header[6..] {
            return Ok(Some(length));
        }
        self.in_vain += length as u64;
        Ok(None)
    }

    /// Moves on by `count` bytes, which must be in the window.
    pub fn advance(&mut self, count: usize) {
        self.start += count;
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::encode;
    use super::*;

    #[test]
    fn heads_that_claim_all_that_follows_are_not_all_looked_into() {
        const HEADS: usize = 100_000;
        let mut log = Vec::new();
        encode(b"whole", &mut log);
        for head in 0..HEADS {
            log.extend(MAGIC);
            log.extend((((HEADS - head - 1) * HEADER) as u32).to_le_bytes());
            log.extend([0; 8]);
        }
        let length = log.len() as u64;
        let mut window = Window::new(log.as_slice());
        let mut whole = 0;
        while window.holds(1).unwrap() {
            match window.record().unwrap() {
                Some(length) => {
                    whole += 1;
                    window.advance(HEADER + length);
                }
                None => window.advance(1),
            }
        }
        assert_eq!(whole, 1);
        // The last one that is looked into may claim all of it.
        assert!(window.in_vain <= LEAST_IN_VAIN + (MOST_IN_VAIN + 1) * length);
    }
}
