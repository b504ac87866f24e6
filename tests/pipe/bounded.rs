//! The binary with little memory and an end: what takes more than either fails its test, on a busy machine too.

use std::fs::File;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use super::workspace::Workspace;

/// What the binary may allocate, in KiB: 300 MB.
const MEMORY_KIB: u64 = 300_000_000 / 1024;
/// What does not end by itself is killed after so long, which nothing here comes near to on a machine that has other
/// work to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// How the binary ended, and what it wrote.
pub struct Ended {
    /// None when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// Runs the binary in `space` within the bounds.
pub fn run(space: &Workspace, arguments: &[&str]) -> Ended {
    // Of the processes of a shell only this one is bounded, and what it starts.
    let script = format!("ulimit -d {MEMORY_KIB}; exec \"$0\" \"$@\"");
    run_script(space, &script, arguments)
}

/// As [`run`], for what takes more memory because it is asked for.
pub fn run_large(space: &Workspace, arguments: &[&str]) -> Ended {
    run_script(space, "exec \"$0\" \"$@\"", arguments)
}

/// Runs a script of the shell, in which `"$0" "$@"` are the binary and `arguments`.
pub fn run_script(space: &Workspace, script: &str, arguments: &[&str]) -> Ended {
    let output = |name: &str| File::create(space.join(name)).unwrap();
    let mut command = space.script(script, arguments);
    // Files take any amount without anybody reading them.
    command.stdout(output("stdout")).stderr(output("stderr"));
    let status = wait(&mut command, arguments);
    let written = |name: &str| {
        String::from_utf8_lossy(&std::fs::read(space.join(name)).unwrap()).into_owned()
    };
    let ended = Ended {
        code: status.code(),
        stdout: written("stdout"),
        stderr: written("stderr"),
    };
    for failure in ["panicked", "overflow", "memory allocation"] {
        assert!(
            !ended.stderr.contains(failure),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
    ended
}

fn wait(command: &mut Command, arguments: &[&str]) -> ExitStatus {
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{arguments:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Standard error of the binary, which must refuse what it is told within the bounds: it exits with 2.
pub fn refused(space: &Workspace, arguments: &[&str]) -> String {
    let ended = run(space, arguments);
    assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.stderr);
    let longest = ended.stderr.lines().map(|line| line.chars().count()).max();
    assert!(longest < Some(500), "{}", ended.stderr);
    assert!(ended.stderr.len() < 100_000, "{}", ended.stderr.len());
    ended.stderr
}

/// Standard output of the binary, which must do what it is told within the bounds.
pub fn told(space: &Workspace, arguments: &[&str]) -> String {
    let ended = run(space, arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
    ended.stdout
}

/// Whether `told` has `words`, however it is wrapped.
pub fn assert_says(told: &str, words: &str) {
    let unwrapped = |text: &str| -> String {
        let text = text.replace(['│', '·'], " ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(
        unwrapped(told).contains(&unwrapped(words)),
        "{words}: {told}"
    );
}
