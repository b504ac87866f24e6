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
    for (repair, code) in [(None, 1), (Some("--repair"), 1), (None, 0)] {
        let arguments = ["cache", "verify"].into_iter().chain(repair);
        let text = space.told_with(&arguments.collect::<Vec<_>>(), code);
        let damaged = format!("damaged: object {}\n", Digest::of(b"content\n"));
        let made_from =
            ["taken", "last"].map(|step| format!("made from what is damaged: result of {step}\n"));
        for line in [&damaged, &made_from[0], &made_from[1]] {
            assert_eq!(text.contains(line), code == 1, "{text}");
        }
        assert!(!text.contains("apart"), "{text}");
    }
    let run = space.run_well("pipe.toml");
    assert_eq!(run.executed(), ["made", "taken", "last"]);
    assert_eq!(run.with_status("hit"), ["apart"]);
}
