//! A cache that cannot be written: its results are used, what is missing is computed and not stored; and commands that only
//! look never write.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::somebody::{Somebody, permit};
use super::workspace::{Run, Workspace};

/// A cache that its user cannot write, until dropped.
struct ReadOnly<'a> {
    space: &'a Workspace,
    user: Somebody<'a>,
}

impl<'a> ReadOnly<'a> {
    fn new(space: &'a Workspace) -> Self {
        let user = Somebody::new(space);
        permit(&space.join("cache"), 0o555, 0o444);
        Self { space, user }
    }

    /// As [`Workspace::pipe`].
    fn pipe(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = self.user.command("./program");
        command.args(arguments).output().unwrap()
    }

    fn run(&self, more: &[&str]) -> Run {
        Run::of(self.pipe(&[&["run", "pipe.toml", "--json"], more].concat()))
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        permit(&self.space.join("cache"), 0o755, 0o644);
    }
}

/// Everything in a folder, with when it was changed: a file that came and went changes its folder.
fn state(folder: &Path) -> BTreeMap<PathBuf, (i64, i64, u64)> {
    let entries = walkdir::WalkDir::new(folder).into_iter();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            let found = entry.metadata().unwrap();
            let state = (found.mtime(), found.mtime_nsec(), found.len());
            (entry.into_path(), state)
        })
        .collect()
}

/// Another program with another result over the same items.
const MORE: &[&str] = &[
    "--set",
    "count.run=\"cat {features}/* | sha256sum > {out}/count.txt\"",
];

/// The folder of results of a run with [`MORE`] and more bins.
const CHANGED: &str =
    "count.run=\"cat {features}%2F* | sha256sum > {out}%2Fcount.txt\",fbank.bins=30";

#[test]
fn a_run_of_hits_works_with_a_warning() {
    let space = Workspace::with_corpus(6);
    space.run_well("pipe.toml");
    let cache = space.join("cache");
    let count = space.read("runs/pipe/count/count.txt");
    fs::remove_dir_all(space.join("runs")).unwrap();
    let read_only = ReadOnly::new(&space);
    let before = state(&cache);
    let run = read_only.run(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.executed(), [""; 0]);
    let warnings = run.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].starts_with("the cache cache cannot be written (Permission denied"),
        "{warnings:?}"
    );
    assert_eq!(space.read("runs/pipe/count/count.txt"), count);
    assert!(state(&cache) == before);
}

/// Nothing at all may be written, as on a medium or in the folder of somebody else.
#[test]
fn a_project_that_may_not_be_written_is_run_from_its_cache() {
    let space = super::bundles::exported();
    let page = "runs/study/report/report.html";
    fs::remove_file(space.join(page)).unwrap();
    let user = Somebody::new(&space);
    permit(&space.join("cache"), 0o555, 0o444);
    permit(&space.join("runs"), 0o555, 0o444);
    let mut command = user.command("./program");
    command.args(["run", "pipelines/study.toml"]);
    let output = command.output().unwrap();
    for folder in ["cache", "runs"] {
        permit(&space.join(folder), 0o755, 0o644);
    }
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains(&format!(
            "warning: {page} was not written: Permission denied"
        )),
        "{told}"
    );
}

/// What is computed and can be put nowhere is no success.
#[test]
fn results_that_can_be_put_nowhere_are_reported() {
    let space = Workspace::with_corpus(4);
    space.run_well("pipe.toml");
    let user = Somebody::new(&space);
    let run = |more: &[&str]| {
        permit(&space.join("cache"), 0o555, 0o444);
        permit(&space.join("runs"), 0o555, 0o444);
        let mut command = user.command("./program");
        let output = command
            .args([&["run", "pipe.toml"], more].concat())
            .output();
        let doctor = user.command("./program").arg("doctor").output();
        for folder in ["cache", "runs"] {
            permit(&space.join(folder), 0o755, 0o644);
        }
        assert_eq!(doctor.unwrap().status.code(), Some(0));
        let output = output.unwrap();
        let told = [output.stderr, output.stdout].concat();
        let told = String::from_utf8_lossy(&told).into_owned();
        (output.status.code(), told)
    };
    let hits = run(&[]);
    assert_eq!(hits.0, Some(0), "{}", hits.1);
    let (code, told) = run(MORE);
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("results of 1 step were computed and could be put nowhere: neither runs nor the cache cache can be written"),
        "{told}"
    );
    let (code, told) = run(&[MORE, &["--json"]].concat());
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("\"lost\":1"), "{told}");
    // Elsewhere there is a place.
    let elsewhere = [MORE, &["--runs", "temporary/runs"]].concat();
    let (code, told) = run(&elsewhere);
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn a_project_without_a_cache_that_may_not_be_written_is_reported_once() {
    let space = Workspace::with_corpus(3);
    let user = Somebody::new(&space);
    let permissions = |mode| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(space.path(), permissions).unwrap();
    };
    permissions(0o555);
    let output = user
        .command("./program")
        .args(["run", "pipe.toml"])
        .output();
    permissions(0o755);
    let output = output.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert_eq!(told.matches("Permission denied").count(), 1, "{told}");
}

#[test]
fn what_is_missing_is_computed_and_not_stored() {
    let space = Workspace::with_corpus(6);
    space.run_well("pipe.toml");
    let expected = Workspace::with_corpus(6);
    let wanted = expected.run("pipe.toml", MORE);
    // Items too: one recording is new, and one step of them.
    for space in [&space, &expected] {
        space.tone("corpora/made/audio/0006.wav", 16_000, 0.3, 200.0);
        space.table(7);
    }
    let more = &[MORE, &["--set", "fbank.bins=30"]].concat();
    let whole = expected.run("pipe.toml", more);
    assert_eq!((wanted.code, whole.code), (Some(0), Some(0)));
    let cache = space.join("cache");
    let read_only = ReadOnly::new(&space);
    let before = state(&cache);
    for _ in 0..2 {
        let run = read_only.run(more);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.executed().contains(&"count".into()), "{:?}", run.events);
        assert_eq!(run.key("count"), whole.key("count"));
        assert_eq!(
            space.read(&format!("runs/pipe/{CHANGED}/count/count.txt")),
            expected.read(&format!("runs/pipe/{CHANGED}/count/count.txt"))
        );
        assert!(state(&cache) == before);
    }
    // What was there is reused, item by item.
    let run = read_only.run(MORE);
    assert_eq!(run.items(), (3, 18), "{:?}", run.finished());
    assert_eq!(fs::read_dir(space.join("temporary")).unwrap().count(), 0);
}

#[test]
fn commands_that_only_look_never_write() {
    let space = Workspace::with_corpus(6);
    let looks: &[&[&str]] = &[
        &["plan", "pipe.toml"],
        &["why", "pipe.toml"],
        &["why", "pipe.toml", "--step", "count"],
    ];
    for look in looks {
        space.stdout(look);
        assert!(!space.join("cache").exists(), "{look:?}");
    }
    space.run_well("pipe.toml");
    space.run("pipe.toml", MORE);
    space.edit("corpora/made/table.csv", "happy", "sad");
    let more: &[&[&str]] = &[
        &["runs"],
        &["show", "pipe"],
        &["diff", "pipe~1", "pipe"],
        &["graph", "pipe.toml"],
        &["cache", "du"],
        &["cache", "verify"],
        &["cache", "prune", "--dry-run", "--keep-runs", "1"],
    ];
    let before = state(&space.join("cache"));
    for look in looks.iter().chain(more) {
        space.stdout(look);
        assert!(state(&space.join("cache")) == before, "{look:?}");
    }
    let written: Vec<String> = looks
        .iter()
        .chain(more)
        .map(|look| space.stdout(look))
        .collect();
    let read_only = ReadOnly::new(&space);
    for (look, written) in looks.iter().chain(more).zip(written) {
        let output = read_only.pipe(look);
        assert_eq!(output.status.code(), Some(0), "{look:?}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), written, "{look:?}");
    }
    // What would have to write looks at no other cache instead.
    for writes in [
        &["cache", "verify", "--repair"][..],
        &["cache", "pin", "pipe"],
        &["cache", "prune"],
        &["cache", "gc", "--max-age", "1"],
    ] {
        let output = read_only.pipe(writes);
        assert_eq!(output.status.code(), Some(3), "{writes:?}: {output:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("cache::write"), "{writes:?}: {told}");
    }
}
