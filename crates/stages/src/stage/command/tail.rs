//! The last lines of what a program writes.

use std::io::Read;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long the last output may take to arrive after all that could write it has ended.
const LAST_OUTPUT: Duration = Duration::from_millis(500);
/// Lines of each stream that are kept.
const LINES: usize = 20;

/// The output of a running program, read to the end so that it never waits.
pub struct Tails(Receiver<(usize, String)>);

impl Tails {
    /// Reads both streams of `child`, each on a thread of its own.
    ///
    /// # Errors
    /// When the system refuses the threads.
    pub fn of(child: &mut Child) -> std::io::Result<Self> {
        let (sender, tails) = channel();
        let stdout = child.stdout.take();
        let stderr = child.stderr.take();
        let streams = [
            stdout.map(|stream| Box::new(stream) as Box<dyn Read + Send>),
            stderr.map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        ];
        for (number, stream) in streams.into_iter().flatten().enumerate() {
            let sender = sender.clone();
            // Nobody waits for it any more when the sending fails.
            std::thread::Builder::new().spawn(move || drop(sender.send((number, tail(stream)))))?;
        }
        Ok(Self(tails))
    }

    /// The last lines of both streams. All that could write has ended, except for what could not be ended, which is
    /// not worth waiting for.
    pub fn collect(self) -> String {
        let mut found = [String::new(), String::new()];
        while let Ok((stream, tail)) = self.0.recv_timeout(LAST_OUTPUT) {
            found[stream] = tail;
        }
        found.concat()
    }
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
    let last = lines[lines.len().saturating_sub(LINES)..].iter();
    last.map(|line| format!("{line}\n")).collect()
}
