//! `pipe init`: what it writes runs, and nothing is overwritten.

use super::workspace::Workspace;

#[test]
fn init_writes_what_runs_and_overwrites_nothing() {
    let space = Workspace::new();
    let wrote = space.stdout(&["init"]);
    assert!(wrote.contains("pipeline.toml and corpora.toml"), "{wrote}");
    space.stdout(&["plan", "pipeline.toml"]);
    space.write("pipeline.toml", "mine");
    let error = space.refused(&["init"]);
    assert!(error.contains("pipeline.toml already exists"), "{error}");
    assert_eq!(space.read("pipeline.toml"), "mine");
    space.write("corpora.toml", "mine too");
    space.stdout(&["init", "other.toml"]);
    assert_eq!(space.read("corpora.toml"), "mine too");
    let output = space.pipe(&["init", "no/such/folder.toml"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn init_makes_a_project_that_runs_and_overwrites_nothing() {
    let space = Workspace::new();
    let wrote = space.stdout(&["init", "new/study"]);
    assert!(
        wrote.contains("cd new/study && pipe run pipeline.toml"),
        "{wrote}"
    );
    space.stdout(&["plan", "new/study/pipeline.toml"]);
    let ignored = space.read("new/study/.gitignore");
    assert!(ignored.lines().any(|line| line == "/cache/"), "{ignored}");
    let error = space.refused(&["init", "new/study"]);
    assert!(error.contains("pipeline.toml already exists"), "{error}");
    // Nothing of it is written where a part of it is there.
    space.write("own/corpora.toml", "mine");
    let error = space.refused(&["init", "own"]);
    assert!(error.contains("corpora.toml already exists"), "{error}");
    assert_eq!(space.read("own/corpora.toml"), "mine");
    assert!(!space.join("own/pipeline.toml").exists());
}
