//! The memory of files outside the cache: a file whose size, times and inode are as remembered is not read again.

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use pipe_foundation::Digest;

use super::error::CacheError;
use super::log::{Log, LogState};

/// Files younger than this when they were read may change again within the clock's tick, so they are not trusted.
const SETTLING_NS: i64 = 20_000_000;

/// What the memory knows of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FileFacts {
    /// Digest of its content.
    pub digest: Digest,
    /// Length of the audio in it in seconds, 0 when it is not audio or not readable as such.
    pub duration_s: f64,
}

/// What the file system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    device: u64,
    inode: u64,
    bytes: u64,
    modified_ns: i64,
    changed_ns: i64,
}

#[derive(Clone, Copy)]
struct Remembered {
    stat: Stat,
    seen_ns: i64,
    facts: FileFacts,
}

/// Remembers digests by path, size, times and inode. Contents decide; times only save reading.
pub struct FileMemory {
    log: Log,
    known: Mutex<Known>,
    rehash: bool,
    /// What reading the log found.
    pub state: LogState,
}

#[derive(Default)]
struct Known {
    by_path: HashMap<[u8; 16], Remembered>,
    new: Vec<Vec<u8>>,
}

impl FileMemory {
    /// Loads the memory; with `rehash`, nothing in it is trusted.
    ///
    /// # Errors
    /// When the log exists but cannot be read.
    pub fn load(log: Log, rehash: bool) -> Result<Self, CacheError> {
        let mut known = Known::default();
        let mut records = 0_usize;
        let state = log.read(|payload| {
            records += 1;
            if let Some((path, remembered)) = decode(payload) {
                known.by_path.insert(path, remembered);
            }
        })?;
        let memory = Self {
            log,
            known: Mutex::new(known),
            rehash,
            state,
        };
        memory.compact(records)?;
        Ok(memory)
    }

    /// The facts of a file, read only if it is not as remembered.
    ///
    /// `duration_s` measures the audio in it and is called only when the file is read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn facts(
        &self,
        path: &Path,
        duration_s: impl FnOnce() -> f64,
    ) -> std::io::Result<FileFacts> {
        let name = path_name(path);
        let stat = stat(path)?;
        if let (false, Some(facts)) = (self.rehash, self.recall(&name, &stat)) {
            return Ok(facts);
        }
        let seen_ns = now_ns();
        let facts = FileFacts {
            digest: Digest::of_file(path)?,
            duration_s: duration_s(),
        };
        let remembered = Remembered {
            stat,
            seen_ns,
            facts,
        };
        let mut known = self
            .known
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        known.new.push(encode(name, &remembered));
        known.by_path.insert(name, remembered);
        Ok(facts)
    }

    /// The facts of a file that is as it was when it was last read, in this run or before; reads nothing but its times.
    pub fn remembered(&self, path: &Path) -> Option<FileFacts> {
        self.recall(&path_name(path), &stat(path).ok()?)
    }

    fn recall(&self, name: &[u8; 16], stat: &Stat) -> Option<FileFacts> {
        let known = self
            .known
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        let remembered = known.by_path.get(name)?;
        let settled = remembered.seen_ns - stat.changed_ns.max(stat.modified_ns) > SETTLING_NS;
        (remembered.stat == *stat && settled).then_some(remembered.facts)
    }

    /// Writes what was learnt since the last call.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn save(&self) -> Result<(), CacheError> {
        let new = std::mem::take(
            &mut self
                .known
                .lock()
                .unwrap_or_else(|poison| poison.into_inner())
                .new,
        );
        self.log.append(new.iter().map(Vec::as_slice))
    }

    /// True while the file is as it was when its content was read; reads nothing but its times.
    pub fn is_unchanged(&self, path: &Path) -> bool {
        let known = self
            .known
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        let remembered = known.by_path.get(&path_name(path));
        remembered.is_some_and(|remembered| stat(path).is_ok_and(|stat| stat == remembered.stat))
    }

    /// Rewrites the log when most of it is out of date, or some of it damaged.
    fn compact(&self, records: usize) -> Result<(), CacheError> {
        let known = self
            .known
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        let outdated = records >= 4096 && records >= 3 * known.by_path.len();
        if !outdated && self.state.damaged_bytes == 0 {
            return Ok(());
        }
        let records: Vec<Vec<u8>> = known
            .by_path
            .iter()
            .map(|(name, remembered)| encode(*name, remembered))
            .collect();
        self.log.rewrite(records.iter().map(Vec::as_slice))
    }
}

fn path_name(path: &Path) -> [u8; 16] {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut name = [0; 16];
    name.copy_from_slice(&blake3::hash(absolute.as_os_str().as_bytes()).as_bytes()[..16]);
    name
}

fn stat(path: &Path) -> std::io::Result<Stat> {
    let metadata = std::fs::metadata(path)?;
    Ok(Stat {
        device: metadata.dev(),
        inode: metadata.ino(),
        bytes: metadata.size(),
        modified_ns: metadata
            .mtime()
            .saturating_mul(1_000_000_000)
            .saturating_add(metadata.mtime_nsec()),
        changed_ns: metadata
            .ctime()
            .saturating_mul(1_000_000_000)
            .saturating_add(metadata.ctime_nsec()),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "decides what to remember of a file, never what a result is"
)]
fn now_ns() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_nanos() as i64)
}

fn encode(name: [u8; 16], remembered: &Remembered) -> Vec<u8> {
    let Remembered {
        stat,
        seen_ns,
        facts,
    } = remembered;
    let mut bytes = Vec::with_capacity(104);
    bytes.extend_from_slice(&name);
    for number in [stat.device, stat.inode, stat.bytes] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    for number in [stat.modified_ns, stat.changed_ns, *seen_ns] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(&facts.digest.0);
    bytes.extend_from_slice(&facts.duration_s.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<([u8; 16], Remembered)> {
    let name = bytes.get(..16)?.try_into().ok()?;
    let word = |index: usize| -> Option<[u8; 8]> {
        bytes.get(16 + 8 * index..24 + 8 * index)?.try_into().ok()
    };
    let stat = Stat {
        device: u64::from_le_bytes(word(0)?),
        inode: u64::from_le_bytes(word(1)?),
        bytes: u64::from_le_bytes(word(2)?),
        modified_ns: i64::from_le_bytes(word(3)?),
        changed_ns: i64::from_le_bytes(word(4)?),
    };
    let seen_ns = i64::from_le_bytes(word(5)?);
    let digest = Digest(bytes.get(64..96)?.try_into().ok()?);
    let duration_s = f64::from_le_bytes(bytes.get(96..104)?.try_into().ok()?);
    Some((
        name,
        Remembered {
            stat,
            seen_ns,
            facts: FileFacts { digest, duration_s },
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_with_size_and_mtime_restored_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wav");
        std::fs::write(&file, b"one").unwrap();
        let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(40));
        let log = || Log::new(folder.path().join("files.log"));

        let memory = FileMemory::load(log(), false).unwrap();
        let first = memory.facts(&file, || 1.5).unwrap();
        memory.save().unwrap();
        let memory = FileMemory::load(log(), false).unwrap();
        let again = memory
            .facts(&file, || panic!("an unchanged file was read"))
            .unwrap();
        assert_eq!(first, again);

        std::fs::write(&file, b"two").unwrap();
        std::fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(modified)
            .unwrap();
        let changed = FileMemory::load(log(), false)
            .unwrap()
            .facts(&file, || 2.0)
            .unwrap();
        assert_eq!(changed.digest, Digest::of(b"two"));
    }

    fn count_reads(memory: &FileMemory, path: &Path) -> usize {
        let mut reads = 0;
        memory
            .facts(path, || {
                reads += 1;
                0.0
            })
            .unwrap();
        reads
    }

    fn set_modified(path: &Path, modified: SystemTime) {
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(modified).unwrap();
    }

    #[test]
    fn a_file_read_right_after_it_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wav");
        let memory = FileMemory::load(Log::new(folder.path().join("files.log")), false).unwrap();
        std::fs::write(&file, b"one").unwrap();
        // As if the reading came at once, however late this thread gets its turn.
        let second = std::time::Duration::from_secs(1);
        let written = std::fs::metadata(&file).unwrap().modified().unwrap();
        set_modified(&file, written + second);
        assert_eq!(count_reads(&memory, &file), 1);
        std::thread::sleep(second + std::time::Duration::from_millis(30));
        // The clock may not have ticked between a write and the reading of it.
        assert_eq!(count_reads(&memory, &file), 1);
        assert_eq!(count_reads(&memory, &file), 0);
    }

    #[test]
    fn a_file_dated_in_the_future_is_never_trusted_and_a_replaced_one_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("a.wav"), folder.path().join("b.wav"));
        let memory = FileMemory::load(Log::new(folder.path().join("files.log")), false).unwrap();
        std::fs::write(&file, b"one").unwrap();
        std::fs::write(&other, b"two").unwrap();
        let hour = std::time::Duration::from_secs(3600);
        let now = std::fs::metadata(&file).unwrap().modified().unwrap();
        set_modified(&file, now + hour);
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert_eq!(count_reads(&memory, &file), 1);
        assert_eq!(count_reads(&memory, &file), 1);
        set_modified(&file, now - hour);
        set_modified(&other, now - hour);
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert_eq!(count_reads(&memory, &file), 1);
        assert_eq!(count_reads(&memory, &file), 0);
        assert!(memory.is_unchanged(&file));
        std::fs::rename(&other, &file).unwrap();
        assert!(!memory.is_unchanged(&file));
        assert_eq!(count_reads(&memory, &file), 1);
    }

    #[test]
    fn rehash_trusts_nothing_and_damage_costs_reading_only() {
        let folder = tempfile::tempdir().unwrap();
        let log = || Log::new(folder.path().join("files.log"));
        let files: Vec<_> = (0..3u8)
            .map(|n| {
                let path = folder.path().join(format!("{n}.wav"));
                std::fs::write(&path, [n]).unwrap();
                path
            })
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(30));
        let memory = FileMemory::load(log(), false).unwrap();
        files
            .iter()
            .for_each(|file| assert_eq!(count_reads(&memory, file), 1));
        memory.save().unwrap();
        let rehash = FileMemory::load(log(), true).unwrap();
        files
            .iter()
            .for_each(|file| assert_eq!(count_reads(&rehash, file), 1));

        let mut bytes = std::fs::read(log().path()).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(log().path(), bytes).unwrap();
        let memory = FileMemory::load(log(), false).unwrap();
        assert!(memory.state.damaged_bytes > 0);
        let reads: usize = files.iter().map(|file| count_reads(&memory, file)).sum();
        assert_eq!(reads, 1);
        let mended = FileMemory::load(log(), false).unwrap();
        assert_eq!(mended.state.damaged_bytes, 0);
    }
}
