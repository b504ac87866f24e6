//! Tells the program which commit it is built from, where that is known.

use std::path::Path;
use std::process::Command;

fn main() {
    for path in ["src", "crates", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let mut version = env!("CARGO_PKG_VERSION").to_owned();
    if let Some(commit) = commit() {
        println!("cargo::rustc-env=PIPE_COMMIT={commit}");
        version.push_str(&format!(" ({commit})"));
    }
    println!("cargo::rustc-env=PIPE_VERSION={version}");
}

/// The commit that is checked out, with `-edited` where sources were edited since.
fn commit() -> Option<String> {
    // Only a checkout of this project knows; the sources may also lie in somebody else's.
    if !Path::new(".git").exists() {
        return None;
    }
    // Every commit and checkout adds a line to it.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    let mut commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let edited = [
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        "src",
        "crates",
    ];
    if !git(&edited)?.is_empty() {
        commit.push_str("-edited");
    }
    Some(commit)
}

/// What git says; none where there is no git.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
