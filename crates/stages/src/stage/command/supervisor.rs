//! The process that watches over programs, one after another: it ends a program and all its descendants together with
//! the run.
//!
//! `pipe` starts itself again for it. The two are connected by a socket whose other end the run alone holds, so that
//! its end marks the end of the run, however that came about. Orphans among the descendants become children of this
//! process, those with a session of their own too.

use std::io::BufReader;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group,
    set_child_subreaper, setsid, wait,
};
use signal_hook::iterator::Signals;

use super::descendants::descendants;
use super::messages::{self, Ended, Order, Program, Received, Report, send};
use super::tail::Tails;

/// How long programs have to end by themselves after SIGTERM; then SIGKILL ends them.
pub const GRACE: Duration = Duration::from_secs(5);

/// How long programs may outlive the one that started them, such as the `tee` of a redirection.
const LEFT_RUNNING: Duration = Duration::from_millis(200);

/// How often SIGKILL is sent again, to what was started meanwhile.
const KILL_AGAIN: Duration = Duration::from_millis(20);

/// What happens.
enum Event {
    /// The run wants a program to be started.
    Start(Program),
    /// The run wants the program to end, or a signal does.
    End,
    /// The run is gone.
    Gone,
    /// A child has ended.
    Exited(Pid, WaitStatus),
    /// No child is left.
    Childless,
}

/// Does all the work of this process: runs each program that comes through standard input, and reports how it ended.
pub fn supervise() -> ExitCode {
    let Ok(socket) = std::io::stdin().as_fd().try_clone_to_owned() else {
        return ExitCode::from(2);
    };
    let mut run = UnixStream::from(socket);
    // Without a terminal, programs cannot wait for somebody to type, and signals from its keys reach the run alone.
    let _ = setsid();
    let adopted = set_child_subreaper(Some(getpid()));
    let orders = run
        .try_clone()
        .map(BufReader::new)
        .map(messages::Receiver::new);
    let (Ok(orders), Ok(())) = (orders, adopted) else {
        return ExitCode::from(2);
    };
    let (sender, events) = channel();
    let from_signals = sender.clone();
    let mut started = Ok(());
    if let Ok(mut signals) = Signals::new(pipe_engine::termination::signals()) {
        let thread = std::thread::Builder::new().spawn(move || {
            let asked = signals.forever().map(|_| Event::End);
            asked.for_each(|event| drop(from_signals.send(event)));
        });
        started = started.and(thread.map(drop));
    }
    let from_run = sender.clone();
    let thread = std::thread::Builder::new().spawn(move || listen(orders, &from_run));
    if let Err(error) = started.and(thread.map(drop)) {
        // It is the answer to the first order.
        let _ = send(&mut run, &not_started(&error));
        return ExitCode::from(2);
    }
    while let Ok(event) = events.recv() {
        let program = match event {
            Event::Start(program) => program,
            // What comes too late for the program before, or a signal while there is none.
            Event::Exited(..) | Event::Childless => continue,
            Event::End | Event::Gone => break,
        };
        let report = match start(&program, &sender) {
            Err(error) => not_started(&error),
            Ok((pid, tails)) => {
                // A run that is gone is noticed below.
                let _ = send(&mut run, &Report::Started(pid.as_raw_pid()));
                let mut supervised = Supervised {
                    pid,
                    events: &events,
                    gone: false,
                };
                let ended = supervised.until_all_ended();
                if supervised.gone {
                    break;
                }
                Report::Ended(Ended {
                    tail: tails.collect(),
                    ..ended
                })
            }
        };
        if send(&mut run, &report).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

fn not_started(error: &std::io::Error) -> Report {
    Report::NotStarted {
        reason: error.to_string(),
        errno: error.raw_os_error(),
    }
}

/// Starts the program in a process group of its own; `events` receives what becomes of it and all that it starts.
fn start(program: &Program, events: &Sender<Event>) -> std::io::Result<(Pid, Tails)> {
    let (input, output) = match program.is_worker {
        // The run has put its channel in the place of this process's standard output.
        true => {
            let channel = || std::io::stdout().as_fd().try_clone_to_owned();
            (Stdio::from(channel()?), Stdio::from(channel()?))
        }
        false => (Stdio::null(), Stdio::piped()),
    };
    let mut child = Command::new(&program.name)
        .args(&program.arguments)
        .env_clear()
        .envs(&program.environment)
        .current_dir(&program.folder)
        .stdin(input)
        .stdout(output)
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let pid = Pid::from_raw(child.id() as i32);
    let pid = pid.ok_or_else(|| std::io::Error::other("it has no number"))?;
    let from_children = events.clone();
    let watched = Tails::of(&mut child).and_then(|tails| {
        std::thread::Builder::new()
            .spawn(move || reap(&from_children))
            .map(|_| tails)
    });
    match watched {
        Ok(tails) => Ok((pid, tails)),
        Err(error) => {
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = child.wait();
            Err(error)
        }
    }
}

/// Waits for all children and reports each.
fn reap(events: &Sender<Event>) {
    loop {
        let event = match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) => Event::Exited(pid, status),
            Err(rustix::io::Errno::INTR) | Ok(None) => continue,
            Err(_) => Event::Childless,
        };
        let last = matches!(event, Event::Childless);
        if events.send(event).is_err() || last {
            return;
        }
    }
}

/// Tells of orders, and of the end of the run.
fn listen(mut orders: messages::Receiver<BufReader<UnixStream>>, events: &Sender<Event>) {
    while let Received::Message(order) = orders.next() {
        let _ = events.send(match order {
            Order::Start(program) => Event::Start(program),
            Order::End => Event::End,
        });
    }
    let _ = events.send(Event::Gone);
}

/// A running program.
struct Supervised<'e> {
    pid: Pid,
    events: &'e Receiver<Event>,
    /// Whether the run is known to be gone.
    gone: bool,
}

impl Supervised<'_> {
    fn until_all_ended(&mut self) -> Ended {
        let mut ended = Ended::default();
        while let Ok(event) = self.events.recv() {
            match event {
                Event::Exited(pid, status) if pid == self.pid => {
                    note(&mut ended, status);
                    return self.end_what_is_left(ended);
                }
                Event::Exited(..) | Event::Start(_) => {}
                Event::Childless => break,
                Event::End => {
                    self.end_all(&mut ended, true);
                    break;
                }
                Event::Gone => {
                    self.gone = true;
                    self.end_all(&mut ended, false);
                    break;
                }
            }
        }
        ended
    }

    fn next(&self, until: Instant) -> Result<Event, RecvTimeoutError> {
        let left = until.saturating_duration_since(Instant::now());
        self.events.recv_timeout(left)
    }

    /// The program has ended by itself; what it started may finish, but not stay.
    fn end_what_is_left(&mut self, mut ended: Ended) -> Ended {
        let until = Instant::now() + LEFT_RUNNING;
        let asked = loop {
            match self.next(until) {
                Ok(Event::Exited(..) | Event::Start(_)) => {}
                Ok(Event::Childless) | Err(RecvTimeoutError::Disconnected) => return ended,
                Ok(Event::End) => break true,
                Ok(Event::Gone) => {
                    self.gone = true;
                    break false;
                }
                Err(RecvTimeoutError::Timeout) => break false,
            }
        };
        let left = descendants().into_iter().map(|process| process.name);
        ended.left_running = left.collect();
        self.end_all(&mut ended, asked);
        ended
    }

    /// Ends all descendants: SIGTERM, and SIGKILL after [`GRACE`]. When the run had `asked` for it and then is gone,
    /// it was ended a second time, so SIGKILL comes at once.
    fn end_all(&mut self, ended: &mut Ended, asked: bool) {
        self.terminate();
        let until = Instant::now() + GRACE;
        loop {
            match self.next(until) {
                Ok(Event::Exited(pid, status)) if pid == self.pid => note(ended, status),
                Ok(Event::Childless) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Event::Gone) => {
                    self.gone = true;
                    if asked {
                        break;
                    }
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        loop {
            for process in descendants() {
                let _ = kill_process(process.pid, Signal::KILL);
            }
            match self.next(Instant::now() + KILL_AGAIN) {
                Ok(Event::Exited(pid, status)) if pid == self.pid => note(ended, status),
                Ok(Event::Childless) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Event::Gone) => self.gone = true,
                _ => {}
            }
        }
    }

    /// Sends SIGTERM to all descendants, and lets stopped ones continue so that they notice. A process that ended
    /// meanwhile is not an error.
    fn terminate(&self) {
        let outside: Vec<Pid> = descendants()
            .into_iter()
            .filter(|process| process.group != self.pid.as_raw_pid())
            .map(|process| process.pid)
            .collect();
        for signal in [Signal::TERM, Signal::CONT] {
            // In one go, so that none is missed that is started just then.
            let _ = kill_process_group(self.pid, signal);
            for &pid in &outside {
                let _ = kill_process(pid, signal);
            }
        }
    }
}

fn note(ended: &mut Ended, status: WaitStatus) {
    ended.code = status.exit_status();
    ended.signal = status.terminating_signal();
}
