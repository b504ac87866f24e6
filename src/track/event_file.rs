//! The event file of one training: brought to the right content without writing anything twice.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use pipe_foundation::regular_file::{self, FileError};

use super::event::Event;
use super::record::{frame, whole_records};

/// TensorBoard reads files with this in their name, in the order of their names.
const START: &str = "events.out.tfevents.";
/// Ends the names of our files; others in the folder are left alone.
const END: &str = ".pipe";

/// The event file of one training.
///
/// A reader follows a file from where it stopped, so existing content is never rewritten in place: events that a file
/// holds already are passed over, and where they differ, a new file takes its place.
pub(super) struct EventFile {
    folder: PathBuf,
    /// Tells trainings with other parameters apart.
    identity: String,
    path: Option<PathBuf>,
    file: Option<File>,
    /// Events that were confirmed, with their times.
    written: Vec<Vec<u8>>,
    /// Events that the file holds beyond those.
    ahead: VecDeque<Vec<u8>>,
}

impl EventFile {
    /// Opens the file of the training `identity` in `folder`, if there is one; others of ours are removed.
    pub(super) fn open(folder: &Path, identity: &str) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let own = format!(".{identity}{END}");
        let mut paths = ours(folder);
        let position = paths.iter().rposition(|path| ends_with(path, &own));
        let path = position.map(|position| paths.remove(position));
        for outdated in paths {
            std::fs::remove_file(outdated)?;
        }
        let mut opened = Self {
            folder: folder.to_path_buf(),
            identity: identity.into(),
            path: path.clone(),
            file: None,
            written: Vec::new(),
            ahead: VecDeque::new(),
        };
        if let Some(path) = path {
            let bytes = regular_file::read_whole(&path)?;
            let (records, whole) = whole_records(&bytes);
            opened.ahead = records.into_iter().map(<[u8]>::to_vec).collect();
            let file = appended(&path, OpenOptions::new().append(true))?;
            // A killed run may have left half an event.
            if whole < bytes.len() {
                file.set_len(whole as u64)?;
            }
            opened.file = Some(file);
        }
        Ok(opened)
    }

    /// Adds an event unless the file holds it at this place.
    pub(super) fn push(&mut self, event: &Event) -> std::io::Result<()> {
        if let Some(next) = self.ahead.pop_front() {
            if Event::of(&next).as_ref() == Some(event) {
                self.written.push(next);
                return Ok(());
            }
            self.begin_anew()?;
        }
        let bytes = event.at(now_s());
        if self.file.is_none() {
            self.begin_anew()?;
        }
        if let Some(file) = &mut self.file {
            file.write_all(&frame(&bytes))?;
        }
        self.written.push(bytes);
        Ok(())
    }

    /// No event follows: what the file holds beyond is of another training.
    pub(super) fn finish(mut self) -> std::io::Result<()> {
        match self.ahead.is_empty() {
            true => Ok(()),
            false => self.begin_anew(),
        }
    }

    /// Writes the confirmed events into a file that readers take for a later one.
    fn begin_anew(&mut self) -> std::io::Result<()> {
        let earlier = self.path.as_deref().and_then(started_s).unwrap_or(0);
        let started_s = (now_s() as u64).max(earlier + 1);
        let name = format!("{START}{started_s:010}.{}{END}", self.identity);
        let path = self.folder.join(name);
        let mut file = appended(&path, OpenOptions::new().create(true).append(true))?;
        let bytes: Vec<u8> = self.written.iter().flat_map(|event| frame(event)).collect();
        file.write_all(&bytes)?;
        if let Some(outdated) = self.path.replace(path) {
            std::fs::remove_file(outdated)?;
        }
        self.file = Some(file);
        self.ahead.clear();
        Ok(())
    }
}

/// A file opened to be added to.
fn appended(path: &Path, options: &mut OpenOptions) -> std::io::Result<File> {
    regular_file::open_to_write(path, options).map_err(FileError::into_io)
}

/// Our event files in a folder, in the order of their names.
fn ours(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| started_s(path).is_some() && ends_with(path, END))
        .collect();
    paths.sort();
    paths
}

fn ends_with(path: &Path, end: &str) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with(end))
}

/// When a file was started, by its name.
fn started_s(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let (started, _) = name.strip_prefix(START)?.split_once('.')?;
    started.parse().ok()
}

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "event files hold the time of each event; no result depends on it"
)]
fn now_s() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |elapsed| elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use pipe_nn::train::Scalars;

    use super::*;

    fn event(step: usize, value: f64) -> Event {
        Event::scalars(step, &Scalars::from([("loss/total".into(), value)]))
    }

    fn push(folder: &Path, identity: &str, events: &[Event]) -> EventFile {
        let mut file = EventFile::open(folder, identity).unwrap();
        events.iter().for_each(|event| file.push(event).unwrap());
        file
    }

    /// The events of the one file in the folder.
    fn read(folder: &Path) -> Vec<Event> {
        let paths = ours(folder);
        assert_eq!(paths.len(), 1, "{paths:?}");
        let bytes = std::fs::read(&paths[0]).unwrap();
        let (records, whole) = whole_records(&bytes);
        assert_eq!(whole, bytes.len());
        let events = records.into_iter().map(|record| Event::of(record).unwrap());
        events.collect()
    }

    #[test]
    fn a_training_that_continues_doubles_and_misses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let events: Vec<Event> = (0..6).map(|step| event(step, 1.0 / step as f64)).collect();
        drop(push(folder.path(), "a", &events[..3]));
        let path = ours(folder.path()).remove(0);
        let before = std::fs::read(&path).unwrap();
        // Killed in the middle of an event, and started again at an earlier epoch than the file knows.
        std::fs::write(&path, [before.as_slice(), &[7, 0, 0]].concat()).unwrap();
        let mut file = push(folder.path(), "a", &events[..2]);
        assert_eq!(read(folder.path()), events[..3]);
        for event in &events[2..] {
            file.push(event).unwrap();
        }
        file.finish().unwrap();
        assert_eq!(read(folder.path()), events);
        assert!(std::fs::read(&path).unwrap().starts_with(&before));
        // Once more from the history: not a byte changes.
        let all = std::fs::read(&path).unwrap();
        push(folder.path(), "a", &events).finish().unwrap();
        assert!(std::fs::read(&path).unwrap() == all);
    }

    #[test]
    fn another_training_takes_the_place_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("events.out.tfevents.1.other"), b"").unwrap();
        let events: Vec<Event> = (0..4).map(|step| event(step, 0.5)).collect();
        push(folder.path(), "a", &events).finish().unwrap();
        let first = ours(folder.path()).remove(0);
        let mut others = events.clone();
        others[2] = event(2, 0.75);
        push(folder.path(), "a", &others[..3]).finish().unwrap();
        assert_eq!(read(folder.path()), others[..3]);
        let second = ours(folder.path()).remove(0);
        assert!(first < second && !first.exists());
        push(folder.path(), "b", &events[..1]).finish().unwrap();
        assert_eq!(read(folder.path()), events[..1]);
        push(folder.path(), "b", &[]).finish().unwrap();
        assert!(read(folder.path()).is_empty());
        assert!(folder.path().join("events.out.tfevents.1.other").exists());
    }
}
