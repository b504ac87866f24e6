//! A bit that flips on the disk, under times that stay as they were: no result is made from it, and none that was stays.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use pipe_engine::cache::log::Log;
use pipe_foundation::Digest;

use super::workspace::Workspace;

const MANIFEST: &str = r#"
[stage.made]
kind = "command"
run = "echo made >> calls; echo content > {out}/made.txt"
outputs = ["made.txt"]

[stage.taken]
kind = "command"
inputs = { made = "made" }
run = "sed s/^/taken:/ {made}/made.txt > {out}/taken.txt"
outputs = ["taken.txt"]

[stage.last]
kind = "command"
inputs = { taken = "taken" }
run = "sed s/^/last:/ {taken}/taken.txt > {out}/last.txt"
outputs = ["last.txt"]

[stage.apart]
kind = "command"
run = "echo apart > {out}/apart.txt"
outputs = ["apart.txt"]
"#;

const NEW: &str = r#"
[stage.new]
kind = "command"
inputs = { made = "made", apart = "apart" }
run = "cat {made}/made.txt {apart}/apart.txt > {out}/new.txt"
outputs = ["new.txt"]
"#;

fn object(space: &Workspace, content: &str) -> PathBuf {
    let hex = Digest::of(content.as_bytes()).hex();
    space.join(&format!("cache/objects/{}/{hex}", &hex[..2]))
}

/// Flips a bit of an object and has the stat cache vouch for it, as after a fault of the disk.
pub fn rot(space: &Workspace, content: &str) {
    let path = object(space, content);
    let mut bytes = fs::read(&path).unwrap();
    bytes[2] ^= 1;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    vouch(space, &path, &Digest::of(content.as_bytes()));
}

/// Adds a record to the stat cache by which the file at `path`, as it is now, has `digest`.
fn vouch(space: &Workspace, path: &Path, digest: &Digest) {
    let now = fs::metadata(path).unwrap();
    let absolute = std::path::absolute(path).unwrap();
    let mut record = blake3::hash(absolute.as_os_str().as_bytes()).as_bytes()[..16].to_vec();
    let changed_ns = now.ctime() * 1_000_000_000 + now.ctime_nsec();
    for number in [
        now.ino() as i64,
        now.len() as i64,
        now.mtime() * 1_000_000_000 + now.mtime_nsec(),
        changed_ns,
        changed_ns + 60_000_000_000,
    ] {
        record.extend(number.to_le_bytes());
    }
    record.extend(digest.0);
    record.extend(f64::NAN.to_le_bytes());
    record.push(1);
    let log = Log::new(space.join("cache/files.log"));
    log.append([record.as_slice()]).unwrap();
}

fn space() -> Workspace {
    let space = Workspace::with_manifest("pipe.toml", MANIFEST);
    space.run_well("pipe.toml");
    space
}

const WARNING: &str =
    "made.txt is damaged in the cache; recomputing it and the 2 results that were made from it";

#[test]
fn a_damaged_file_that_a_step_opens_is_made_again_with_all_that_was_made_from_it() {
    let space = space();
    rot(&space, "content\n");
    // The stat cache vouches for it and no step opens it.
    assert_eq!(space.run_well("pipe.toml").executed(), [""; 0]);
    space.write("pipe.toml", format!("{MANIFEST}{NEW}"));
    let run = space.run_well("pipe.toml");
    let mut executed = run.executed();
    executed.sort();
    assert_eq!(executed, ["last", "made", "new", "taken"]);
    assert_eq!(run.warnings(), [WARNING]);
    let forgotten = run.events_of("result_damaged").into_iter();
    let forgotten: Vec<_> = forgotten
        .map(|event| (event["step"].as_str().unwrap(), event["file"].as_str()))
        .collect();
    assert_eq!(
        forgotten,
        [("made", Some("made.txt")), ("taken", None), ("last", None)]
    );
    let causes = run.events_of("step_missed").into_iter();
    let causes: Vec<_> = causes
        .map(|event| (event["step"].as_str().unwrap(), event["cause"].as_str()))
        .collect();
    let damaged = Some("damaged");
    assert_eq!(
        causes,
        [
            ("new", Some("first_run")),
            ("made", damaged),
            ("taken", damaged),
            ("new", Some("first_run")),
            ("last", damaged)
        ]
    );
    assert_eq!(run.steps(), (4, 1, 0));
    assert_eq!(space.read("runs/pipe/new/new.txt"), "content\napart\n");
    assert_eq!(
        space.read("runs/pipe/last/last.txt"),
        "last:taken:content\n"
    );
    assert_eq!(space.read("calls"), "made\nmade\n");
    assert_eq!(space.run_well("pipe.toml").executed(), [""; 0]);
    assert_eq!(space.pipe(&["cache", "verify"]).status.code(), Some(0));
}

/// Found late: by a step that has to wait for another one.
#[test]
fn what_ran_before_the_damage_was_found_is_kept() {
    let space = space();
    rot(&space, "content\n");
    let late = NEW
        .replace("apart = \"apart\"", "apart = \"slow\"")
        .replace("apart.txt", "slow.txt");
    let slow = "\n[stage.slow]\nkind = \"command\"\nrun = \"echo slow >> calls; echo slow > {out}/slow.txt\"\noutputs = [\"slow.txt\"]\n";
    space.write("pipe.toml", format!("{MANIFEST}{slow}{late}"));
    let run = space.run_well("pipe.toml");
    assert_eq!(run.warnings(), [WARNING]);
    assert_eq!(space.read("runs/pipe/new/new.txt"), "content\nslow\n");
    assert_eq!(space.read("calls"), "made\nslow\nmade\n");
    // `slow` is reported once, as executed.
    let slow = run.events_of("step_finished").into_iter();
    let slow: Vec<_> = slow.filter(|event| event["step"] == "slow").collect();
    assert_eq!(slow.len(), 1, "{slow:?}");
    assert_eq!(run.steps(), (5, 1, 0));
}

#[test]
fn a_damaged_file_is_not_copied_for_people() {
    let space = space();
    rot(&space, "content\n");
    fs::remove_file(space.join("runs/pipe/made/made.txt")).unwrap();
    let run = space.run_well("pipe.toml");
    assert_eq!(run.warnings(), [WARNING]);
    assert_eq!(space.read("runs/pipe/made/made.txt"), "content\n");
    let mut executed = run.executed();
    executed.sort();
    assert_eq!(executed, ["last", "made", "taken"]);
}

#[test]
fn verify_names_what_was_made_from_a_damaged_file_and_repair_forgets_it() {
    let space = space();
    rot(&space, "content\n");
    let mut is_damaged = true;
    for (repair, code) in [(None, 1), (Some("--repair"), 0), (None, 0)] {
        let arguments = ["cache", "verify"].into_iter().chain(repair);
        let text = space.stdout_of_exit(&arguments.collect::<Vec<_>>(), code);
        let damaged = format!("damaged: object {}\n", Digest::of(b"content\n"));
        let made_from =
            ["taken", "last"].map(|step| format!("made from what is damaged: result of {step}\n"));
        for line in [&damaged, &made_from[0], &made_from[1]] {
            assert_eq!(text.contains(line), is_damaged, "{text}");
        }
        is_damaged &= repair.is_none();
        assert!(!text.contains("apart"), "{text}");
    }
    let run = space.run_well("pipe.toml");
    assert_eq!(run.executed(), ["made", "taken", "last"]);
    assert_eq!(run.with_status("hit"), ["apart"]);
}

/// What the stat cache notices, and what was deleted from outside, is reported like what a hash finds.
#[test]
fn a_result_that_was_changed_or_deleted_from_outside_is_reported_when_it_is_made_again() {
    type Harm = fn(&Path);
    let harms: [(Harm, &str, bool); 3] = [
        (
            |object| change(object),
            "made.txt is damaged in the cache",
            false,
        ),
        (
            |object| fs::remove_file(object).unwrap(),
            "made.txt is gone from the cache",
            true,
        ),
        (
            |object| change(&record_of(object)),
            ".json is damaged in the cache",
            false,
        ),
    ];
    for (harm, told, gone) in harms {
        let space = space();
        harm(&object(&space, "content\n"));
        let run = space.run_well("pipe.toml");
        assert_eq!(run.executed(), ["made"]);
        let warnings = run.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].contains(told) && warnings[0].ends_with("; recomputing it"),
            "{warnings:?}"
        );
        let events = run.events_of("result_damaged");
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0]["step"], "made");
        assert_eq!(events[0]["gone"], gone);
        assert_eq!(run.events_of("step_missed")[0]["cause"], "damaged");
        assert_eq!(run.finished()["damaged"], 1);
        let log = space.stdout(&["show", "pipe", "--log"]);
        assert!(log.contains("the result is not used any more"), "{log}");
        // In the line at the end, for people.
        harm(&object(&space, "content\n"));
        let shown = space.pipe(&["run", "pipe.toml"]);
        let shown = String::from_utf8_lossy(&shown.stderr).into_owned();
        assert!(shown.contains("; 1 result damaged in the cache"), "{shown}");
    }
}

fn change(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes[2] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// The record of the step that made an object.
fn record_of(object: &Path) -> PathBuf {
    let digest = object.file_name().unwrap().to_str().unwrap();
    let cache = object.ancestors().nth(3).unwrap();
    let mut records = fs::read_dir(cache.join("steps")).unwrap().flatten();
    // Those after it name the digest of the whole result.
    let made = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        text.contains(&format!("\"digest\": \"{digest}\""))
    };
    let found = records.find(|entry| made(&entry.path()));
    found.unwrap().path()
}

/// A step that has changed opens what is damaged, so that what it made before was made from it and is taken out: it cannot
/// be compared with that any more.
#[test]
fn a_changed_step_that_finds_the_damage_is_not_told_to_have_no_earlier_run() {
    let space = space();
    rot(&space, "content\n");
    space.edit("pipe.toml", "s/^/taken:/", "s/^/took:/");
    let run = space.run_well("pipe.toml");
    let causes = run.events_of("step_missed").into_iter();
    let causes: Vec<_> = causes
        .filter(|event| event["step"] == "taken")
        .map(|event| event["cause"].as_str().unwrap())
        .collect();
    assert_eq!(causes, ["changed", "damaged"]);
    let log = space.stdout(&["show", "pipe", "--log"]);
    assert!(!log.contains("no earlier run"), "{log}");
}
