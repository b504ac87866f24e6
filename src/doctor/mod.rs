//! Finds out whether this machine, this folder and this cache are fit for runs, and says what to do where they are not.

mod cache_folder;
mod check;
mod file_system;
mod leftovers;
mod limits;
mod machine;

pub use check::{Check, State};

use std::path::Path;

/// Checks everything but corpora and devices. The cache, which need not exist, is only looked at; a file is written beside
/// or inside it for a moment, to try locks and clocks.
pub fn examine(cache: &Path, runs: &Path) -> Vec<Check> {
    let mut checks = machine::checks();
    checks.extend(limits::checks());
    checks.extend(cache_folder::checks(cache));
    checks.extend(file_system::checks(cache, runs));
    checks.extend(leftovers::checks(cache));
    checks
}
