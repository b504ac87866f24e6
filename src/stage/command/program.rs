//! Runs a program to its end under a supervisor.

use std::io::BufReader;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pipe_foundation::progress::Progress;
use pipe_foundation::sync::lock;

use super::CommandError;
use super::descendants::processes;
use super::messages::{Ended, Order, Program, Received, Receiver, Report, send};
use super::supervisor::{GRACE, supervise};

/// The argument with which this executable is a supervisor.
const SUPERVISE: &str = "supervise-program";

/// How often the run is asked whether it was interrupted.
const LOOK_UP: Duration = Duration::from_millis(20);

/// How much longer than [`GRACE`] the supervisor may take before it is not waited for any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Supervisors whose last program has ended: each serves the next program that comes. They end with this process.
static IDLE: Mutex<Vec<Supervisor>> = Mutex::new(Vec::new());

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
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let mut arguments = line.split(|byte| *byte == 0);
            arguments.nth(1) == Some(SUPERVISE.as_bytes()) && executable(*parent) != executable(pid)
        })
        .map(|(_, process)| process.pid.as_raw_pid())
        .collect()
}

/// A process that supervises one program after another.
struct Supervisor {
    process: Child,
    channel: UnixStream,
    reports: Receiver<BufReader<UnixStream>>,
}

impl Supervisor {
    fn start() -> std::io::Result<Self> {
        if !CAN_SUPERVISE.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("this executable cannot supervise it"));
        }
        let (channel, other_end) = UnixStream::pair()?;
        channel.set_read_timeout(Some(LOOK_UP))?;
        let reports = Receiver::new(BufReader::new(channel.try_clone()?));
        let process = Command::new("/proc/self/exe")
            .arg0("pipe")
            .arg(SUPERVISE)
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(other_end)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            process,
            channel,
            reports,
        })
    }

    /// One that is idle and still there, or a new one; it has the order to start `program`.
    fn with_order(program: &Program) -> std::io::Result<Self> {
        loop {
            let idle = lock(&IDLE).pop();
            let is_idle = idle.is_some();
            let mut supervisor = idle.map_or_else(Self::start, Ok)?;
            let ordered = send(&mut supervisor.channel, &Order::Start(program.clone()));
            // An idle one may have been killed; a new one that is lost is found out next.
            if ordered.is_ok() || !is_idle {
                return Ok(supervisor);
            }
            let _ = supervisor.process.wait();
        }
    }
}

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started, its supervisor is lost, or the run is interrupted; nothing of it runs then.
pub fn run(program: &Program, progress: &dyn Progress) -> Result<Ended, CommandError> {
    let not_started = |reason: std::io::Error| CommandError::Start {
        program: program.name.clone(),
        reason,
    };
    let mut supervisor = Supervisor::with_order(program).map_err(not_started)?;
    let report = match wait(&mut supervisor, program.timeout_s, progress) {
        Ok(report) => report,
        Err(error) => {
            // It ends by itself once nobody is left to give it orders.
            drop((supervisor.channel, supervisor.reports));
            if matches!(error, CommandError::Lost | CommandError::TimedOut { .. }) {
                // What it supervised has ended, or been killed.
                let _ = supervisor.process.kill();
                let _ = supervisor.process.wait();
            }
            return Err(error);
        }
    };
    lock(&IDLE).push(supervisor);
    match report {
        Report::Ended(ended) => Ok(ended),
        Report::NotStarted { reason, errno } => Err(not_started(match errno {
            Some(errno) => std::io::Error::from_raw_os_error(errno),
            None => std::io::Error::other(reason),
        })),
        Report::Started(_) => Err(CommandError::Lost),
    }
}

/// The supervisor's last report.
fn wait(
    supervisor: &mut Supervisor,
    timeout_s: Option<u64>,
    progress: &dyn Progress,
) -> Result<Report, CommandError> {
    let started = Instant::now();
    let is_late = || timeout_s.filter(|&timeout_s| started.elapsed().as_secs() >= timeout_s);
    let mut group = None;
    let mut asked: Option<(Instant, CommandError)> = None;
    loop {
        match supervisor.reports.next() {
            Received::Message(Report::Started(number)) => group = Some(number),
            Received::Message(last) => {
                return match asked {
                    Some((_, why)) => Err(why),
                    None => Ok(last),
                };
            }
            Received::Nothing => {}
            Received::Closed => {
                kill_group(group);
                return Err(match asked {
                    Some((_, why)) => why,
                    None if progress.interrupted() => CommandError::Stopped,
                    None => CommandError::Lost,
                });
            }
        }
        if asked
            .as_ref()
            .is_some_and(|(asked, _)| asked.elapsed() > GRACE + PATIENCE)
        {
            kill_group(group);
            return Err(asked.map_or(CommandError::Stopped, |(_, why)| why));
        }
        let why = match is_late() {
            _ if asked.is_some() => None,
            _ if progress.interrupted() => Some(CommandError::Stopped),
            late => late.map(|timeout_s| CommandError::TimedOut { timeout_s }),
        };
        if let Some(why) = why {
            // One that is lost meanwhile is noticed next.
            let _ = send(&mut supervisor.channel, &Order::End);
            asked = Some((Instant::now(), why));
        }
    }
}

/// What is left to do when the supervisor was killed.
fn kill_group(group: Option<i32>) {
    if let Some(group) = group.and_then(rustix::process::Pid::from_raw) {
        // Nobody is left to be killed when it fails.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}
