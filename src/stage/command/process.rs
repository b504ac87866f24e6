//! A running program: waiting for its end, ending all that it started, and what it wrote last.

use std::io::Read;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use pipe_foundation::progress::Progress;

use super::CommandError;

/// How long programs may live on after the one that started them.
const LEFT_BEHIND: Duration = Duration::from_millis(200);

/// Waits for the child; on interruption its whole process group is ended.
pub fn wait(
    child: &mut Child,
    progress: &dyn Progress,
) -> Result<std::process::ExitStatus, CommandError> {
    let mut pause = Duration::from_micros(200);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Err(reason) => {
                return Err(CommandError::Start {
                    program: "the command".into(),
                    reason,
                });
            }
            Ok(None) if progress.interrupted() => {
                kill_group(child);
                let _ = child.wait();
                return Err(CommandError::Stopped);
            }
            Ok(None) => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(20));
            }
        }
    }
}

fn kill_group(child: &Child) {
    if let Some(group) = rustix::process::Pid::from_raw(child.id() as i32) {
        // Nobody is left to be killed when it fails.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// What the program wrote last. Programs that it left behind keep the streams open: they are ended.
pub fn collect(child: &Child, tails: &Receiver<(usize, String)>) -> String {
    let mut found = [String::new(), String::new()];
    let mut patience = LEFT_BEHIND;
    loop {
        match tails.recv_timeout(patience) {
            Ok((stream, tail)) => found[stream] = tail,
            Err(RecvTimeoutError::Timeout) if patience == LEFT_BEHIND => {
                kill_group(child);
                patience = LEFT_BEHIND * 2;
            }
            // All ended, or one has left the group: its output is not worth waiting for.
            Err(_) => return found.concat(),
        }
    }
}

/// Reads a stream to its end on a thread of its own and sends the last lines.
pub fn tail_of(number: usize, mut stream: Box<dyn Read + Send>, sender: Sender<(usize, String)>) {
    std::thread::spawn(move || {
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
        let tail = lines[lines.len().saturating_sub(20)..]
            .iter()
            .map(|line| format!("{line}\n"))
            .collect();
        // Nobody waits for it any more when that fails.
        let _ = sender.send((number, tail));
    });
}
