//! `pipe step`: one step of a manifest, which is held to a key.

use super::workspace::Workspace;

/// Standard error of the binary in one line; it must exit with 1.
fn failed(space: &Workspace, arguments: &[&str]) -> String {
    let output = space.pipe(arguments);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many results the cache has.
fn results(space: &Workspace) -> usize {
    space.files("cache/steps").len()
}

#[test]
fn a_step_that_has_its_key_runs_into_the_cache_alone() {
    let space = Workspace::with_corpus(3);
    let whole = space.run("pipe.toml", &["--cache", "other", "--runs", "runs-other"]);
    let (fbank, count) = (whole.key("fbank"), whole.key("count"));
    let count = ["step", "pipe.toml", "count", "--key", &count];
    let told = failed(&space, &count);
    assert!(told.contains("its inputs are not in the cache"), "{told}");
    assert_eq!(results(&space), 0);
    // What it depends on is known only once its items are there.
    space.stdout(&["step", "pipe.toml", "fbank", "--key", &fbank]);
    assert_eq!(results(&space), 3);
    space.stdout(&count);
    assert_eq!(results(&space), 4);
    assert!(!space.join("runs").exists());
    let run = space.run_well("pipe.toml");
    assert_eq!(run.steps(), (0, 4, 0));
    assert_eq!(space.files("runs"), space.files("runs-other"));
}

#[test]
fn a_step_with_another_key_is_refused_in_the_words_of_why() {
    let space = Workspace::with_corpus(3);
    let key = space.run_well("pipe.toml").key("count");
    let nobodys = "0".repeat(64);
    let told = failed(&space, &["step", "pipe.toml", "count", "--key", &nobodys]);
    assert!(told.contains("run::key"), "{told}");
    assert!(told.contains("no other result of this step"), "{told}");

    space.edit("pipe.toml", "wc -l <", "wc -c <");
    let why = space.stdout(&["why", "pipe.toml", "--step", "count"]);
    let reason = why.lines().find(|line| line.contains("wc -l")).unwrap();
    for (key, compared) in [
        (&key, "compared with the result of that key"),
        (&nobodys, "compared with the run of"),
    ] {
        let told = failed(&space, &["step", "pipe.toml", "count", "--key", key]);
        let short = &key[..8];
        for part in ["`count` has the key", short, compared, reason.trim()] {
            assert!(told.contains(part), "{part:?} is not in {told}");
        }
    }
    assert_eq!(results(&space), 4);
    // Without a key it is done as it is.
    space.stdout(&["step", "pipe.toml", "count"]);
    assert_eq!(results(&space), 5);
}

#[test]
fn a_key_that_is_known_afterwards_is_compared_then() {
    let space = Workspace::with_corpus(3);
    let nobodys = "0".repeat(64);
    let told = failed(&space, &["step", "pipe.toml", "fbank", "--key", &nobodys]);
    assert!(told.contains("`fbank` has the key"), "{told}");
}

#[test]
fn a_name_that_is_no_step_and_a_text_that_is_no_key_are_told_with_what_was_meant() {
    let space = Workspace::with_corpus(1);
    let told = space.refused(&["step", "pipe.toml", "fbnak"]);
    assert!(told.contains("the manifest has no step `fbnak`"), "{told}");
    assert!(told.contains("did you mean `fbank`?"), "{told}");
    let told = space.refused(&["step", "pipe.toml", "fbank", "--key", "0f3a"]);
    assert!(told.contains("`0f3a` is no key"), "{told}");
    assert!(!space.join("cache/steps").exists() || results(&space) == 0);
}
