//! What a manifest is called, and that no two of one name share results or history.

use std::fs;
use std::process::Output;

use serde_json::Value as Json;

use super::workspace::Workspace;

/// A manifest of one program that writes `word`.
fn echo(word: &str) -> String {
    format!(
        "[stage.say]\nkind = \"command\"\nrun = \"echo {word} > {{out}}/said.txt\"\noutputs = [\"said.txt\"]\n"
    )
}

/// Names of the remembered runs, manifest by manifest, the latest first.
fn runs(space: &Workspace) -> Vec<String> {
    let output = space.pipe(&["runs", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Json>(line).unwrap());
    lines
        .map(|run| run["run"].as_str().unwrap().to_string())
        .collect()
}

/// What a refused command says: it must end with 2.
fn refusal(output: Output) -> String {
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    // Line breaks depend on the lengths of paths.
    stderr
        .replace('│', " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn manifests_of_one_file_name_in_two_folders_have_nothing_in_common() {
    let space = Workspace::new();
    for folder in ["a", "b"] {
        space.write(&format!("{folder}/exp.toml"), echo(folder));
    }
    for folder in ["a", "b", "a"] {
        space.run_well(&format!("{folder}/exp.toml"));
    }
    assert_eq!(space.read("runs/a/exp/say/said.txt"), "a\n");
    assert_eq!(space.read("runs/b/exp/say/said.txt"), "b\n");
    assert_eq!(runs(&space), ["a/exp:1", "b/exp:1"]);
    // By name, by path from anywhere, and with a step.
    assert!(space.stdout(&["runs", "b/exp.toml"]).contains("b/exp:1"));
    assert!(
        space
            .stdout(&["runs", "./a/../b/exp.toml"])
            .contains("b/exp:1")
    );
    for names in [
        &["b/exp/say"][..],
        &["b/exp:1/say"],
        &["b/exp", "say"],
        &["b/exp.toml", "say"],
    ] {
        let shown = space.stdout(&[&["show"], names].concat());
        assert!(
            shown.contains("b/exp:1/say") && shown.contains("echo b"),
            "{shown}"
        );
    }
    let diff = space.stdout(&["diff", "a/exp", "b/exp:1"]);
    assert!(diff.contains("echo a") && diff.contains("echo b"), "{diff}");
    // Keeping one run of each keeps both, and all that they made.
    space.stdout(&["cache", "prune", "--keep-runs", "1"]);
    for folder in ["a", "b"] {
        let run = space.run_well(&format!("{folder}/exp.toml"));
        assert_eq!(run.steps(), (0, 1, 0), "{folder}");
    }
}

#[test]
fn a_change_is_explained_by_the_runs_of_the_same_manifest() {
    let space = Workspace::with_corpus(3);
    let chain = space.read("pipe.toml");
    space.write("a/pipe.toml", &chain);
    space.write("b/pipe.toml", chain.replace("bins = 23", "bins = 20"));
    space.run_well("a/pipe.toml");
    space.run_well("b/pipe.toml");
    space.edit("a/pipe.toml", "bins = 23", "bins = 24");
    let why = space.stdout(&["why", "a/pipe.toml", "--step", "fbank"]);
    assert!(why.contains("bins: 23 -> 24"), "{why}");
    // What sources listed is kept by manifest too.
    space.tone("corpora/made/audio/0001.wav", 16_000, 0.3, 999.0);
    let why = space.stdout(&["why", "b/pipe.toml", "--step", "speech"]);
    assert!(why.contains("made/audio/0001: content "), "{why}");
}

#[test]
fn the_folder_pipelines_is_no_part_of_a_name_and_what_then_has_one_name_is_refused() {
    let space = Workspace::with_manifest("pipelines/demo.toml", echo("first"));
    space.write("demo.toml", echo("second"));
    space.run_well("pipelines/demo.toml");
    assert_eq!(runs(&space), ["demo:1"]);
    let before = space.files(".");
    for command in ["run", "plan", "why", "report"] {
        let told = refusal(space.pipe(&[command, "demo.toml"]));
        for words in [
            "manifest::name_taken",
            "demo.toml and pipelines/demo.toml are both called `demo`",
            "name = \"...\"",
        ] {
            assert!(told.contains(words), "{command}: {words}: {told}");
        }
    }
    assert!(
        before == space.files("."),
        "something was computed or written"
    );
    // Either may take another name.
    space.edit("demo.toml", "[stage", "name = \"other/demo\"\n[stage");
    space.run_well("demo.toml");
    assert_eq!(runs(&space), ["demo:1", "other/demo:1"]);
    assert_eq!(space.read("runs/demo/say/said.txt"), "first\n");
    assert_eq!(space.read("runs/other/demo/say/said.txt"), "second\n");
    space.edit("demo.toml", "name = \"other/demo\"\n", "");
    space.edit("pipelines/demo.toml", "[stage", "name = \"mine\"\n[stage");
    space.run_well("demo.toml");
    assert_eq!(space.read("runs/demo/say/said.txt"), "second\n");
}

#[test]
fn a_manifest_that_was_moved_continues_its_history() {
    let space = Workspace::with_manifest("demo.toml", echo("first"));
    space.run_well("demo.toml");
    fs::create_dir(space.join("pipelines")).unwrap();
    fs::rename(space.join("demo.toml"), space.join("pipelines/demo.toml")).unwrap();
    space.edit("pipelines/demo.toml", "first", "second");
    space.run_well("pipelines/demo.toml");
    assert_eq!(runs(&space), ["demo:2", "demo:1"]);
    // Whoever comes to the old place now is another one.
    space.write("demo.toml", echo("third"));
    refusal(space.pipe(&["run", "demo.toml"]));
    // A project that is copied with its cache is itself.
    let copy = Workspace::new();
    for (name, content) in space.files(".") {
        copy.write(&name, content);
    }
    assert_eq!(copy.run_well("pipelines/demo.toml").steps(), (0, 1, 0));
    refusal(copy.pipe(&["run", "demo.toml"]));
}

#[test]
fn manifests_outside_the_project_have_the_names_of_their_files() {
    let (space, outside) = (Workspace::new(), Workspace::new());
    // What marks it as a project, so that its results are here.
    std::fs::create_dir(space.join(".pipe")).unwrap();
    for folder in ["a", "b"] {
        outside.write(&format!("{folder}/exp.toml"), echo(folder));
    }
    let path = |folder: &str| outside.join(&format!("{folder}/exp.toml"));
    let (first, second) = (path("a"), path("b"));
    let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());
    space.run_well(first);
    assert_eq!(runs(&space), ["exp:1"]);
    let told = refusal(space.pipe(&["run", second]));
    assert!(told.contains("are both called `exp`"), "{told}");
    assert_eq!(space.read("runs/exp/say/said.txt"), "a\n");
    outside.edit("b/exp.toml", "[stage", "name = \"exp-b\"\n[stage");
    space.run_well(second);
    assert_eq!(runs(&space), ["exp:1", "exp-b:1"]);
}

#[test]
fn of_two_that_start_together_under_one_name_one_is_refused() {
    let space = Workspace::new();
    let slow = |word: &str| echo(word).replace("echo", "sleep 0.3; echo");
    space.write("demo.toml", slow("first"));
    space.write("pipelines/demo.toml", slow("second"));
    let children = ["demo.toml", "pipelines/demo.toml"].map(|manifest| {
        let mut command = space.command(&["run", manifest]);
        command.stderr(std::process::Stdio::null()).spawn().unwrap()
    });
    let mut codes = children.map(|mut child| child.wait().unwrap().code());
    codes.sort();
    assert_eq!(codes, [Some(0), Some(2)]);
    assert_eq!(runs(&space), ["demo:1"]);
}

#[test]
fn results_of_a_manifest_never_lie_in_the_folder_of_anothers_step() {
    let space = Workspace::with_manifest("demo.toml", echo("first"));
    space.write("demo/say.toml", echo("second"));
    space.write("demo/other.toml", echo("third"));
    space.run_well("demo.toml");
    let told = refusal(space.pipe(&["run", "demo/say.toml"]));
    assert!(
        told.contains("results of `demo/say` would be in the folder of the step `say` of `demo`"),
        "{told}"
    );
    space.run_well("demo/other.toml");
    space.edit("demo.toml", "stage.say", "stage.other");
    let told = refusal(space.pipe(&["run", "demo.toml"]));
    assert!(told.contains("the step `other` of `demo`"), "{told}");
}

#[test]
fn what_earlier_versions_remembered_is_found_under_the_new_name() {
    let space = Workspace::new();
    for folder in ["a", "b"] {
        space.write(&format!("{folder}/exp.toml"), echo(folder));
    }
    // Earlier versions remembered both as `exp`, and which file it was only in the record.
    space.run_well("a/exp.toml");
    space.run_well("b/exp.toml");
    fs::remove_dir_all(space.join("cache/manifests")).unwrap();
    fs::create_dir(space.join("cache/runs/exp")).unwrap();
    for (folder, number) in [("a", 1), ("b", 2)] {
        let old = format!("cache/runs/{folder}%2Fexp");
        let target = format!("cache/runs/exp/{number:06}.json");
        fs::rename(
            space.join(&format!("{old}/000001.json")),
            space.join(&target),
        )
        .unwrap();
        // With the log, which they did not keep.
        fs::remove_dir_all(space.join(&old)).unwrap();
    }
    assert_eq!(runs(&space), ["exp:2", "exp:1"]);
    space.edit("b/exp.toml", "echo b", "echo more");
    space.run_well("b/exp.toml");
    let why = space.stdout(&["why", "b/exp.toml"]);
    assert!(why.contains("echo b") && why.contains("echo more"), "{why}");
    assert_eq!(runs(&space), ["b/exp:3", "b/exp:2", "exp:1"]);
    assert_eq!(space.run_well("a/exp.toml").steps(), (0, 1, 0));
    assert_eq!(runs(&space), ["a/exp:1", "b/exp:3", "b/exp:2"]);
    assert!(!space.join("cache/runs/exp").exists());
}
