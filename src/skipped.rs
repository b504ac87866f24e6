//! Tests that cannot run on a machine say so, also where they pass.

use std::fmt::Display;
use std::io::Write;

/// Tells on standard error why the test that runs on this thread is skipped.
///
/// Not by `eprintln!`, which the test runner keeps for itself as long as tests pass.
pub fn skipped(reason: impl Display) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let _ = writeln!(std::io::stderr(), "{test} is skipped: {reason}");
}
