//! The signals that ask a process to end.

use std::path::Path;

use pipe_foundation::regular_file;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// SIGINT, SIGTERM, SIGQUIT, and SIGHUP unless it was ignored when the process started, as under `nohup`.
pub fn signals() -> Vec<i32> {
    let mut signals = vec![SIGINT, SIGTERM, SIGQUIT];
    if !is_ignored(SIGHUP) {
        signals.push(SIGHUP);
    }
    signals
}

/// Whether the process ignores `signal`, according to the kernel; false where it does not say.
fn is_ignored(signal: i32) -> bool {
    let status = regular_file::read_whole_text(Path::new("/proc/self/status")).unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
