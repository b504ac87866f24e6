//! Runs that the system refuses memory, threads or large files: a sentence and an exit code, and the next run continues.

use pipe_foundation::test_support::skipped;

use super::somebody::Somebody;
use super::workspace::Workspace;

/// What the shell's `ulimit` refuses ends a run with a sentence and an exit code, and the next one continues.
fn under_limits(limits: &[String], more: &str) {
    let space = Workspace::with_corpus(12);
    let wanted = Workspace::with_corpus(12)
        .run_well("pipe.toml")
        .key("count");
    let mut codes = Vec::new();
    for (number, limit) in limits.iter().enumerate() {
        let folders = format!("--cache cache{number} --runs runs{number}");
        let script = format!("{limit}; exec \"$0\" run pipe.toml {more} {folders}");
        let output = space.script(&script, &[]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        for words in ["panicked", "left out", "set aside by"] {
            assert!(!stderr.contains(words), "{limit}: {words}: {stderr}");
        }
        // None where the program was ended by a signal, or never came to its first line.
        let code = output.status.code();
        assert!(code.is_some(), "{limit}: {:?}: {stderr}", output.status);
        if code != Some(0) {
            assert!(!stderr.trim().is_empty(), "{limit}: {code:?}");
        }
        codes.push(code);
        let arguments = [
            "--cache",
            &format!("cache{number}"),
            "--runs",
            &format!("runs{number}"),
        ];
        let again = space.run("pipe.toml", &arguments);
        assert_eq!(
            again.code,
            Some(0),
            "{limit}: {:?} {}",
            again.events,
            again.stderr
        );
        assert_eq!(again.key("count"), wanted);
    }
    assert_ne!(codes.first(), Some(&Some(0)), "{codes:?}");
    assert_eq!(codes.last(), Some(&Some(0)), "{codes:?}");
}

#[test]
fn a_run_that_is_refused_memory_says_so() {
    let space = Workspace::new();
    // The least with which the program comes to its first line; how much that is depends on the build.
    let starts = |megabytes: &u32| {
        let script = format!("ulimit -v {}; exec \"$0\" --version", megabytes * 1024);
        let output = space.script(&script, &[]).output().unwrap();
        output.status.success()
    };
    let least = (1..500).find(starts).unwrap();
    let megabytes = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 4000].map(|more| least + more);
    under_limits(
        &megabytes.map(|size| format!("ulimit -v {}", size * 1024)),
        "--jobs 2",
    );
}

#[test]
fn a_run_that_may_write_no_large_files_says_so() {
    let blocks = [0, 1, 2, 4, 8, 16, 100_000];
    under_limits(&blocks.map(|count| format!("ulimit -f {count}")), "");
}

/// Limits on processes are not for the superuser, so somebody else runs it.
#[test]
fn a_run_that_is_refused_threads_says_so() {
    if !rustix::process::getuid().is_root() {
        skipped("only the superuser can run a program as somebody else");
        return;
    }
    let space = Workspace::with_corpus(12);
    space.run_well("pipe.toml");
    let wanted = space.files("runs");
    let somebody = Somebody::new(&space);
    let mut codes = Vec::new();
    for limit in [1, 2, 3, 4, 5, 6, 8, 12, 40] {
        let folders = format!("--cache cache{limit} --runs runs{limit}");
        let script = format!("ulimit -u {limit}; exec ./program run pipe.toml --jobs 4 {folders}");
        let output = somebody
            .command("bash")
            .args(["-c", &script])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        for words in ["panicked", "internal error", "left out", "set aside by"] {
            assert!(!stderr.contains(words), "{limit}: {words}: {stderr}");
        }
        let code = output.status.code();
        assert!(code.is_some(), "{limit}: {:?}: {stderr}", output.status);
        if code == Some(0) {
            assert!(space.files(&format!("runs{limit}")) == wanted, "{limit}");
        } else {
            assert!(!stderr.trim().is_empty(), "{limit}: {code:?}");
        }
        codes.push(code);
    }
    assert_ne!(codes.first(), Some(&Some(0)), "{codes:?}");
    assert_eq!(codes.last(), Some(&Some(0)), "{codes:?}");
}
