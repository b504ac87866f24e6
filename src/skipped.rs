//! Tests that cannot run on a machine say so, also where they pass.

use std::fmt::Display;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

/// Tells on standard error, once, why the test that runs on this thread is skipped.
///
/// Not by `eprintln!`, which the test runner keeps for itself as long as tests pass.
pub fn skipped(reason: impl Display) {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let thread = std::thread::current();
    let line = format!("{} is skipped: {reason}", thread.name().unwrap_or("a test"));
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if !told.contains(&line) {
        let _ = writeln!(std::io::stderr(), "{line}");
        told.push(line);
    }
}
