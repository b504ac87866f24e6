//! What stays in the cache and what goes: down to a size or an age, with runs that are pinned, beside runs in progress.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pipe_engine::cache::{Records, StepOutput};
use pipe_foundation::system::RealSystem;

use super::trust::wait_until;
use super::workspace::{Run, Workspace};

/// A megabyte per run.
const MANIFEST: &str = r#"
[vars]
byte = "a"

[stage.made]
kind = "command"
run = "head -c 1000000 /dev/zero | tr '\\0' ${byte} > {out}/made.bin"
outputs = ["made.bin"]

[stage.counted]
kind = "command"
inputs = { made = "made" }
run = "cut -c 1-3 {made}/made.bin > {out}/counted.txt"
outputs = ["counted.txt"]
"#;

const BYTES: [&str; 5] = ["a", "b", "c", "d", "e"];

#[expect(clippy::disallowed_methods, reason = "files are dated in the past")]
fn days_ago(days: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60 + 60)
}

/// Five runs with other results, the latest with `e`; each was done a day after the one before.
fn space() -> Workspace {
    let space = Workspace::with_manifest("pipe.toml", MANIFEST);
    for byte in BYTES {
        run(&space, byte);
    }
    for (index, byte) in BYTES.iter().enumerate() {
        let days = (BYTES.len() - index) as u64;
        for path in files_of(&space, byte, index as u64 + 1) {
            let file = fs::File::open(&path).unwrap();
            file.set_modified(days_ago(days)).unwrap();
        }
    }
    space
}

fn run(space: &Workspace, byte: &str) -> Vec<String> {
    let run = space.run("pipe.toml", &["--set", &format!("vars.byte=\"{byte}\"")]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    run.executed()
}

/// What the cache holds of the run with `byte`.
fn files_of(space: &Workspace, byte: &str, number: u64) -> Vec<PathBuf> {
    let content = byte.repeat(1_000_000);
    let objects = [content.as_str(), &format!("{}\n", byte.repeat(3))].map(|content| {
        let hex = pipe_foundation::Digest::of(content.as_bytes()).hex();
        space.join(&format!("cache/objects/{}/{hex}", &hex[..2]))
    });
    let records = Records::new(Arc::new(RealSystem), space.join("cache/steps"), None);
    let made = |content: &str| pipe_foundation::Digest::of(content.as_bytes());
    let digests = [made(&content), made(&format!("{}\n", byte.repeat(3)))];
    let of_byte = |path: &PathBuf| match records.read(path).unwrap().whole().unwrap().output {
        StepOutput::Files(files) => digests.contains(&files.files[0].digest),
        StepOutput::Items { .. } => false,
    };
    let mut files: Vec<PathBuf> = records
        .paths()
        .unwrap()
        .into_iter()
        .filter(of_byte)
        .collect();
    assert_eq!(files.len(), 2, "{byte}");
    files.extend(objects);
    files.push(space.join(&format!("cache/runs/pipe/{number:06}.json")));
    files.into_iter().filter(|path| path.exists()).collect()
}

/// Which of the results are in the cache.
fn there(space: &Workspace) -> String {
    let is_there = |byte: &&&str| {
        let hex = pipe_foundation::Digest::of(byte.repeat(1_000_000).as_bytes()).hex();
        space
            .join(&format!("cache/objects/{}/{hex}", &hex[..2]))
            .exists()
    };
    BYTES.iter().filter(is_there).copied().collect()
}

fn gc(space: &Workspace, more: &[&str], code: i32) -> String {
    space.stdout_of_exit(&[&["cache", "gc"], more].concat(), code)
}

#[test]
fn results_go_oldest_first_until_the_rest_fits() {
    let space = space();
    assert_eq!(there(&space), "abcde");
    let text = gc(&space, &["--max-size", "10MB"], 0);
    assert!(text.starts_with("nothing to remove\n"), "{text}");
    let dry = gc(&space, &["--max-size", "3.5MB", "--dry-run"], 0);
    assert!(
        dry.contains("would be removed") && dry.contains("would stay"),
        "{dry}"
    );
    assert_eq!(there(&space), "abcde");
    let text = gc(&space, &["--max-size", "3.5MB"], 0);
    assert_eq!(there(&space), "cde");
    assert_eq!(
        text,
        dry.replace("would be removed", "removed")
            .replace("would stay", "stays")
    );
    assert!(space.bytes("cache") <= 3_500_000);
    // What stays is whole, and a run that went is made again.
    assert_eq!(space.pipe(&["cache", "verify"]).status.code(), Some(0));
    assert_eq!(run(&space, "d"), [""; 0]);
    assert_eq!(run(&space, "e"), [""; 0]);
    assert_eq!(run(&space, "b"), ["made", "counted"]);
}

#[test]
fn the_latest_run_stays_whatever_the_size() {
    let space = space();
    let text = gc(&space, &["--max-size", "0.5MB"], 1);
    assert_eq!(there(&space), "e");
    let reason =
        "that is more than 500.0 kB, but it is needed by the latest run of each manifest\n";
    assert!(text.ends_with(reason), "{text}");
    assert_eq!(run(&space, "e"), [""; 0]);
}

#[test]
fn pinned_runs_stay_until_they_are_unpinned() {
    let space = space();
    assert_eq!(space.stdout(&["cache", "pin", "pipe:2"]), "pinned pipe:2\n");
    assert_eq!(space.stdout(&["cache", "pin"]), "pipe:2\n");
    let text = gc(&space, &["--max-size", "1.5MB"], 1);
    assert_eq!(there(&space), "be");
    assert!(text.contains("and 1 pinned run"), "{text}");
    space.stdout(&["cache", "prune", "--keep-runs", "1"]);
    assert_eq!(there(&space), "be");
    assert_eq!(
        space.stdout(&["cache", "unpin", "pipe:2"]),
        "unpinned pipe:2\n"
    );
    let error = space.refused(&["cache", "unpin", "pipe:2"]);
    assert!(error.contains("pipe:2 is not pinned"), "{error}");
    gc(&space, &["--max-size", "1.5MB"], 0);
    assert_eq!(there(&space), "e");
    // A damaged pin could be of anything.
    space.stdout(&["cache", "pin", "pipe"]);
    let pin = fs::read_dir(space.join("cache/pins"))
        .unwrap()
        .next()
        .unwrap();
    fs::write(pin.unwrap().path(), "{}").unwrap();
    assert_eq!(
        space.pipe(&["cache", "gc", "--max-age", "0"]).status.code(),
        Some(3)
    );
}

#[test]
fn what_is_older_than_an_age_goes() {
    let space = space();
    gc(&space, &["--max-age", "9"], 0);
    assert_eq!(there(&space), "abcde");
    gc(&space, &["--max-age", "3"], 0);
    assert_eq!(there(&space), "de");
    gc(&space, &["--max-age", "0", "--keep-runs", "2"], 0);
    assert_eq!(there(&space), "de");
    gc(&space, &["--max-age", "0"], 0);
    assert_eq!(there(&space), "e");
    let usage = space.refused(&["cache", "gc"]);
    assert!(usage.contains("--max-size"), "{usage}");
}

#[test]
fn the_latest_run_always_stays() {
    let space = space();
    for command in [&["prune"][..], &["gc", "--max-age", "0"]] {
        let none = [&["cache"], command, &["--keep-runs", "0"]].concat();
        let told = space.refused(&none);
        assert!(
            told.contains("the latest run of each manifest always stays"),
            "{told}"
        );
    }
}

#[test]
fn no_lock_files_are_left() {
    let space = space();
    let locks = || -> Vec<String> {
        let entries = fs::read_dir(space.join("cache/locks")).unwrap().flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    };
    // Those of steps go with the steps.
    let is_step = |name: &String| pipe_foundation::Digest::parse(name).is_some();
    assert!(!locks().iter().any(is_step), "{:?}", locks());
    gc(&space, &["--max-age", "99"], 0);
    assert_eq!(locks(), ["in-use"]);
}

#[test]
fn a_damaged_version_is_repaired_and_another_is_refused() {
    let space = space();
    for damaged in ["", "pipe cache", "p\u{0}pe cache 1\n", "pipe cache one\n"] {
        space.write("cache/VERSION", damaged);
        // Commands that only look put up with it.
        space.stdout(&["runs"]);
        assert_eq!(space.read("cache/VERSION"), damaged);
        let run = space.run("pipe.toml", &["--set", "vars.byte=\"e\""]);
        assert_eq!(
            (run.code, run.executed().len()),
            (Some(0), 0),
            "{damaged:?}"
        );
        let warnings = run.events_of("warning");
        let message = warnings[0]["message"].as_str().unwrap();
        assert!(
            message.starts_with("cache/VERSION was damaged"),
            "{message}"
        );
        assert_eq!(space.read("cache/VERSION"), "pipe cache 1\n");
    }
    for entry in fs::read_dir(space.join("cache/steps")).unwrap() {
        fs::write(entry.unwrap().path(), "of another format").unwrap();
    }
    for other in ["pipe cache 2\n", "something else\n"] {
        space.write("cache/VERSION", other);
        let run = space.pipe(&["run", "pipe.toml"]);
        assert_eq!(run.status.code(), Some(3), "{other}");
        assert_eq!(space.read("cache/VERSION"), other);
    }
}

#[test]
fn beside_a_run_nothing_goes_that_it_could_need() {
    let space = space();
    space.write(
        "slow.toml",
        "[stage.slow]\nkind = \"command\"\nrun = \"echo $$ > held; until test -e go; do sleep 0.02; done; echo done > {out}/done.txt\"\noutputs = [\"done.txt\"]\n",
    );
    let mut command = space.command(&["run", "slow.toml", "--json"]);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    wait_until("the program", || space.join("held").exists());
    let text = gc(&space, &["--max-size", "0.5MB"], 1);
    assert!(
        text.contains("try again when no run is in progress"),
        "{text}"
    );
    assert_eq!(there(&space), "abcde");
    space.write("go", "");
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(0), "{:?}", run.events);
    gc(&space, &["--max-size", "0.5MB"], 1);
    assert_eq!(there(&space), "e");
    assert_eq!(space.run_well("slow.toml").steps(), (0, 1, 0));
}

#[test]
fn a_file_called_version_that_is_no_caches_is_left_alone() {
    let space = Workspace::new();
    space.write("VERSION", "1.2.3\n");
    for arguments in [
        &["--cache", ".", "cache", "prune"][..],
        &["--cache", ".", "cache", "gc"],
    ] {
        let output = space.pipe(arguments);
        assert!(!output.status.success(), "{arguments:?}: {output:?}");
        assert_eq!(space.read("VERSION"), "1.2.3\n");
    }
}
