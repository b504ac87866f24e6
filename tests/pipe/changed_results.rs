//! Results of runs with `--set`: in folders of their own, beside those of the manifest as it is.

use std::collections::BTreeMap;
use std::path::Path;

use super::workspace::Workspace;

fn files(space: &Workspace) -> BTreeMap<String, Vec<u8>> {
    let mut files = space.files("runs/pipe");
    files.retain(|name, _| !name.contains('='));
    files
}

#[test]
fn results_of_changed_runs_stand_beside_those_of_the_manifest_as_it_is() {
    let space = Workspace::with_corpus(3);
    space.run_well("pipe.toml");
    let plain = files(&space);
    assert!(plain.contains_key("count/count.txt"), "{:?}", plain.keys());
    let changes = ["--set", "fbank.bins=20", "--set", "speech.max_bad=0.2"];
    assert_eq!(space.run("pipe.toml", &changes).code, Some(0));
    assert_eq!(files(&space), plain);
    let changed = space.files("runs/pipe/fbank.bins=20,speech.max_bad=0.2");
    assert!(
        changed.contains_key("count/count.txt"),
        "{:?}",
        changed.keys()
    );
    // Another order, other white space and the long form are the same changes.
    let same = [
        "--set",
        "stage.speech.max_bad = 0.2",
        "--set",
        "fbank.bins = 20",
    ];
    assert_eq!(space.run("pipe.toml", &same).steps().0, 0);
    let other = ["--set", "fbank.bins=21"];
    assert_eq!(space.run("pipe.toml", &other).code, Some(0));
    let folders = std::fs::read_dir(space.join("runs/pipe")).unwrap();
    let names = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.contains('=')).collect();
    names.sort();
    assert_eq!(names, ["fbank.bins=20,speech.max_bad=0.2", "fbank.bins=21"]);
    // All are runs of one manifest.
    let runs = space.stdout(&["runs", "pipe"]);
    assert!(
        runs.contains("pipe:3") && runs.contains("bins 20 -> 21"),
        "{runs}"
    );
    // What is edited is restored where it was.
    space.write("runs/pipe/fbank.bins=21/count/count.txt", "mine");
    assert_eq!(space.run("pipe.toml", &other).code, Some(0));
    assert_eq!(
        space.read("runs/pipe/fbank.bins=21/count/count.txt").trim(),
        "4"
    );
    assert_eq!(files(&space), plain);
    // A step that is gone is taken away where it was gone.
    space.edit("pipe.toml", "[stage.count]", "[stage.counted]");
    space.run_well("pipe.toml");
    assert!(!space.join("runs/pipe/count").exists());
    assert!(
        space
            .join("runs/pipe/fbank.bins=21/count/count.txt")
            .is_file()
    );
}

#[test]
fn folders_of_long_changes_are_short_and_their_own() {
    let space = Workspace::with_corpus(2);
    let folders = |letter: &str| {
        let change = format!(
            "count.run=\"echo {} > {{out}}/count.txt\"",
            letter.repeat(300)
        );
        let run = space.run("pipe.toml", &["--set", &change]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let entries = Path::new(&space.join("runs/pipe")).read_dir().unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.contains('=')).collect();
        names.sort();
        names
    };
    let first = folders("a");
    assert!(
        first[0].starts_with("count.run=") && first[0].len() <= 120,
        "{first:?}"
    );
    // They differ in what is cut off.
    let long = "a".repeat(299) + "b";
    let change = format!("count.run=\"echo {long} > {{out}}/count.txt\"");
    assert_eq!(space.run("pipe.toml", &["--set", &change]).code, Some(0));
    assert_eq!(folders("a").len(), 2);
    assert_eq!(folders("c").len(), 3);
}
