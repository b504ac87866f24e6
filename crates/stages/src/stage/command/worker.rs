//! A program that is kept running, and answers one item after another: a JSON object a line, in and out.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pipe_foundation::progress::Progress;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::CommandError;
use super::messages::{Ended, Order, Program, Received, Report, send};
use super::program::PATIENCE;
use super::supervision::{Supervisor, kill_group};
use super::supervisor::GRACE;

/// The longest answer, in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;
/// How long a request may take to be taken, by a program that does not read.
const SLOWEST_READER: Duration = Duration::from_secs(60);
/// How many bytes of what is no answer are shown.
const SHOWN: usize = 200;

/// What a worker says of an item; other keys are its own affair.
#[derive(Debug, Deserialize)]
pub struct Answer {
    /// Why the item has no result.
    pub error: Option<String>,
}

/// What a worker is asked in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// One item.
    One,
    /// A list of items, also where there is one.
    List,
}

/// Why an item has no result yet.
#[derive(Debug)]
pub enum WorkerError {
    /// The worker has ended instead.
    Died(Ended),
    /// The worker is of no more use, or nobody waits any more.
    Failed(CommandError),
}

/// Device, inode, time of the last change in seconds and nanoseconds, and bytes of a file; none where there is none.
pub type FileState = Option<(u64, u64, i64, i64, u64)>;

/// The state of a file.
pub fn file_state(path: &Path) -> FileState {
    let found = path.metadata().ok()?;
    Some((
        found.dev(),
        found.ino(),
        found.ctime(),
        found.ctime_nsec(),
        found.len(),
    ))
}

/// A program that is kept running.
pub struct Worker {
    supervisor: Supervisor,
    lines: BufReader<UnixStream>,
    /// What has come of an answer.
    line: Vec<u8>,
    /// Its process group, once it runs.
    group: Option<i32>,
    ended: Option<Ended>,
    /// The numbers of the devices that it was started with.
    pub devices: Vec<usize>,
    /// What the stage's declared files were before it started, and so what it may have read.
    pub files: Vec<FileState>,
    /// Where it finds items, and leaves results.
    folder: TempDir,
    /// Its temporary files, in a sandbox.
    _temporary: Option<TempDir>,
}

impl Worker {
    /// Starts `program`.
    ///
    /// # Errors
    /// When its supervisor cannot be started; that the program cannot is found out with the first item.
    pub fn start(
        program: &Program,
        devices: &[usize],
        files: Vec<FileState>,
        folder: TempDir,
        temporary: Option<TempDir>,
    ) -> Result<Self, CommandError> {
        let not_started = |reason| CommandError::Start {
            program: program.name.clone(),
            reason,
        };
        let (mut supervisor, lines) = Supervisor::start_for_worker().map_err(not_started)?;
        let timeout = lines.set_write_timeout(Some(SLOWEST_READER));
        timeout.map_err(not_started)?;
        // That it is lost is found out next.
        let _ = send(&mut supervisor.channel, &Order::Start(program.clone()));
        Ok(Self {
            supervisor,
            lines: BufReader::new(lines),
            line: Vec::new(),
            group: None,
            ended: None,
            devices: devices.to_vec(),
            files,
            folder,
            _temporary: temporary,
        })
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Has it make the second file of each pair of the first; what it says of each, in their order. In `timeout_s` of the
    /// program it has to make one.
    ///
    /// # Errors
    /// When it does not answer. It cannot be asked again then.
    pub fn ask(
        &mut self,
        program: &Program,
        request: Request,
        items: &[(PathBuf, PathBuf)],
        progress: &dyn Progress,
    ) -> Result<Vec<Answer>, WorkerError> {
        let item =
            |(input, output): &(PathBuf, PathBuf)| json!({ "input": input, "output": output });
        let asked: Json = match (request, items) {
            (Request::One, [one]) => item(one),
            _ => items.iter().map(item).collect(),
        };
        // One that is gone is found out below.
        let _ = self
            .lines
            .get_mut()
            .write_all(format!("{asked}\n").as_bytes());
        let started = Instant::now();
        loop {
            if let Some(answers) = self.answers(request, items.len())? {
                return Ok(answers);
            }
            if let Some(ended) = self.ended.take() {
                return Err(WorkerError::Died(ended));
            }
            self.look_at_reports(program)?;
            let late = program.timeout_s.filter(|&s| {
                started.elapsed().as_secs() >= s.saturating_mul(items.len().max(1) as u64)
            });
            if progress.interrupted() {
                return Err(WorkerError::Failed(CommandError::Stopped));
            }
            if let Some(timeout_s) = late {
                return Err(WorkerError::Failed(CommandError::TimedOut { timeout_s }));
            }
        }
    }

    /// What it says of so many items, if that has come.
    fn answers(
        &mut self,
        request: Request,
        items: usize,
    ) -> Result<Option<Vec<Answer>>, WorkerError> {
        let room = LONGEST_ANSWER.saturating_sub(self.line.len() as u64);
        let read = (&mut self.lines)
            .take(room)
            .read_until(b'\n', &mut self.line);
        match read {
            Ok(_) if self.line.ends_with(b"\n") => {}
            Ok(_) if self.line.len() as u64 >= LONGEST_ANSWER => {
                return Err(self.no_answer());
            }
            // What has come of a line is kept for the next time.
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            // Its end shows in the reports.
            Err(_) => return Ok(None),
        }
        let read = match request {
            Request::One => serde_json::from_slice(&self.line).map(|one| vec![one]),
            Request::List => serde_json::from_slice(&self.line),
        };
        match read {
            Ok(answers) if answers.len() == items => {
                self.line.clear();
                Ok(Some(answers))
            }
            Ok(answers) => Err(WorkerError::Failed(CommandError::OtherNumber {
                answers: answers.len(),
                items,
            })),
            Err(_) => Err(self.no_answer()),
        }
    }

    fn no_answer(&self) -> WorkerError {
        let shown = &self.line[..self.line.len().min(SHOWN)];
        WorkerError::Failed(CommandError::NoAnswer {
            line: String::from_utf8_lossy(shown).trim_end().to_owned(),
        })
    }

    fn look_at_reports(&mut self, program: &Program) -> Result<(), WorkerError> {
        match self.supervisor.reports.next() {
            Received::Nothing => Ok(()),
            Received::Message(Report::Started(group)) => {
                self.group = Some(group);
                Ok(())
            }
            Received::Message(Report::Ended(ended)) => {
                self.ended = Some(ended);
                Ok(())
            }
            Received::Message(Report::NotStarted { reason, errno }) => {
                Err(WorkerError::Failed(CommandError::Start {
                    program: program.name.clone(),
                    reason: match errno {
                        Some(errno) => std::io::Error::from_raw_os_error(errno),
                        None => std::io::Error::other(reason),
                    },
                }))
            }
            Received::Closed => {
                kill_group(self.group);
                Err(WorkerError::Failed(CommandError::Lost))
            }
        }
    }

    /// Lets it end by itself, as there is nothing more to read; ends it where it does not, or where nobody `waits`. How it
    /// ended, which is not known where its supervisor is gone, and whether it had to be ended.
    pub fn end(self, waits: bool) -> (Option<Ended>, bool) {
        let Self {
            mut supervisor,
            lines,
            mut ended,
            mut group,
            folder: _folder,
            _temporary,
            ..
        } = self;
        drop(lines);
        let mut until = Instant::now() + if waits { GRACE } else { Duration::ZERO };
        let mut asked = false;
        while ended.is_none() {
            match supervisor.reports.next() {
                Received::Message(Report::Started(number)) => group = Some(number),
                Received::Message(Report::Ended(end)) => ended = Some(end),
                Received::Message(Report::NotStarted { .. }) => break,
                Received::Nothing => {}
                Received::Closed => {
                    kill_group(group);
                    break;
                }
            }
            if ended.is_none() && Instant::now() >= until {
                if asked {
                    kill_group(group);
                    break;
                }
                let _ = send(&mut supervisor.channel, &Order::End);
                asked = true;
                until = Instant::now() + GRACE + PATIENCE;
            }
        }
        let Supervisor {
            mut process,
            channel,
            reports,
        } = supervisor;
        // It ends once nobody is left to give it orders.
        drop((channel, reports));
        let _ = process.wait();
        (ended, asked)
    }
}
