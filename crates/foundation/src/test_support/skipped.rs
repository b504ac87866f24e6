//! Tests that cannot run on a machine say so, also where they pass.

use std::fmt::Display;
use std::io::Write;
use std::sync::Mutex;

use crate::sync::lock;

/// Prints to standard error, once, why the test that runs on this thread is skipped.
///
/// Not by `eprintln!`, whose output the test runner captures while tests pass.
pub fn skipped(reason: impl Display) {
    static PRINTED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let thread = std::thread::current();
    let line = format!("{} is skipped: {reason}", thread.name().unwrap_or("a test"));
    let mut printed = lock(&PRINTED);
    if !printed.contains(&line) {
        let _ = writeln!(std::io::stderr(), "{line}");
        printed.push(line);
    }
}
