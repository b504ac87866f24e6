//! Runs a program to its end under a supervisor.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use pipe_foundation::progress::Progress;
use pipe_foundation::sync::lock;

use super::CommandError;
use super::messages::{Ended, Order, Program, Received, Report, send};
use super::supervision::{Supervisor, kill_group};
use super::supervisor::GRACE;

/// How much longer than [`GRACE`] the supervisor may take before it is not waited for any more.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Supervisors whose last program has ended: each serves the next program that comes. They end with this process.
static IDLE: Mutex<Vec<Supervisor>> = Mutex::new(Vec::new());

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started, its supervisor is lost, or the run is interrupted; nothing of it runs then.
pub fn run(program: &Program, progress: &dyn Progress) -> Result<Ended, CommandError> {
    let not_started = |reason: std::io::Error| CommandError::Start {
        program: program.name.clone(),
        reason,
    };
    let mut supervisor = with_order(program).map_err(not_started)?;
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

/// A supervisor that is idle and still there, or a new one; it has the order to start `program`.
fn with_order(program: &Program) -> std::io::Result<Supervisor> {
    loop {
        let idle = lock(&IDLE).pop();
        let is_idle = idle.is_some();
        let mut supervisor = idle.map_or_else(Supervisor::start, Ok)?;
        let ordered = send(&mut supervisor.channel, &Order::Start(program.clone()));
        // An idle one may have been killed; a new one that is lost is found out next.
        if ordered.is_ok() || !is_idle {
            return Ok(supervisor);
        }
        let _ = supervisor.process.wait();
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
