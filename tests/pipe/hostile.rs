//! Broken recordings, hostile folders and failing steps: told, counted, and of no harm to the rest.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;

use super::workspace::{Run, Workspace};

/// Breaks recording `index`, each in a way of its own.
fn break_recording(space: &Workspace, index: usize) {
    let name = format!("corpora/made/audio/{index:04}.wav");
    let whole = fs::read(space.join(&name)).unwrap();
    let broken = match index % 4 {
        0 => Vec::new(),
        1 => b"this is no recording".to_vec(),
        2 => whole[..whole.len() / 2].to_vec(),
        _ => whole[..44].to_vec(),
    };
    space.write(&name, broken);
}

fn reasons(run: &Run) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_string();
    let bad = run.events_of("item_bad");
    bad.iter()
        .map(|e| (text(&e["id"]), text(&e["reason"])))
        .collect()
}

#[test]
fn broken_recordings_are_set_aside_counted_and_cause_no_work_twice() {
    let space = Workspace::with_corpus(40);
    space.edit(
        "pipe.toml",
        "split = \"train\"",
        "split = \"train\"\nmax_bad = 0.1",
    );
    (0..4).for_each(|index| break_recording(&space, index));
    let run = space.run_well("pipe.toml");
    let reasons = reasons(&run);
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    for (index, (id, reason)) in reasons.iter().enumerate() {
        assert_eq!(*id, format!("made/audio/{index:04}"));
        assert!(reason.starts_with("the file "), "{reason}");
    }
    assert_eq!(run.finished()["items"]["bad"], 4);
    assert_eq!(run.items(), (36 * 3, 0));
    assert_eq!(space.read("runs/pipe/count/count.txt").trim(), "37");

    let again = space.run_well("pipe.toml");
    assert_eq!(again.steps(), (0, 4, 0));
    assert_eq!(again.finished()["items"]["bad"], 4, "still reported");

    // Made whole, it comes back, and costs only itself.
    space.tone("corpora/made/audio/0002.wav", 16_000, 0.3, 300.0);
    let mended = space.run_well("pipe.toml");
    assert_eq!(mended.items().0, 3);
    assert_eq!(mended.finished()["items"]["bad"], 3);
}

#[test]
fn too_many_broken_recordings_fail_their_step_and_what_follows_from_it() {
    let space = Workspace::with_corpus(20);
    (0..4).for_each(|index| break_recording(&space, index));
    space.write(
        "pipe.toml",
        space.read("pipe.toml")
            + r#"
[stage.apart]
kind = "command"
run = "echo done > {out}/done.txt"
outputs = ["done.txt"]
"#,
    );
    for executed in [1, 0] {
        let run = space.run("pipe.toml", &["--keep-going", "--jobs", "1"]);
        assert_eq!(run.code, Some(1));
        assert_eq!(run.steps(), (executed, 1 - executed, 1));
        assert_eq!(run.with_status("failed"), ["speech"]);
        assert_eq!(run.with_status("skipped"), ["audio", "fbank", "count"]);
        let error = run.error();
        assert!(error.contains("at least 1 of 20 items"), "{error}");
        assert!(error.contains("made/audio/0000"), "{error}");
    }
    let raised = space.run("pipe.toml", &["--set", "speech.max_bad=0.2"]);
    assert_eq!(raised.code, Some(0), "{}", raised.stderr);
    let listed = space.read("runs/pipe/speech.max_bad=0.2/speech/set_aside.tsv");
    assert_eq!(listed.lines().count(), 5, "{listed}");
    assert!(listed.contains("made/audio/0003\t"), "{listed}");
}

const CORPUS: &str = r#"folder = "corpora"
[corpus.made]
root = "made"
reader = "emo_db"
title = "Made for tests"
language = "de"
licence = "none"
source = "made by the tests"
genders = { "08" = "female", "03" = "male" }
labels = { positive = ["F"], neutral = ["N"], negative = ["W"] }
"#;

#[test]
fn hostile_folders_are_reported_and_the_rest_is_used() {
    let space = Workspace::new();
    space.write("corpora.toml", CORPUS);
    space.write("pipe.toml", super::manifests::chain());
    for (index, name) in ["03a01Fa", "03a01Nc", "08a01Wa", "08a02Fb"]
        .iter()
        .enumerate()
    {
        let hertz = 200.0 + 10.0 * index as f64;
        space.tone(&format!("corpora/made/wav/{name}.wav"), 16_000, 0.3, hertz);
    }
    let wav = space.join("corpora/made/wav");
    let whole = wav.join("03a01Fa.wav");
    symlink(&wav, wav.join("loop")).unwrap();
    symlink("/", wav.join("above")).unwrap();
    symlink("nowhere", wav.join("08a07Wa.wav")).unwrap();
    fs::copy(&whole, wav.join("03a02\nFa.wav")).unwrap();
    fs::copy(&whole, wav.join(OsStr::from_bytes(b"03a03F\xff.wav"))).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(wav.join("03a04Fa.wav"))
        .status();
    assert!(made.unwrap().success());
    // The links to folders above are no recordings; the others would be some, had they a content or a name.
    let refused = space.run("pipe.toml", &[]);
    assert_eq!(refused.code, Some(1));
    let error = refused.error();
    assert!(
        error.contains("4 of 8 items") && error.contains("03a04Fa.wav"),
        "{error}"
    );
    space.edit(
        "pipe.toml",
        "split = \"train\"",
        "split = \"train\"\nmax_bad = 0.5",
    );
    let run = space.run_well("pipe.toml");
    assert_eq!(run.items(), (4 * 3, 0));
    assert_eq!(run.finished()["items"]["left_out"], 6);
    let table = space.read("runs/pipe/speech/dropped.tsv");
    for (name, reason) in [
        ("wav/loop", "link"),
        ("wav/above", "link"),
        ("wav/08a07Wa.wav", "cannot be read"),
        ("wav/03a02", "line break"),
        ("wav/03a03F", "UTF-8"),
        ("wav/03a04Fa.wav", "not a regular file"),
    ] {
        let line = table.lines().find(|line| line.contains(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not in {table}"));
        assert!(line.contains(reason), "{line}");
    }
    let again = space.run_well("pipe.toml");
    assert_eq!(again.steps(), (0, 4, 0));
    assert_eq!(again.finished()["items"]["left_out"], 6, "still told");
}

#[test]
fn an_unreadable_recording_is_left_out_until_it_can_be_read() {
    let space = Workspace::with_corpus(8);
    space.edit(
        "pipe.toml",
        "split = \"train\"",
        "split = \"train\"\nmax_bad = 0.2",
    );
    let file = space.join("corpora/made/audio/0005.wav");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    // The permissions of a file do not bind the superuser.
    let run = || {
        let mut command = space.command(&["run", "pipe.toml", "--json"]);
        if rustix::process::getuid().is_root() {
            command.uid(65_534).gid(65_534);
        }
        command.output()
    };
    for folder in [".", "cache", "runs"] {
        fs::create_dir_all(space.join(folder)).unwrap();
        fs::set_permissions(space.join(folder), fs::Permissions::from_mode(0o777)).unwrap();
    }
    let output = match run() {
        Ok(output) => output,
        Err(error) => {
            pipe_foundation::test_support::skipped(format_args!(
                "the binary cannot be run as another user: {error}"
            ));
            return;
        }
    };
    let first = Run::of(output);
    assert_eq!(first.code, Some(0), "{:?}{}", first.events, first.stderr);
    assert_eq!(first.items(), (7 * 3, 0));
    assert_eq!(first.finished()["items"]["left_out"], 1);
    assert!(first.events_of("warning").iter().any(|event| {
        let message = event["message"].as_str().unwrap();
        message.contains("made/audio/0005") && message.contains("ermission denied")
    }));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let second = Run::of(run().unwrap());
    assert_eq!(second.code, Some(0));
    assert_eq!(second.items().0, 3);
    assert_eq!(second.finished()["items"]["left_out"], 0);
}

#[test]
fn a_failing_step_stops_only_what_depends_on_it() {
    let space = Workspace::with_manifest(
        "pipe.toml",
        r#"
[stage.wrong]
kind = "command"
run = "echo the reason >&2; exit 7"
outputs = ["a.txt"]

[stage.after]
kind = "command"
inputs = { wrong = "wrong" }
run = "cp {wrong}/a.txt {out}/b.txt"
outputs = ["b.txt"]

[stage.apart]
kind = "command"
run = "echo apart > {out}/c.txt"
outputs = ["c.txt"]

[stage.next]
kind = "command"
inputs = { apart = "apart" }
run = "cp {apart}/c.txt {out}/d.txt"
outputs = ["d.txt"]

[stage.link]
kind = "command"
run = "ln -s /etc/hostname {out}/e.txt"
outputs = ["e.txt"]
"#,
    );
    let run = space.run("pipe.toml", &["--jobs", "1", "--keep-going"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.with_status("failed"), ["wrong", "link"]);
    assert_eq!(run.with_status("skipped"), ["after"]);
    assert_eq!(run.executed(), ["apart", "next"]);
    let error = run.error();
    assert!(
        error.contains("exit code 7") && error.contains("the reason"),
        "{error}"
    );
    assert_eq!(space.read("runs/pipe/next/d.txt"), "apart\n");
    space.edit("pipe.toml", "exit 7", "echo mended > {out}/a.txt");
    space.edit("pipe.toml", "ln -s /etc/hostname", "cp /dev/null");
    let run = space.run_well("pipe.toml");
    assert_eq!(run.steps(), (3, 2, 0));
}
