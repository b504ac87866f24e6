//! The file of one run: its record, and below it, while the run is in progress, a line for each step started since.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pipe_foundation::Digest;
use pipe_foundation::system::{Open, System};
use serde::{Deserialize, Serialize};

use super::checksummed::{self, Stored};
use super::error::CacheError;
use super::run_record::RunRecord;

/// The last line of a record: everything in it is indented but its own braces.
const END_OF_RECORD: &str = "\n}\n";
/// Starts every line of a started step.
const BEGUN: &str = "begun ";

/// A step that keeps its work was started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepStart {
    /// The step's id.
    pub step: String,
    /// Its key.
    pub key: Digest,
    /// The key under which it keeps its work, where that is not its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Digest>,
}

/// Where the log of the run is that has its record at `record`.
pub fn log_of(record: &Path) -> PathBuf {
    record.with_extension("log")
}

/// Writes the record, whole or not at all; lines below it are gone then.
///
/// # Errors
/// When it cannot be written.
pub fn write(system: &dyn System, path: &Path, record: &RunRecord) -> Result<(), CacheError> {
    checksummed::write(system, path, record)
}

/// Adds a line below the record and syncs it to disk.
///
/// # Errors
/// When the file is gone or cannot be written.
pub fn append(system: &dyn System, path: &Path, start: &StepStart) -> Result<(), CacheError> {
    let failed = |error: std::io::Error| CacheError::write(path, error);
    let json = serde_json::to_string(start).map_err(|error| failed(error.into()))?;
    // A line that was torn before does not take this one along.
    let line = format!("\n{BEGUN}{} {json}\n", Digest::of(json.as_bytes()));
    let mut file = system.open(path, Open::Append).map_err(failed)?;
    file.write_all(line.as_bytes())
        .and_then(|()| file.sync_data())
        .map_err(failed)
}

/// Reads the record with the steps that were started after it was written.
///
/// A line that is not whole, as after a power cut, is passed over.
///
/// # Errors
/// When the file exists but cannot be read.
pub fn read(system: &dyn System, path: &Path) -> Result<Stored<RunRecord>, CacheError> {
    match system.read(path) {
        Ok(bytes) => Ok(parse(&bytes).map_or(Stored::Damaged, Stored::Whole)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Stored::Absent),
        Err(error) => Err(CacheError::read(path, error)),
    }
}

fn parse(bytes: &[u8]) -> Option<RunRecord> {
    let text = String::from_utf8_lossy(bytes);
    let end = text.find(END_OF_RECORD).map(|at| at + END_OF_RECORD.len());
    let (record, lines) = text.split_at(end.unwrap_or(text.len()));
    let mut record: RunRecord = checksummed::parse(record.as_bytes())?;
    for start in lines.lines().filter_map(step_start) {
        record
            .kept
            .extend(start.kept.map(|kept| (start.step.clone(), kept)));
        record.unfinished.insert(start.step, start.key);
    }
    Some(record)
}

fn step_start(line: &str) -> Option<StepStart> {
    let (check, json) = line.strip_prefix(BEGUN)?.split_once(' ')?;
    if Digest::parse(check)? != Digest::of(json.as_bytes()) {
        return None;
    }
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests {
    use pipe_foundation::system::RealSystem;

    use super::*;

    fn whole(path: &Path) -> Option<RunRecord> {
        read(&RealSystem, path).unwrap().whole()
    }

    fn numbered(number: u32) -> StepStart {
        StepStart {
            step: format!("train[seed={number}]"),
            key: Digest::of(&number.to_le_bytes()),
            kept: number.is_multiple_of(2).then(|| Digest::of(b"longer")),
        }
    }

    #[test]
    fn a_torn_or_damaged_line_costs_nothing_but_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("000001.json");
        write(&RealSystem, &path, &RunRecord::default()).unwrap();
        let first = std::fs::metadata(&path).unwrap().len() as usize;
        (0..5).for_each(|number| append(&RealSystem, &path, &numbered(number)).unwrap());
        let bytes = std::fs::read(&path).unwrap();
        let record = whole(&path).unwrap();
        assert_eq!((record.unfinished.len(), record.kept.len()), (5, 3));

        for end in first..bytes.len() {
            std::fs::write(&path, &bytes[..end]).unwrap();
            let torn = whole(&path).unwrap().unfinished.len();
            append(&RealSystem, &path, &numbered(9)).unwrap();
            let record = whole(&path).unwrap();
            // Only the newline may have been missing.
            let known = record.unfinished.len();
            assert!(known == torn + 1, "{known} of {torn} and one, cut at {end}");
            assert!(record.unfinished.contains_key("train[seed=9]"));
        }
        for at in first..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x80;
            std::fs::write(&path, &damaged).unwrap();
            let known = whole(&path).map(|record| record.unfinished.len());
            assert!(
                known.is_some_and(|known| known >= 4),
                "flipped at {at}: {known:?}"
            );
        }
        let mut damaged = bytes;
        damaged[first / 2] ^= 0x80;
        std::fs::write(&path, &damaged).unwrap();
        assert_eq!(whole(&path), None);
    }

    #[test]
    fn a_started_step_adds_a_line_of_the_same_length_however_many_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("000001.json");
        write(&RealSystem, &path, &RunRecord::default()).unwrap();
        let bytes = || std::fs::metadata(&path).unwrap().len();
        let mut lengths = Vec::new();
        for number in 100..150 {
            let before = bytes();
            append(&RealSystem, &path, &numbered(2 * number + 1)).unwrap();
            lengths.push(bytes() - before);
        }
        assert_eq!(lengths.iter().min(), lengths.iter().max());
        let inode = |path| std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).unwrap());
        let before = inode(&path);
        append(&RealSystem, &path, &numbered(1)).unwrap();
        assert_eq!(inode(&path), before, "the file is not rewritten");
    }
}
