//! The messages between a run and the supervisor of a program: one JSON object per line.

use std::collections::BTreeMap;
use std::io::{BufRead, ErrorKind, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Messages of the run to the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Start this program; the one before has ended.
    Start(Program),
    /// End it, and all that it started.
    End,
}

/// A program with its arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Program {
    /// Its name or path.
    pub name: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
    /// All its environment variables.
    pub environment: BTreeMap<String, String>,
    /// After so many seconds it is ended.
    pub timeout_s: Option<u64>,
    /// Whether its standard input and output are a channel to the run, as that of a worker.
    #[serde(default)]
    pub is_worker: bool,
}

/// Messages of the supervisor to the run.
#[derive(Debug, Serialize, Deserialize)]
pub enum Report {
    /// The program runs, in a process group of this number.
    Started(i32),
    /// The program could not be started.
    NotStarted {
        /// What the system said.
        reason: String,
        /// The number of its error, where it has one.
        errno: Option<i32>,
    },
    /// The program and all that it started have ended.
    Ended(Ended),
}

/// How a program ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ended {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Names of the programs that it had left running, and that were ended after it.
    pub left_running: Vec<String>,
    /// Its last lines on standard output, and those on standard error.
    pub tail: String,
}

/// Sends a message.
///
/// # Errors
/// When nobody is left to receive it.
pub fn send(channel: &mut impl Write, message: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    channel.write_all(&line)
}

/// Receives messages.
pub struct Receiver<R> {
    channel: R,
    line: Vec<u8>,
}

/// What came in.
pub enum Received<M> {
    /// A message.
    Message(M),
    /// Nothing within the time limit of the channel.
    Nothing,
    /// The other side is gone.
    Closed,
}

impl<R: BufRead> Receiver<R> {
    /// A receiver of what comes through `channel`.
    pub fn new(channel: R) -> Self {
        Self {
            channel,
            line: Vec::new(),
        }
    }

    /// The next message; a line that is none counts as the end of them.
    pub fn next<M: DeserializeOwned>(&mut self) -> Received<M> {
        match self.channel.read_until(b'\n', &mut self.line) {
            Ok(_) if self.line.ends_with(b"\n") => {
                let message = serde_json::from_slice(&self.line);
                self.line.clear();
                message.map_or(Received::Closed, Received::Message)
            }
            // What has come of a line is kept for the next call.
            Err(error) if error.kind() == ErrorKind::WouldBlock => Received::Nothing,
            _ => Received::Closed,
        }
    }
}
