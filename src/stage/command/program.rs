//! Runs a program to its end under a supervisor, and keeps what it wrote last.

use std::io::{BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use pipe_foundation::progress::Progress;

use super::CommandError;
use super::messages::{Ended, Order, Program, Received, Receiver, Report, send};
use super::supervisor::{GRACE, supervise};

/// The argument with which this executable is a supervisor.
const SUPERVISE: &str = "supervise-program";

/// How often the run is asked whether it was interrupted.
const LOOK_UP: Duration = Duration::from_millis(20);

/// How much longer than [`GRACE`] the supervisor may take before it is not waited for any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the last output may take to arrive after all that could write it has ended.
const LAST_OUTPUT: Duration = Duration::from_millis(500);

/// Whether this executable calls [`supervisor`] first.
static CAN_SUPERVISE: AtomicBool = AtomicBool::new(false);

/// To be called first by an executable that runs manifests, since it is started again as the supervisor of each
/// program: the exit code, when this process is one.
pub fn supervisor() -> Option<ExitCode> {
    CAN_SUPERVISE.store(true, Ordering::Relaxed);
    let is_supervisor = std::env::args_os().nth(1)? == SUPERVISE;
    is_supervisor.then(supervise)
}

/// Runs a program in `folder` to its end: how it ended, and its last lines of output.
///
/// # Errors
/// When it cannot be started, its supervisor is lost, or the run is interrupted; nothing of it runs then.
pub fn run(
    program: Program,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<(Ended, String), CommandError> {
    let name = program.name.clone();
    let not_started = |reason: std::io::Error| CommandError::Start {
        program: name.clone(),
        reason,
    };
    if !CAN_SUPERVISE.load(Ordering::Relaxed) {
        return Err(not_started(std::io::Error::other(
            "this executable cannot supervise it",
        )));
    }
    let io = &not_started;
    let (mut channel, other_end) = UnixStream::pair().map_err(io)?;
    channel.set_read_timeout(Some(LOOK_UP)).map_err(io)?;
    let mut supervisor = Command::new("/proc/self/exe")
        .arg0("pipe")
        .arg(SUPERVISE)
        .current_dir(folder)
        .stdin(Stdio::from(OwnedFd::from(other_end)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(io)?;
    let tails = read_tails(&mut supervisor);
    // Where that fails, the supervisor is lost, as is found next.
    let _ = send(&mut channel, &Order::Start(program));
    let ended = wait(&mut channel, progress);
    if !matches!(ended, Err(CommandError::Stopped)) {
        // It ends right after its last report.
        let _ = supervisor.wait();
    }
    match ended? {
        Report::Ended(ended) => Ok((ended, collect(&tails))),
        Report::NotStarted { reason, errno } => Err(not_started(match errno {
            Some(errno) => std::io::Error::from_raw_os_error(errno),
            None => std::io::Error::other(reason),
        })),
        Report::Started(_) => Err(CommandError::Lost),
    }
}

/// The supervisor's last report.
fn wait(channel: &mut UnixStream, progress: &dyn Progress) -> Result<Report, CommandError> {
    let reader = channel.try_clone().map_err(|_| CommandError::Lost)?;
    let mut reports = Receiver::new(BufReader::new(reader));
    let mut group = None;
    let mut asked: Option<Instant> = None;
    loop {
        match reports.next() {
            Received::Message(Report::Started(number)) => group = Some(number),
            Received::Message(_) if asked.is_some() => return Err(CommandError::Stopped),
            Received::Message(last) => return Ok(last),
            Received::Nothing => {}
            Received::Closed => {
                kill_group(group);
                let stopped = asked.is_some() || progress.interrupted();
                return Err(if stopped {
                    CommandError::Stopped
                } else {
                    CommandError::Lost
                });
            }
        }
        match asked {
            None if progress.interrupted() => {
                let _ = send(channel, &Order::End);
                asked = Some(Instant::now());
            }
            Some(asked) if asked.elapsed() > GRACE + PATIENCE => return Err(CommandError::Stopped),
            _ => {}
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

/// Reads both streams to their ends, each on a thread of its own, which sends the last lines.
fn read_tails(child: &mut Child) -> mpsc::Receiver<(usize, String)> {
    let (sender, tails) = mpsc::channel();
    let stdout = child
        .stdout
        .take()
        .map(|stream| Box::new(stream) as Box<dyn Read + Send>);
    let stderr = child
        .stderr
        .take()
        .map(|stream| Box::new(stream) as Box<dyn Read + Send>);
    for (number, stream) in [stdout, stderr].into_iter().flatten().enumerate() {
        let sender = sender.clone();
        // Nobody waits for it any more when the sending fails.
        std::thread::spawn(move || drop(sender.send((number, tail(stream)))));
    }
    tails
}

fn tail(mut stream: Box<dyn Read + Send>) -> String {
    let mut kept: Vec<u8> = Vec::new();
    let mut buffer = [0_u8; 8192];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..count]);
        if kept.len() > 64 * 1024 {
            kept.drain(..kept.len() - 4096);
        }
    }
    let text = String::from_utf8_lossy(&kept);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(20)..].iter();
    last.map(|line| format!("{line}\n")).collect()
}

/// The last lines of both streams. All that could write has ended, except for what the supervisor was not allowed to
/// end, which is not worth waiting for.
fn collect(tails: &mpsc::Receiver<(usize, String)>) -> String {
    let mut found = [String::new(), String::new()];
    while let Ok((stream, tail)) = tails.recv_timeout(LAST_OUTPUT) {
        found[stream] = tail;
    }
    found.concat()
}
