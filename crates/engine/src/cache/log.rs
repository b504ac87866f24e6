//! An append-only file of checksummed records: torn or damaged ones are skipped, never misread.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::durable::{Unfinished, sync_folder, unfinished_in};
use pipe_foundation::system::{File, Hold, Open, RealSystem, System};

use super::error::CacheError;
use super::lease;
use super::lock::Lock;

mod record;
mod window;

pub(super) use record::HEADER;
use record::encode;
use window::Window;

/// An append-only log.
#[derive(Debug)]
pub struct Log {
    system: Arc<dyn System>,
    path: PathBuf,
}

/// What reading a log found besides its records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogState {
    /// Bytes in the file.
    pub bytes: usize,
    /// Bytes that belong to no whole record.
    pub damaged_bytes: usize,
}

impl Log {
    /// The log at `path`, which need not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self::on(Arc::new(RealSystem), path)
    }

    /// As [`Log::new`], on another system than the machine itself.
    pub fn on(system: Arc<dyn System>, path: PathBuf) -> Self {
        Self { system, path }
    }

    /// The system that it is on.
    pub(super) fn system(&self) -> &Arc<dyn System> {
        &self.system
    }

    /// The log's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Passes every whole record to `each`, oldest first.
    ///
    /// # Errors
    /// When the file exists but cannot be read.
    pub fn read(&self, mut each: impl FnMut(&[u8])) -> Result<LogState, CacheError> {
        let file = match self.system.open(&self.path, Open::Read) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(LogState::default());
            }
            Err(error) => return Err(CacheError::read(&self.path, error)),
        };
        let mut window = Window::new(file);
        let mut state = LogState::default();
        let failed = |error| CacheError::read(&self.path, error);
        while window.holds(1).map_err(failed)? {
            match window.record().map_err(failed)? {
                Some(length) => {
                    each(&window.bytes()[HEADER..HEADER + length]);
                    window.advance(HEADER + length);
                    state.bytes += HEADER + length;
                }
                // A torn append or a flipped bit: look for the next whole record.
                None => {
                    window.advance(1);
                    state.bytes += 1;
                    state.damaged_bytes += 1;
                }
            }
        }
        Ok(state)
    }

    /// Appends records and syncs them to disk; safe while other processes append.
    ///
    /// # Errors
    /// When the file cannot be created, locked, written or synced.
    pub fn append<'a>(
        &self,
        records: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), CacheError> {
        let mut bytes = Vec::new();
        for payload in records {
            encode(payload, &mut bytes);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let (mut file, _lease) = self.open()?;
        let wrote = file.write_all(&bytes).and_then(|()| file.sync_data());
        wrote.map_err(|error| CacheError::write(&self.path, error))
    }

    /// Drops damaged bytes, records without a name, and all but the last record of each name; others may append
    /// meanwhile.
    ///
    /// # Errors
    /// As [`Log::append`], and when the log cannot be read.
    pub fn keep_last<K: Ord>(&self, name: impl Fn(&[u8]) -> Option<K>) -> Result<(), CacheError> {
        let _locked = self.open()?;
        let mut last: BTreeMap<K, Vec<u8>> = BTreeMap::new();
        self.read(|payload| {
            if let Some(name) = name(payload) {
                last.insert(name, payload.to_vec());
            }
        })?;
        self.replace(|new| {
            let mut payloads = last.values();
            payloads.try_for_each(|payload| new.add(payload))
        })
    }

    /// Drops damaged bytes, and whole records that `keep` refuses; others may append meanwhile.
    ///
    /// # Errors
    /// As [`Log::append`], and when the log cannot be read.
    pub fn retain(&self, mut keep: impl FnMut(&[u8]) -> bool) -> Result<(), CacheError> {
        self.rewrite(|payload| match keep(payload) {
            true => Some(Cow::Borrowed(payload)),
            false => None,
        })
    }

    /// Puts in place of each whole record what `change` makes of it, if anything, and drops damaged bytes; others may
    /// append meanwhile.
    ///
    /// # Errors
    /// As [`Log::append`], and when the log cannot be read.
    pub fn rewrite(
        &self,
        mut change: impl FnMut(&[u8]) -> Option<Cow<'_, [u8]>>,
    ) -> Result<(), CacheError> {
        let _locked = self.open()?;
        self.replace(|new| {
            let mut added = Ok(());
            self.read(|payload| {
                if let (true, Some(payload)) = (added.is_ok(), change(payload)) {
                    added = new.add(&payload);
                }
            })?;
            added
        })
    }

    /// Writes a new log and puts it in place of this one, which must be locked.
    fn replace(
        &self,
        fill: impl FnOnce(&mut NewLog<'_>) -> Result<(), CacheError>,
    ) -> Result<(), CacheError> {
        let failed = |error: std::io::Error| CacheError::write(&self.path, error);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let file = unfinished_in(&*self.system, folder).map_err(failed)?;
        let mut new = NewLog {
            log: self,
            file: BufWriter::new(file),
            record: Vec::new(),
        };
        fill(&mut new)?;
        let file = new.file.into_inner();
        let file = file.map_err(|error| failed(error.into_error()))?;
        file.file().sync_data().map_err(failed)?;
        file.persist(&self.path).map_err(failed)?;
        sync_folder(&*self.system, folder).map_err(failed)
    }

    /// The log, locked until what is given is dropped.
    fn open(&self) -> Result<(Box<dyn File>, Option<Lock>), CacheError> {
        let failed = |error: std::io::Error| CacheError::write(&self.path, error);
        let lease = match lease::cache_of(&*self.system, &self.path) {
            Some(_) => Lock::take(&*self.system, &self.path, || {}, || false)?,
            None => None,
        };
        loop {
            let file = self.system.open(&self.path, Open::AppendOrCreate);
            let file = file.map_err(failed)?;
            // Held only while records are written; the kernel drops it if we die.
            if lease.is_none() {
                file.lock(Hold::Alone).map_err(failed)?;
            }
            // The log may have been replaced while we waited.
            if self.system.is_at(&*file, &self.path).map_err(failed)? {
                // Where there are records, somebody has seen to it that the name stays.
                if file.metadata().map_err(failed)?.bytes == 0 {
                    let folder = self.path.parent().unwrap_or(Path::new("."));
                    sync_folder(&*self.system, folder).map_err(failed)?;
                }
                return Ok((file, lease));
            }
        }
    }
}

/// A log that is written to take another's place.
struct NewLog<'l> {
    log: &'l Log,
    file: BufWriter<Unfinished<'l>>,
    record: Vec<u8>,
}

impl NewLog<'_> {
    fn add(&mut self, payload: &[u8]) -> Result<(), CacheError> {
        self.record.clear();
        encode(payload, &mut self.record);
        let written = self.file.write_all(&self.record);
        written.map_err(|error| CacheError::write(&self.log.path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(log: &Log) -> (Vec<Vec<u8>>, LogState) {
        let mut found = Vec::new();
        let state = log.read(|record| found.push(record.to_vec())).unwrap();
        (found, state)
    }

    #[test]
    fn a_flipped_bit_costs_one_record_and_a_torn_tail_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(folder.path().join("log"));
        let wanted: Vec<Vec<u8>> = (0..50u8).map(|n| vec![n; 30 + usize::from(n)]).collect();
        log.append(wanted.iter().map(Vec::as_slice)).unwrap();
        assert_eq!(records(&log).0, wanted);

        let whole = std::fs::read(log.path()).unwrap();
        for at in (0..whole.len()).step_by(7) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            std::fs::write(log.path(), &damaged).unwrap();
            let (found, state) = records(&log);
            assert_eq!(found.len(), wanted.len() - 1, "bit flipped at {at}");
            assert!(found.iter().all(|record| wanted.contains(record)));
            assert!(state.damaged_bytes > 0);
        }
        std::fs::write(log.path(), &whole[..whole.len() - 3]).unwrap();
        assert_eq!(records(&log).0, wanted[..49]);
        log.append([b"after".as_slice()]).unwrap();
        assert_eq!(records(&log).0.last().unwrap(), b"after");

        log.retain(|record| record[0] != 3).unwrap();
        let (found, state) = records(&log);
        assert_eq!(state.damaged_bytes, 0);
        assert_eq!(found.len(), 49, "49 whole ones and `after`, less one");
        assert!(found.iter().all(|record| record[0] != 3));
    }

    #[test]
    fn records_larger_than_a_block_are_read_and_a_damaged_length_skips_none_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(folder.path().join("log"));
        let wanted: Vec<Vec<u8>> = [3_000_000, 5, 1_048_562, 1_048_576, 700_000, 1]
            .iter()
            .zip(0_u8..)
            .map(|(length, byte)| vec![byte; *length])
            .collect();
        log.append(wanted.iter().map(Vec::as_slice)).unwrap();
        assert_eq!(records(&log).0, wanted);
        let mut bytes = std::fs::read(log.path()).unwrap();
        // The second record claims to be far longer than the file.
        bytes[HEADER + wanted[0].len() + 5] = 0x70;
        std::fs::write(log.path(), &bytes).unwrap();
        let (found, state) = records(&log);
        assert_eq!(found, [&wanted[..1], &wanted[2..]].concat());
        assert_eq!(state.bytes, bytes.len());
        assert_eq!(state.damaged_bytes, HEADER + wanted[1].len());
    }

    #[test]
    fn records_appended_while_the_log_is_rewritten_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(folder.path().join("log"));
        log.append([b"first".as_slice()]).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| (0..100).for_each(|_| log.retain(|_| true).unwrap()));
            scope.spawn(|| {
                (0..100u8).for_each(|n| log.append([[n].as_slice()]).unwrap());
            });
        });
        assert_eq!(records(&log).0.len(), 101);
    }
}
