//! The run's side of a supervisor: this executable, started again.

use std::io::BufReader;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pipe_foundation::regular_file;

use super::descendants::processes;
use super::messages::Receiver;
use super::supervisor::supervise;

/// The argument with which this executable is a supervisor.
const SUPERVISE: &str = "supervise-program";

/// How often the run is asked whether it was interrupted.
const LOOK_UP: Duration = Duration::from_millis(20);

/// How long a report of a worker's supervisor is waited for, between two looks for an answer of the worker.
const GLANCE: Duration = Duration::from_millis(1);

/// Whether this executable calls [`supervisor`] first.
static CAN_SUPERVISE: AtomicBool = AtomicBool::new(false);

/// To be called first by an executable that runs manifests, since it is started again as the supervisor of
/// programs: the exit code, when this process is one.
pub fn supervisor() -> Option<ExitCode> {
    CAN_SUPERVISE.store(true, Ordering::Relaxed);
    let is_supervisor = std::env::args_os().nth(1)? == SUPERVISE;
    is_supervisor.then(supervise)
}

/// Numbers of supervising processes whose run is gone: those that are not children of an executable like theirs.
pub fn orphaned_supervisors() -> Vec<i32> {
    let executable = |pid: i32| std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    processes()
        .filter(|(parent, process)| {
            let pid = process.pid.as_raw_pid();
            let line = regular_file::read_whole(Path::new(&format!("/proc/{pid}/cmdline")))
                .unwrap_or_default();
            let mut arguments = line.split(|byte| *byte == 0);
            arguments.nth(1) == Some(SUPERVISE.as_bytes()) && executable(*parent) != executable(pid)
        })
        .map(|(_, process)| process.pid.as_raw_pid())
        .collect()
}

/// A process that supervises one program after another.
pub struct Supervisor {
    /// The process.
    pub process: Child,
    /// Where it gets orders.
    pub channel: UnixStream,
    /// What it reports.
    pub reports: Receiver<BufReader<UnixStream>>,
}

impl Supervisor {
    /// A new one, for programs that nobody talks to.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start() -> std::io::Result<Self> {
        Self::with_output(Stdio::null(), LOOK_UP)
    }

    /// A new one for a worker, and the run's end of the channel that is the worker's standard input and output.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_for_worker() -> std::io::Result<(Self, UnixStream)> {
        let (lines, other_end) = UnixStream::pair()?;
        lines.set_read_timeout(Some(LOOK_UP))?;
        let supervisor = Self::with_output(Stdio::from(OwnedFd::from(other_end)), GLANCE)?;
        Ok((supervisor, lines))
    }

    fn with_output(output: Stdio, look_up: Duration) -> std::io::Result<Self> {
        if !CAN_SUPERVISE.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("this executable cannot supervise it"));
        }
        let (channel, other_end) = UnixStream::pair()?;
        channel.set_read_timeout(Some(look_up))?;
        let reports = Receiver::new(BufReader::new(channel.try_clone()?));
        let process = Command::new("/proc/self/exe")
            .arg0("pipe")
            .arg(SUPERVISE)
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(other_end)))
            .stdout(output)
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            process,
            channel,
            reports,
        })
    }
}

/// What is left to do when the supervisor was killed.
pub fn kill_group(group: Option<i32>) {
    if let Some(group) = group.and_then(rustix::process::Pid::from_raw) {
        // Nobody is left to be killed when it fails.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}
