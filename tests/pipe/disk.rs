//! Caches on a full disk, on a read-only one, and of another format.

use std::fs;
use std::path::Path;
use std::process::Command;

use pipe_foundation::test_support::skipped;

use super::workspace::{Run, Workspace};

/// A small file system of its own, gone when dropped.
struct Disk<'a> {
    folder: &'a Path,
}

impl<'a> Disk<'a> {
    /// Mounts one of `bytes`; none where that is not allowed.
    fn mount(folder: &'a Path, bytes: u64) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let size = format!("size={bytes}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder)
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { folder });
        }
        skipped("file systems cannot be mounted here");
        None
    }

    fn change(&self, options: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(self.folder)
            .status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        // Lazily: a file that is still open must not keep it.
        let _ = Command::new("umount").arg("-l").arg(self.folder).status();
    }
}

fn said(run: &Run) -> String {
    let events: Vec<String> = run.events.iter().map(ToString::to_string).collect();
    events.join("\n") + &run.stderr
}

#[test]
fn a_full_disk_ends_the_run_and_nothing_half_written_counts() {
    let space = Workspace::with_corpus(30);
    let wanted = space.run_well("pipe.toml");
    let results = space.files("runs");
    let mut full = 0;
    for pages in [
        0, 1, 2, 4, 8, 12, 16, 20, 22, 24, 25, 26, 27, 28, 29, 30, 32,
    ] {
        let folder = space.join(&format!("disk-{pages}"));
        let Some(disk) = Disk::mount(&folder, (pages + 3) * 4096) else {
            return;
        };
        let cache = folder.join("cache");
        let arguments = ["--cache", cache.to_str().unwrap()];
        fs::remove_dir_all(space.join("runs")).unwrap();
        let run = space.run("pipe.toml", &arguments);
        let told = format!("{pages} pages: {:?} {}", run.code, said(&run));
        match run.code {
            Some(0) => {}
            // A stage whose own file did not fit, or the cache.
            Some(1 | 3) => {
                full += 1;
                assert!(told.contains("disk-"), "{told}");
                assert!(told.to_lowercase().contains("no space"), "{told}");
            }
            _ => panic!("{told}"),
        }
        if run.code == Some(3) {
            let error = run.events.last().unwrap();
            assert_eq!(error["event"], "error", "{told}");
            assert_eq!(error["code"], "cache::write", "{told}");
            assert!(error["message"].as_str().unwrap().contains("disk-"));
        }
        disk.change("size=8m");
        let rerun = space.run("pipe.toml", &arguments);
        assert_eq!(rerun.code, Some(0), "{told}\n{}", said(&rerun));
        for step in ["speech", "audio", "fbank", "count"] {
            assert_eq!(rerun.key(step), wanted.key(step));
        }
        assert!(space.files("runs") == results, "{told}: other results");
        let output = space.pipe(&[&["cache", "verify"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{told}\n{output:?}");
    }
    assert!(full > 5, "the disk was full {full} times only");
}

#[test]
fn a_cache_on_a_read_only_disk_is_used_and_not_written() {
    let space = Workspace::with_corpus(4);
    let folder = space.join("disk");
    let Some(disk) = Disk::mount(&folder, 1 << 20) else {
        return;
    };
    let cache = folder.join("cache");
    let arguments = ["--cache", cache.to_str().unwrap()];
    assert_eq!(space.run("pipe.toml", &arguments).code, Some(0));
    disk.change("ro");
    for (more, steps) in [
        (&[][..], (0, 4, 0)),
        (&["--set", "fbank.bins=20"], (2, 2, 0)),
        (&["--set", "fbank.bins=20"], (2, 2, 0)),
    ] {
        let run = space.run("pipe.toml", &[&arguments[..], more].concat());
        assert_eq!(run.code, Some(0), "{}", said(&run));
        assert_eq!(run.steps(), steps);
        let message = run.events_of("warning")[0]["message"].as_str().unwrap();
        assert!(message.contains(cache.to_str().unwrap()), "{message}");
        assert!(message.contains("Read-only file system"), "{message}");
    }
    disk.change("rw");
    let run = space.run("pipe.toml", &arguments);
    assert_eq!(run.steps(), (0, 4, 0));
}

#[test]
fn a_cache_of_another_format_is_refused_and_left_alone() {
    let space = Workspace::with_corpus(4);
    space.run_well("pipe.toml");
    space.write("cache/VERSION", "pipe cache 999\n");
    let before = space.files("cache");
    for arguments in [
        &["run", "pipe.toml", "--json"][..],
        &["plan", "pipe.toml", "--json"],
        &["why", "pipe.toml", "--json"],
        &["cache", "verify", "--json"],
    ] {
        let run = Run::of(space.pipe(arguments));
        assert_eq!(run.code, Some(3), "{arguments:?}: {}", said(&run));
        let error = run.events.last().unwrap();
        assert_eq!(error["code"], "cache::version");
        assert!(error["help"].as_str().unwrap().contains("--cache"));
    }
    assert!(space.files("cache") == before);
    space.write("cache/VERSION", "pipe cache 1\n");
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
}

#[test]
fn events_that_cannot_be_written_are_an_error_and_the_run_is_done() {
    let space = Workspace::with_corpus(4);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = space.command(&["run", "pipe.toml", "--json"]);
    let output = command.stdout(full).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("events could not be written to standard output: No space"),
        "{stderr}"
    );
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
}
