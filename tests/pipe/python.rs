//! The Python with the packages of `tests/requirements.txt`, which reads what other programs are to read.

use std::path::{Path, PathBuf};
use std::process::Command;

use pipe_foundation::test_support::skipped;

/// The Python in `target/python`; none, and said so, where it is not there or cannot import `modules`.
pub fn python(modules: &str) -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python");
    let has_them = Command::new(&python)
        .args(["-c", &format!("import {modules}")])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_them {
        skipped(format_args!(
            "{} with {modules} is not there",
            python.display()
        ));
    }
    has_them.then_some(python)
}
