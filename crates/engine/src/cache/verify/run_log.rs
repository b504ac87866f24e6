//! Whether the log of a run consists of events.

use std::io::ErrorKind;
use std::path::Path;

use pipe_foundation::durable;

use crate::cache::CacheError;
use crate::cache::run_decisions::whole_lines;
use crate::cache::run_file::log_of;

use super::{Work, stem};

impl Work<'_> {
    /// The log of the run whose record is at `record`. The last line of one that may still be written need not be whole.
    pub(super) fn run_log(&mut self, record: &Path, is_open: bool) -> Result<(), CacheError> {
        let path = log_of(record);
        let read = match self.cache.system.read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            read => read.map_err(|error| CacheError::read(&path, error)),
        };
        let Some(bytes) = self.found.readable(read) else {
            return Ok(());
        };
        self.found.run_logs += 1;
        self.found.bytes += bytes.len() as u64;
        let kept = whole_lines(&bytes, is_open);
        let damaged = (bytes.len() - kept.len()) as u64;
        if damaged == 0 {
            return Ok(());
        }
        let name = format!("{damaged} bytes of the log of run {}", stem(record));
        self.found.damaged.push(name);
        if !self.repair {
            return Ok(());
        }
        let written = durable::write(&*self.cache.system, &path, &kept);
        written.map_err(|error| CacheError::write(&path, error))
    }
}
