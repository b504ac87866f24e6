//! `--target`: a step and what it is made from, and nothing else.

use serde_json::Value as Json;

use super::workspace::{Workspace, lines_of_json};

/// [`Workspace::with_corpus`] with a second program beside the first, with two variants.
fn workspace() -> Workspace {
    let space = Workspace::with_corpus(3);
    let more = r#"
[matrix]
word = ["one", "two"]
[stage.say]
kind = "command"
inputs = { features = "fbank" }
run = "echo ${matrix.word} > {out}/word.txt"
outputs = ["word.txt"]
"#;
    space.write("pipe.toml", space.read("pipe.toml") + more);
    space
}

#[test]
fn a_target_is_brought_up_to_date_with_what_it_is_made_from_alone() {
    let space = workspace();
    let fbank = space.run("pipe.toml", &["--target", "fbank"]);
    assert_eq!(fbank.code, Some(0), "{}", fbank.stderr);
    assert_eq!(fbank.executed(), ["speech", "audio", "fbank"]);
    assert_eq!(fbank.finished()["steps"]["skipped"], 3);
    let one = space.run("pipe.toml", &["--target", "say[word=one]"]);
    assert_eq!(one.executed(), ["say[word=one]"]);
    // A stage is all of its variants, and there may be several targets.
    let both = space.run("pipe.toml", &["--target", "say", "--target", "fbank"]);
    assert_eq!(both.executed(), ["say[word=two]"]);
    let all = space.run_well("pipe.toml");
    assert_eq!(all.executed(), ["count"]);
}

#[test]
fn what_a_run_is_not_about_stays_and_is_not_pruned() {
    let space = workspace();
    space.run_well("pipe.toml");
    let before = space.files("runs");
    space.edit("pipe.toml", "bins = 23", "bins = 24");
    let run = space.run("pipe.toml", &["--target", "say[word=one]"]);
    assert_eq!(run.executed(), ["fbank", "say[word=one]"]);
    assert_eq!(space.files("runs"), before);
    space.stdout(&["cache", "prune", "--older-than", "0"]);
    space.edit("pipe.toml", "bins = 24", "bins = 23");
    assert_eq!(space.run_well("pipe.toml").steps().0, 0);
}

#[test]
fn a_plan_of_a_target_tells_of_its_steps_alone() {
    let space = workspace();
    let planned = space.stdout(&["plan", "pipe.toml", "--target", "audio"]);
    assert!(planned.contains("2 of 6 steps: "), "{planned}");
    assert!(
        !planned.contains("fbank") && !planned.contains("say"),
        "{planned}"
    );
    let lines = lines_of_json(&space.stdout(&["plan", "pipe.toml", "--target", "say", "--json"]));
    let steps: Vec<&Json> = lines.iter().map(|line| &line["step"]).collect();
    assert_eq!(
        steps,
        ["speech", "audio", "fbank", "say[word=one]", "say[word=two]"]
    );
    // What cannot be done elsewhere keeps nobody from planning this.
    space.edit("pipe.toml", "[stage.say]", "[stage.absent]\nkind = \"ingest\"\ncorpora = \"made\"\nsplit_file = \"none.tsv\"\n[stage.say]");
    let planned = space.pipe(&["plan", "pipe.toml", "--target", "fbank"]);
    let whole = space.pipe(&["plan", "pipe.toml"]);
    assert_ne!(whole.status.code(), Some(0));
    let told = String::from_utf8_lossy(&planned.stderr);
    assert!(
        [Some(0), whole.status.code()].contains(&planned.status.code()),
        "{told}"
    );
}

#[test]
fn an_unknown_target_is_told_with_names_near_it() {
    let space = workspace();
    for command in ["run", "plan"] {
        let told = space.refused(&[command, "pipe.toml", "--target", "fbnak"]);
        assert!(
            told.contains("no step or stage `fbnak`") && told.contains("did you mean `fbank`?"),
            "{told}"
        );
        let told = space.refused(&[command, "pipe.toml", "--target", "say[word=ons]"]);
        assert!(told.contains("did you mean `say[word=one]`?"), "{told}");
    }
    assert!(!space.join("runs").exists());
}
