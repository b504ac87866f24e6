//! `pipe doctor`: what it finds here, and what it says of caches and files that are not as they should be.

use std::fs;

use serde_json::Value as Json;

use super::somebody::{Somebody, permit};
use super::workspace::{Workspace, lines_of_json};

fn checks(text: &str) -> Vec<(String, String, String)> {
    let text_of = |check: &Json, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    lines_of_json(text)
        .iter()
        .map(|check| {
            (
                text_of(check, "name"),
                text_of(check, "state"),
                text_of(check, "found"),
            )
        })
        .collect()
}

fn check<'c>(checks: &'c [(String, String, String)], name: &str) -> (&'c str, &'c str) {
    let (_, state, found) = checks.iter().find(|(known, _, _)| known == name).unwrap();
    (state, found)
}

#[test]
fn every_part_is_looked_at_and_nothing_is_left_behind() {
    let space = Workspace::with_corpus(3);
    for there in [false, true] {
        if there {
            space.run_well("pipe.toml");
        }
        let before = space.files(".");
        let text = space.stdout(&["doctor", "--json"]);
        let found = checks(&text);
        let names: Vec<&str> = found.iter().map(|(name, _, _)| name.as_str()).collect();
        for name in [
            "processor",
            "memory",
            "open files",
            "processes and threads",
            "address space",
            "size of files",
            "cache",
            "locks",
            "locks of other hosts",
            "clock",
            "folder of results",
            "room for the cache",
            "room for results",
            "room for temporary files",
            "leftover programs",
            "leftover files",
            "corpora",
            "ONNX Runtime",
            "device",
        ] {
            assert!(names.contains(&name), "{name}: {names:?}");
        }
        assert_eq!(check(&found, "locks").0, "good");
        assert_eq!(check(&found, "corpora"), ("good", "1 of 1 in corpora"));
        assert_eq!(names.contains(&"permissions"), there);
        assert!(space.files(".") == before);
    }
    let text = space.stdout(&["doctor"]);
    assert!(text.contains("fit for runs"), "{text}");
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let space = Workspace::with_corpus(3);
    space.run_well("pipe.toml");
    space.write("cache/VERSION", "pipe cache 2\n");
    let text = space.stdout_of_exit(&["doctor"], 1);
    assert!(text.contains("bad      cache"), "{text}");
    assert!(text.contains("choose another cache with --cache"), "{text}");
    assert!(
        text.ends_with("not fit for runs: 1 check failed\n"),
        "{text}"
    );
    space.write("cache/VERSION", "pipe cache 1\n");
    space.write("corpora.toml", "folder = 3\n");
    let text = space.stdout_of_exit(&["doctor"], 1);
    assert!(text.contains("bad      corpora"), "{text}");
    fs::remove_file(space.join("corpora.toml")).unwrap();
    let found = checks(&space.stdout(&["doctor", "--json"]));
    assert_eq!(check(&found, "corpora").0, "warning");
    let user = Somebody::new(&space);
    permit(&space.join("cache"), 0o555, 0o444);
    let output = user
        .command("./program")
        .args(["doctor", "--json"])
        .output();
    permit(&space.join("cache"), 0o755, 0o644);
    let found = checks(&String::from_utf8(output.unwrap().stdout).unwrap());
    let (state, text) = check(&found, "permissions");
    assert_eq!(state, "warning");
    assert!(text.contains("Permission denied"), "{text}");
}

#[test]
fn low_limits_are_named() {
    let space = Workspace::new();
    let script = "ulimit -n 64; exec \"$0\" doctor --json";
    let output = space.script(script, &[]).output().unwrap();
    let found = checks(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(check(&found, "open files"), ("warning", "limited to 64"));
}

/// Where a run would fail, the machine is not fit for one.
#[test]
fn what_runs_fail_for_is_not_fit_for_runs() {
    for (limit, name) in [
        ("ulimit -n 8", "open files"),
        ("ulimit -f 1", "size of files"),
    ] {
        let space = Workspace::with_corpus(3);
        let under = |arguments: &str| {
            let script = format!("{limit}; exec \"$0\" {arguments}");
            space.script(&script, &[]).output().unwrap()
        };
        let output = under("doctor --json");
        assert_eq!(output.status.code(), Some(1), "{limit}");
        let found = checks(&String::from_utf8(output.stdout).unwrap());
        assert_eq!(check(&found, name).0, "bad", "{limit}");
        assert_ne!(under("run pipe.toml").status.code(), Some(0), "{limit}");
    }
    let space = Workspace::with_corpus(3);
    space.write("runs", "no folder");
    let text = space.stdout_of_exit(&["doctor"], 1);
    assert!(text.contains("bad      folder of results"), "{text}");
    fs::remove_file(space.join("runs")).unwrap();
    fs::create_dir(space.join("runs")).unwrap();
    let user = Somebody::new(&space);
    permit(&space.join("runs"), 0o555, 0o444);
    let output = user.command("./program").arg("doctor").output().unwrap();
    permit(&space.join("runs"), 0o755, 0o644);
    let text = String::from_utf8(output.stdout).unwrap();
    // A run that computes keeps its results in the cache.
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("nothing can be written in"), "{text}");
}
