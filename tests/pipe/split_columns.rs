//! Splits that a column of the corpora says.

use serde_json::Value as Json;

use super::folds::{acted, crossed};
use super::workspace::Workspace;

const BY_COLUMN: &str = "{ column = \"part\" }";

/// Six speakers, and a column `part` that says what `part` gives for each of them.
fn space(split: &str, part: impl Fn(&str) -> &'static str) -> Workspace {
    let manifest = crossed(split, "", "").replace("[matrix]\nfold = { folds_of = \"speech\" }", "");
    let space = acted(6, manifest);
    let table = space.read("acted/labels.csv");
    let mut lines = table.lines();
    let mut with_parts = format!("{},part\n", lines.next().unwrap());
    for line in lines {
        let speaker = line.split(',').nth(1).unwrap();
        with_parts += &format!("{line},{}\n", part(speaker));
    }
    space.write("acted/labels.csv", with_parts);
    space
}

fn usual(speaker: &str) -> &'static str {
    match speaker {
        "00" | "01" | "02" => "Training",
        "03" => "devel",
        "04" => " TESTING ",
        _ => "holdout",
    }
}

/// The speakers of each split, by the table of the split.
fn speakers_of(table: &str, split: &str) -> Vec<String> {
    let rows = table
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let own = rows.filter(|row| row.get(1) == Some(&split));
    own.map(|row| row[0].to_owned()).collect()
}

#[test]
fn a_column_says_the_splits_and_other_values_are_left_out_and_told() {
    let space = space(BY_COLUMN, usual);
    let table = space.read("acted/labels.csv");
    let empty = table.replacen(",holdout\n", ",\n", 2);
    space.write("acted/labels.csv", empty);
    let run = space.run_well("p.toml");
    let warned = run.warnings().join("\n");
    let told = "6 of 36 utterances are left out, since the column `part` says no split for them: \
                4 say `holdout`, 2 are empty";
    assert!(warned.contains(told), "{warned}");
    let split = space.read("runs/p/speech/split.tsv");
    for (name, speakers) in [
        ("train", &["acted/00", "acted/01", "acted/02"][..]),
        ("validation", &["acted/03"]),
        ("test", &["acted/04"]),
    ] {
        assert_eq!(speakers_of(&split, name), speakers, "{split}");
    }
    let dropped = space.read("runs/p/speech/dropped.tsv");
    for text in [
        "its column `part`, which says the splits, is empty",
        "its column `part` says `holdout`, which is not a split",
    ] {
        assert!(dropped.contains(text), "{text} is missing: {dropped}");
    }
    let study: Json = serde_json::from_str(&space.read("runs/p/report/study.json")).unwrap();
    let partition = &study["partitions"][0];
    assert_eq!(partition["name"], "column part");
    assert_eq!(partition["files"], 30);
    let page = space.read("runs/p/report/report.html");
    assert!(page.contains("Splits follow column part (30 files, BLAKE3 "));
    let markdown = space.read("runs/p/report/report.md");
    assert!(markdown.contains("column part"), "{markdown}");
}

#[test]
fn validation_that_a_column_lacks_is_held_out_by_speaker() {
    let split = "{ column = \"part\", validation = 0.25 }";
    let space = space(split, |speaker| match speaker {
        "04" | "05" => "test",
        _ => "train",
    });
    space.run_well("p.toml");
    let split = space.read("runs/p/speech/split.tsv");
    let counts = ["train", "validation", "test"].map(|name| speakers_of(&split, name).len());
    assert_eq!(counts, [3, 1, 2], "{split}");
}

#[test]
fn a_column_that_is_missing_or_has_no_splits_is_refused() {
    let space = space("{ column = \"prt\" }", usual);
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    let wanted = "no utterance has the column `prt` that `split` names: did you mean `part`";
    assert!(told.contains(wanted), "{told}");
    space.edit("p.toml", "\"prt\"", "\"session\"");
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    let wanted = "the column `session` that `split` names has no value that is a split: \
                  12 say `0`, 12 say `1`, 12 say `2`";
    assert!(told.contains(wanted), "{told}");
}

#[test]
fn a_speaker_in_two_splits_of_a_column_is_a_leak() {
    let space = space(BY_COLUMN, usual);
    let table = space.read("acted/labels.csv");
    space.write("acted/labels.csv", table.replacen("Training", "test", 1));
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    assert!(told.contains("shared_speaker"), "{told}");
}

#[test]
fn the_splits_of_an_audformat_database_are_followed() {
    let space = space("{ column = \"split\" }", usual);
    let table = space.read("acted/labels.csv");
    let mut header = String::from("tables:\n");
    for (id, part) in [("train", "Training"), ("dev", "devel"), ("test", "TESTING")] {
        header += &format!(
            "  emotion.{id}:\n    type: filewise\n    split_id: {id}\n    columns: {{emotion: , speaker: , gender: }}\n"
        );
        let mut rows = String::from("file,emotion,speaker,gender\n");
        for line in table.lines().filter(|line| line.contains(part)) {
            let cells: Vec<&str> = line.split(',').collect();
            rows += &format!("{},{},{},{}\n", cells[0], cells[3], cells[1], cells[2]);
        }
        space.write(&format!("acted/db.emotion.{id}.csv"), rows);
    }
    space.write("acted/db.yaml", header);
    space.edit(
        "corpora.toml",
        "reader = \"table\"",
        "reader = \"audformat\"",
    );
    space.edit(
        "corpora.toml",
        "{ table = \"labels.csv\", columns = { path = \"file\", emotion = \"label\" } }",
        "{ tables = [\"emotion.train\", \"emotion.dev\", \"emotion.test\"] }",
    );
    space.run_well("p.toml");
    let split = space.read("runs/p/speech/split.tsv");
    let speakers = ["train", "validation", "test"].map(|name| speakers_of(&split, name));
    assert_eq!(
        speakers.map(|speakers| speakers.join(" ")),
        ["acted/00 acted/01 acted/02", "acted/03", "acted/04"],
        "{split}"
    );
}
