//! Pipes, devices, sockets and folders in the place of files of the cache and of the user's configuration: no command opens
//! one, waits for it or never ends, and each says what it met.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::bounded::{assert_says, run, run_script};
use super::workspace::Workspace;

/// What can be in the place of a file.
const SPECIAL: [&str; 4] = ["a named pipe", "a socket", "a device", "a folder"];

/// Commands that look at the cache or use it.
const COMMANDS: [&[&str]; 8] = [
    &["plan", "pipe.toml"],
    &["run", "pipe.toml", "--json"],
    &["runs"],
    &["why", "pipe.toml", "fbank"],
    &["cache", "du"],
    &["cache", "verify"],
    &["cache", "gc", "--max-size", "1GB"],
    &["doctor"],
];

fn put(what: &str, path: &Path) {
    match what {
        "a named pipe" => {
            let made = Command::new("mkfifo").arg(path).status().unwrap();
            assert!(made.success());
        }
        // It stays when nobody listens any more; its own path may be too long for one.
        "a socket" => {
            let short = tempfile::tempdir().unwrap();
            let socket = short.path().join("socket");
            UnixListener::bind(&socket).unwrap();
            std::fs::rename(&socket, path).unwrap();
        }
        "a device" => symlink("/dev/zero", path).unwrap(),
        _ => std::fs::create_dir(path).unwrap(),
    }
}

fn take_away(path: &Path) {
    let _ = std::fs::remove_file(path).or_else(|_| std::fs::remove_dir(path));
}

/// One file of each kind in the cache of a run.
fn one_of_each(space: &Workspace) -> Vec<PathBuf> {
    let mut found = std::collections::BTreeMap::new();
    for name in space.files("cache").into_keys() {
        let folder = name.split('/').next().unwrap().to_owned();
        let ending = name.rsplit('.').next().unwrap().to_owned();
        let kind = match name.contains('/') {
            true => (folder, ending.chars().take(5).collect()),
            false => (name.clone(), String::new()),
        };
        found.entry(kind).or_insert(space.join("cache").join(name));
    }
    found.into_values().collect()
}

#[test]
fn no_command_waits_for_what_is_in_the_place_of_a_file_of_the_cache() {
    let space = Workspace::with_corpus(4);
    space.write(
        "pipe.toml",
        space.read("pipe.toml")
            + "\n[stage.one]\nkind = \"command\"\nrun = \"echo > {out}/a\"\noutputs = [\"a\"]\n",
    );
    space.run_well("pipe.toml");
    space.stdout(&["cache", "pin", "pipe"]);
    let files = one_of_each(&space);
    assert!(files.len() > 11, "{files:?}");
    for file in files {
        let content = std::fs::read(&file).unwrap();
        for what in SPECIAL {
            take_away(&file);
            put(what, &file);
            let mut met = false;
            for command in COMMANDS {
                let ended = run(&space, command);
                let place = format!("{what} for {}: {command:?}", file.display());
                assert!(matches!(ended.code, Some(0..=3)), "{place}");
                assert!(!ended.stderr.contains("internal error"), "{place}");
                let said = ended.stdout + &ended.stderr;
                met |= said.contains(what) || said.contains("damaged");
            }
            let is_lock = file
                .parent()
                .is_some_and(|folder| folder.ends_with("locks"));
            let is_log = file.extension().is_some_and(|end| end == "log");
            assert!(met || is_lock || is_log, "{what} for {}", file.display());
            take_away(&file);
            std::fs::write(&file, &content).unwrap();
        }
    }
    space.run_well("pipe.toml");
}

#[test]
fn pipes_sockets_and_devices_in_a_cache_are_reported_and_taken_out() {
    let space = Workspace::with_corpus(3);
    space.run_well("pipe.toml");
    let whole = space.stdout(&["cache", "verify"]);
    for what in &SPECIAL[..3] {
        // One that nobody looks for, one in the place of a folder, and one deep inside.
        for place in ["cache/left", "cache/objects/zz", "cache/runs/pipe/7.json"] {
            let place = space.join(place);
            put(what, &place);
            let told = format!("it is {what}, not a regular file");
            let ended = run(&space, &["cache", "verify"]);
            assert_eq!(ended.code, Some(1), "{}", place.display());
            assert_says(&ended.stdout, &told);
            let ended = run(&space, &["cache", "verify", "--repair"]);
            assert_eq!(ended.code, Some(0), "{}", place.display());
            assert_says(&ended.stdout, &told);
            assert!(place.symlink_metadata().is_err(), "{}", place.display());
            assert_eq!(space.stdout(&["cache", "verify"]), whole);
        }
    }
    assert!(std::path::Path::new("/dev/zero").exists());
}

/// What a finished training left for longer ones.
#[test]
fn no_training_waits_for_what_is_in_the_place_of_a_checkpoint() {
    let space = super::learning::study();
    space.run_well("study.toml");
    let checkpoints: Vec<PathBuf> = (space.files("cache/checkpoints").into_keys())
        .map(|name| space.join("cache/checkpoints").join(name))
        .collect();
    assert!(!checkpoints.is_empty());
    for what in SPECIAL {
        for checkpoint in &checkpoints {
            take_away(checkpoint);
            put(what, checkpoint);
        }
        let ended = run(&space, &["cache", "verify"]);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let told = match what {
            "a folder" => "damaged: checkpoint ".to_owned(),
            _ => format!("it is {what}, not a regular file"),
        };
        assert_says(&ended.stdout, &told);
        let longer = ["run", "study.toml", "--json", "--set", "train.epochs=4"];
        let ended = super::bounded::run_large(&space, &longer);
        assert!(matches!(ended.code, Some(1 | 3)), "{}", ended.stdout);
        assert_says(&ended.stdout, &format!("it is {what}, not a regular file"));
    }
    for checkpoint in &checkpoints {
        take_away(checkpoint);
    }
    let set = ["--set", "train.epochs=4"];
    assert_eq!(space.run("study.toml", &set).code, Some(0));
}

#[test]
fn no_command_waits_for_what_is_in_the_place_of_a_configuration_a_lock_or_a_bundle() {
    let space = Workspace::with_corpus(3);
    space.run_well("pipe.toml");
    std::fs::create_dir_all(space.join("configuration/pipe")).unwrap();
    for what in SPECIAL {
        let trust = space.join("configuration/pipe/trust.toml");
        put(what, &trust);
        let told = format!("it is {what}, not a regular file");
        let script = "export XDG_CONFIG_HOME=$PWD/configuration; exec \"$0\" \"$@\"";
        let ended = run_script(&space, script, &["trust"]);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert_says(&ended.stderr, &told);
        take_away(&trust);

        let lock = space.join("pipe.lock.toml");
        put(what, &lock);
        let ended = run(&space, &["run", "pipe.toml", "--locked"]);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert_says(&ended.stderr, &told);
        take_away(&lock);

        let bundle = space.join("pipe.tar.zst");
        put(what, &bundle);
        for command in ["reproduce", "bundle import"] {
            let mut words: Vec<&str> = command.split(' ').collect();
            words.push("pipe.tar.zst");
            let ended = run(&space, &words);
            assert_eq!(ended.code, Some(2), "{command}: {}", ended.stderr);
            assert_says(&ended.stderr, &told);
        }
        take_away(&bundle);
    }
}
