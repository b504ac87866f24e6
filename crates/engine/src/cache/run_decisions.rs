//! The log of a run: a line for each decision, in a file beside its record. It only tells what happened: nothing depends
//! on it, and one that cannot be written costs no result.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_foundation::system::{File, Open, System};

use super::error::CacheError;
use super::run_file::log_of;
use super::run_record::Run;
use super::runs::Runs;

/// Lines of one run: kept until the run has a record, then written as they come.
#[derive(Debug)]
pub struct RunDecisions {
    system: Arc<dyn System>,
    state: State,
    /// Why the log is not whole; the first reason.
    lost: Option<std::io::Error>,
}

#[derive(Debug)]
enum State {
    /// Nothing is written yet: the run has no record, or nothing to say. Where its log will be, once it has one.
    Kept(Vec<u8>, Option<PathBuf>),
    /// The run has a record.
    Written(Box<dyn File>),
    /// The run is not recorded, or its log cannot be written.
    Off,
}

impl RunDecisions {
    /// No lines yet.
    pub fn new(system: Arc<dyn System>) -> Self {
        Self {
            system,
            state: State::Kept(Vec::new(), None),
            lost: None,
        }
    }

    /// Adds a line, given without its line break.
    pub fn add(&mut self, line: &str) {
        let line = checked(line);
        match &mut self.state {
            State::Kept(lines, _) => {
                lines.extend_from_slice(line.as_bytes());
                self.write_kept();
            }
            State::Written(file) => {
                let written = file.write_all(line.as_bytes());
                self.note(written);
            }
            State::Off => {}
        }
    }

    /// The run has a record at `record` from now on.
    pub fn begin(&mut self, record: &Path) {
        if let State::Kept(_, path) = &mut self.state {
            *path = Some(log_of(record));
            self.write_kept();
        }
    }

    /// Writes what is kept, once it is known where.
    fn write_kept(&mut self) {
        let State::Kept(lines, Some(path)) = &self.state else {
            return;
        };
        if lines.is_empty() {
            return;
        }
        // The log of another run that had this number.
        let written = match self.system.remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => self.system.open(path, Open::CreateNew),
        };
        let written = written.and_then(|mut file| file.write_all(lines).map(|()| file));
        match written {
            Ok(file) => self.state = State::Written(file),
            Err(error) => self.note(Err(error)),
        }
    }

    /// The run has no record, since it repeats the one whose record is at `record`: its lines continue in the log of that
    /// one, with those in the file `own`.
    pub fn continue_in(&mut self, record: &Path, own: Option<&Path>) {
        let lines = match (&mut self.state, own) {
            (State::Kept(lines, _), _) => Ok(std::mem::take(lines)),
            (State::Written(_), Some(own)) => self.system.read(own),
            (State::Written(_), None) | (State::Off, _) => return,
        };
        let opened = lines.and_then(|lines| {
            let mut file = self.system.open(&log_of(record), Open::AppendOrCreate)?;
            file.write_all(&lines)?;
            Ok(file)
        });
        match opened {
            Ok(file) => self.state = State::Written(file),
            Err(error) => self.note(Err(error)),
        }
    }

    /// The run has no record, and nothing of it is kept.
    pub fn end_unrecorded(&mut self) {
        self.state = State::Off;
    }

    /// Why the log is not whole, if it is not; the second call finds nothing.
    pub fn take_lost(&mut self) -> Option<std::io::Error> {
        self.lost.take()
    }

    fn note(&mut self, written: std::io::Result<()>) {
        if let Err(error) = written {
            self.lost.get_or_insert(error);
            self.state = State::Off;
        }
    }
}

impl Runs {
    /// The lines of the log of `run`; none where it has none, as those of earlier versions. A line that is torn, as after
    /// a power failure, is left out.
    ///
    /// # Errors
    /// When the log exists but cannot be read.
    pub fn decisions(&self, run: &Run) -> Result<Option<Vec<serde_json::Value>>, CacheError> {
        let path = log_of(&self.path(&run.manifest, run.number));
        let bytes = match self.system.read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CacheError::read(&path, error)),
        };
        let lines = bytes.split(|byte| *byte == b'\n');
        let whole = lines.filter_map(|line| serde_json::from_slice(event_of(line)?).ok());
        Ok(Some(whole.collect()))
    }
}

/// Hexadecimal digits that a line starts with, of the BLAKE3 digest of what follows them and a blank.
const CHECK_DIGITS: usize = 16;

/// A line as it is written, with its line break.
fn checked(event: &str) -> String {
    format!("{} {event}\n", check_of(event.as_bytes()))
}

fn check_of(event: &[u8]) -> String {
    let mut check = Digest::of(event).hex();
    check.truncate(CHECK_DIGITS);
    check
}

/// The event in a line that is whole. Earlier versions wrote nothing before it, and no flipped bit makes a digit the brace
/// that it starts with.
fn event_of(line: &[u8]) -> Option<&[u8]> {
    if line.starts_with(b"{") {
        return Some(line);
    }
    let (check, rest) = line.split_at_checked(CHECK_DIGITS)?;
    let event = rest.strip_prefix(b" ")?;
    (check == check_of(event).as_bytes()).then_some(event)
}

/// The lines of a log that are whole; of an `open` one, what it ends with may become so.
pub fn whole_lines(log: &[u8], open: bool) -> Vec<u8> {
    let is_event = |line: &[u8]| {
        let event: Option<serde_json::Value> =
            event_of(line).and_then(|event| serde_json::from_slice(event).ok());
        event.is_some_and(|event| event["event"].is_string())
    };
    let lines = log.split_inclusive(|byte| *byte == b'\n');
    let is_whole = |line: &&[u8]| match line.strip_suffix(b"\n") {
        Some(line) => is_event(line),
        None => open || is_event(line),
    };
    lines.filter(is_whole).flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use pipe_foundation::system::RealSystem;

    use super::super::run_record::RunRecord;
    use super::*;

    fn runs(folder: &Path) -> (Runs, Run) {
        let runs = Runs::new(
            Arc::new(RealSystem),
            folder.join("runs"),
            folder.join("locks"),
        );
        let run = Run {
            manifest: "demo".into(),
            number: 1,
            record: RunRecord::default(),
        };
        std::fs::create_dir_all(folder.join("runs/demo")).unwrap();
        (runs, run)
    }

    #[test]
    fn lines_are_kept_until_there_is_a_record_and_torn_ones_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let (runs, run) = runs(folder.path());
        let record = runs.path("demo", 1);
        let mut decisions = RunDecisions::new(Arc::new(RealSystem));
        decisions.add("{\"event\":1}");
        assert_eq!(runs.decisions(&run).unwrap(), None);
        decisions.begin(&record);
        decisions.add("{\"event\":2}");
        decisions.begin(&record);
        decisions.add("{\"event\":3}");
        assert!(decisions.take_lost().is_none());
        let read = || {
            let lines = runs.decisions(&run).unwrap().unwrap().into_iter();
            lines
                .map(|line| line["event"].as_u64().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(read(), [1, 2, 3]);
        let path = log_of(&record);
        let bytes = std::fs::read(&path).unwrap();
        for end in 0..bytes.len() {
            std::fs::write(&path, &bytes[..end]).unwrap();
            let whole = bytes[..end + 1].split(|byte| *byte == b'\n').count() - 1;
            assert!((whole..=whole + 1).contains(&read().len()));
        }
    }

    #[test]
    fn every_flipped_bit_is_found_and_lines_of_earlier_versions_are_read() {
        let events = [
            "{\"event\":\"a\",\"at_s\":0.5}",
            "{\"event\":\"b\",\"at_s\":1.0}",
        ];
        let log: Vec<u8> = events
            .iter()
            .flat_map(|event| checked(event).into_bytes())
            .collect();
        assert_eq!(whole_lines(&log, false), log);
        for at in 0..8 * log.len() {
            let mut damaged = log.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            let whole = whole_lines(&damaged, false);
            assert!(whole.len() < damaged.len(), "bit {at}");
            let lines = whole
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty());
            assert!(lines.count() < 2, "bit {at}");
        }
        let old = format!("{}\n{}", events[0], checked(events[1])).into_bytes();
        assert_eq!(whole_lines(&old, false), old);
    }

    #[test]
    fn a_log_that_cannot_be_written_is_reported_once_and_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (runs, run) = runs(folder.path());
        let record = runs.path("demo", 1);
        std::fs::create_dir(log_of(&record)).unwrap();
        let mut decisions = RunDecisions::new(Arc::new(RealSystem));
        decisions.begin(&record);
        assert!(decisions.take_lost().is_none());
        decisions.add("{}");
        decisions.add("{}");
        assert!(decisions.take_lost().is_some() && decisions.take_lost().is_none());
        assert!(runs.decisions(&run).is_err());
    }

    #[test]
    fn nothing_is_written_through_a_link_in_the_place_of_a_log() {
        let folder = tempfile::tempdir().unwrap();
        let (runs, run) = runs(folder.path());
        let record = runs.path("demo", 1);
        // Whoever gives away a cache could put a link there that leads to a file of the user's.
        let other = folder.path().join("other");
        std::fs::write(&other, "the user's own").unwrap();
        std::os::unix::fs::symlink(&other, log_of(&record)).unwrap();
        let mut decisions = RunDecisions::new(Arc::new(RealSystem));
        decisions.begin(&record);
        decisions.add("{}");
        assert!(decisions.take_lost().is_none());
        assert_eq!(std::fs::read_to_string(other).unwrap(), "the user's own");
        assert_eq!(runs.decisions(&run).unwrap().unwrap().len(), 1);
    }
}
