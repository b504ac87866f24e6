//! Published partitions: the folds of EmoBox, lists of files, tables of splits; and predictions for others' evaluations.

use std::path::Path;

use pipe_report::eval::{Evaluation, read_predictions};
use serde::Deserialize;
use serde_json::Value as Json;

use super::folds::{acted, crossed};
use super::workspace::Workspace;

/// The data of `acted` in two folds as EmoBox has them: the texts are tested in turn, and one file is not there.
pub fn write_emobox(space: &Workspace) {
    let table = space.read("acted/labels.csv");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect();
    for (fold, tested) in [("1", "a"), ("2", "b")] {
        let (mut train, mut test) = (String::new(), String::new());
        for row in &rows {
            let line = serde_json::json!({
                "key": format!("acted-{}", row[0]), "wav": format!("downloads/acted/audio/{}", row[0]),
                "emo": row[3], "length": 0.4,
            });
            let part = if row[4] == tested {
                &mut test
            } else {
                &mut train
            };
            part.push_str(&format!("{line}\n"));
        }
        test.push_str("{\"key\": \"acted-gone\", \"wav\": \"downloads/acted/audio/gone.wav\", \"emo\": \"joy\"}\n");
        space.write(
            &format!("protocol/fold_{fold}/acted_train_fold_{fold}.jsonl"),
            train,
        );
        space.write(
            &format!("protocol/fold_{fold}/acted_test_fold_{fold}.jsonl"),
            test,
        );
    }
    space.write(
        "protocol/label_map.json",
        r#"{"joy": "Happy", "neutral": "Neutral", "anger": "Angry"}"#,
    );
}

fn with_leaks(manifest: &str) -> String {
    let mut manifest = manifest.to_owned();
    for kind in ["ingest", "train", "evaluate"] {
        let kind = format!("kind = \"{kind}\"");
        manifest = manifest.replace(&kind, &format!("{kind}\nleaks = \"warn\""));
    }
    manifest
}

#[test]
fn the_folds_of_emobox_are_followed_and_told() {
    let split = r#"{ protocol = "emobox", folder = "protocol", fold = "${matrix.fold}" }"#;
    let space = acted(5, with_leaks(&crossed(split, "", "")));
    write_emobox(&space);
    // One more file than the protocol names.
    space.tone("acted/more.wav", 16_000, 0.4, 200.0);
    let table = space.read("acted/labels.csv");
    space.write("acted/labels.csv", table + "more.wav,00,male,joy,a,0\n");
    let run = space.run_well("p.toml");
    let warned = run.warnings().join("\n");
    assert!(
        warned.contains("1 of the 31 files of EmoBox acted, fold 1 is not in the corpora, or its label is not used; the first is downloads/acted/audio/gone.wav"),
        "{warned}"
    );
    assert!(
        warned.contains("1 of 31 utterances is not named by EmoBox acted, fold 1 and is left out; the first is acted/more"),
        "{warned}"
    );
    for (fold, tested) in [("1", "a"), ("2", "b")] {
        let text = space.read(&format!("runs/p/speech/fold={fold}/split.tsv"));
        let of = |split: &str| -> Vec<String> {
            let lines = text
                .lines()
                .filter(|line| line.split('\t').nth(1) == Some(split));
            lines
                .map(|line| line.split('\t').next().unwrap().to_owned())
                .collect()
        };
        assert_eq!(of("test").len(), 15);
        assert!(
            of("test")
                .iter()
                .all(|id| &id["acted/00".len()..][..1] == tested),
            "{text}"
        );
        // A fifth of the training part, drawn with every class.
        assert_eq!(
            (of("train").len(), of("validation").len()),
            (12, 3),
            "{text}"
        );
        for label in ["joy", "neutral", "anger"] {
            assert!(
                of("validation").iter().any(|id| id.ends_with(label)),
                "{text}"
            );
        }
    }
    let study: Json = serde_json::from_str(&space.read("runs/p/report/study.json")).unwrap();
    let partitions = study["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), 2);
    assert_eq!(partitions[0]["name"], "EmoBox acted, fold 1");
    let digest = partitions[0]["digest"].as_str().unwrap();
    let report = space.read("runs/p/report/report.md");
    assert!(
        report.contains("EmoBox acted, fold 1") && report.contains(digest),
        "{report}"
    );
    let page = space.read("runs/p/report/report.html");
    assert!(page.contains(digest));
    assert!(page.contains(
        "Splits follow EmoBox acted, fold 1 (31 files, 1 of them not among the data, BLAKE3 "
    ));

    let predictions = "runs/p/test/fold=2/predictions.csv";
    let arguments = [
        "export",
        predictions,
        "--emobox",
        "out.json",
        "--protocol",
        "protocol",
    ];
    let output = space.pipe(&[&arguments[..], &["--fold", "2"]].concat());
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{warned}");
    assert!(warned.contains("1 of 16 test files"), "{warned}");
    let list: Vec<Json> = serde_json::from_str(&space.read("out.json")).unwrap();
    assert_eq!(list.len(), 15);
    assert_eq!(list[0]["key"], "acted-00bjoy.wav");
    assert!(
        list.iter()
            .all(|line| ["Happy", "Neutral", "Angry"].contains(&line["pred"].as_str().unwrap()))
    );
    assert!(!warned.contains("not the labels of"), "{warned}");
    // The terminal names the partition too.
    let told = space.stdout(&["run", "p.toml"]);
    assert!(
        told.contains("EmoBox acted, fold 1") && told.contains(digest),
        "{told}"
    );
    // Predictions of another fold are of none of its test files.
    let refused = space.refused(&arguments);
    assert!(refused.contains("is of a test file of"), "{refused}");

    space.edit(
        "p.toml",
        "folds_of = \"speech\"",
        "folds_of = \"speech\" } #",
    );
    space.edit(
        "p.toml",
        "fold = { folds_of = \"speech\" } # }",
        "fold = [\"1\", \"3\"]",
    );
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    assert!(
        told.contains("has no fold `3`: its folds are 1, 2"),
        "{told}"
    );
}

#[test]
fn coarse_classes_are_not_the_labels_of_emobox_and_recalls_of_these_are_in_the_terminal() {
    let split = r#"{ protocol = "emobox", folder = "protocol", fold = "${matrix.fold}" }"#;
    let space = acted(5, with_leaks(&crossed(split, "", "")));
    write_emobox(&space);
    space.edit(
        "p.toml",
        "corpora = \"acted\"",
        "corpora = \"acted\"\nclasses = { aroused = [\"joy\", \"anger\"], calm = [\"neutral\"] }",
    );
    space.run_well("p.toml");
    let arguments = [
        "export",
        "runs/p/test/fold=1/predictions.csv",
        "--emobox",
        "out.json",
        "--protocol",
        "protocol",
    ];
    let warned = space.warned(&arguments);
    assert!(
        warned.contains("the classes of these predictions are not the labels of EmoBox acted, fold 1 (aroused holds Angry, Happy; calm holds Neutral)"),
        "{warned}"
    );
    assert!(space.read("out.json").contains("\"aroused\""));
    let told = space.stdout(&["run", "p.toml"]);
    assert!(told.contains("Recall of the original labels"), "{told}");
    assert!(
        told.lines()
            .any(|line| line.contains("joy") && line.contains("aroused")),
        "{told}"
    );
}

#[derive(Deserialize)]
struct Scores {
    ua: f64,
    wa: f64,
    macro_f1: f64,
}

#[test]
fn predictions_are_scored_as_emobox_scores_them() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/emobox");
    let read = |name: &str| std::fs::read_to_string(golden.join(name)).unwrap();
    let space = Workspace::new();
    let table = golden.join("predictions.csv");
    let protocol = golden.join("toy");
    space.stdout(&[
        "export",
        table.to_str().unwrap(),
        "--emobox",
        "out.json",
        "--protocol",
        protocol.to_str().unwrap(),
    ]);
    let list: Json = serde_json::from_str(&space.read("out.json")).unwrap();
    let expected: Json = serde_json::from_str(&read("predictions.json")).unwrap();
    assert_eq!(list, expected);
    let scores: Scores = serde_json::from_str(&read("scores.json")).unwrap();
    let predictions = read_predictions(&table).unwrap();
    let ours = Evaluation::of(&predictions.classes, &predictions.rows)
        .unwrap()
        .overall;
    for (ours, theirs) in [
        (ours.ua, scores.ua),
        (ours.wa, scores.wa),
        (ours.macro_f1, scores.macro_f1),
    ] {
        assert!((ours.unwrap() - theirs).abs() < 1e-12, "{ours:?} {theirs}");
    }
}

/// A study of one split that puts up with leaks.
pub fn plain(split: &str) -> String {
    let manifest = crossed(split, "", "").replace("[matrix]\nfold = { folds_of = \"speech\" }", "");
    with_leaks(&manifest)
}

#[test]
fn lists_and_tables_of_files_are_partitions() {
    let lists = r#"{ lists = { train = "lists/train.txt", validation = "lists/dev.txt", test = ["lists/test.txt"] } }"#;
    let space = acted(3, plain(lists));
    let names: Vec<String> = space
        .read("acted/labels.csv")
        .lines()
        .skip(1)
        .map(|line| line[..line.find(',').unwrap()].to_owned())
        .collect();
    let of = |range: std::ops::Range<usize>| {
        let lines = names[range].iter().map(|name| format!("./audio/{name}\n"));
        lines.collect::<String>()
    };
    space.write("lists/train.txt", format!("# training\n\n{}", of(0..10)));
    space.write("lists/dev.txt", of(10..14));
    space.write("lists/test.txt", of(14..18));
    space.run_well("p.toml");
    let by_lists = space.read("runs/p/speech/split.tsv");
    let count = |split: &str| {
        by_lists
            .lines()
            .filter(|line| line.split('\t').nth(1) == Some(split))
            .count()
    };
    assert_eq!(
        ["train", "validation", "test"].map(count),
        [10, 4, 4],
        "{by_lists}"
    );

    let mut table = String::from("file,split\n");
    for (number, name) in names.iter().enumerate() {
        let split = ["train", "dev", "test"][usize::from(number >= 10) + usize::from(number >= 14)];
        table += &format!("audio/{name},{split}\n");
    }
    space.write("splits.csv", table);
    space.edit("p.toml", lists, "{ table = \"splits.csv\" }");
    space.run_well("p.toml");
    assert_eq!(space.read("runs/p/speech/split.tsv"), by_lists);

    space.edit("splits.csv", ",dev", ",devil");
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    assert!(
        told.contains("splits.csv:12: `devil` is not a split"),
        "{told}"
    );
    space.edit("p.toml", "splits.csv", "lists/none.csv");
    let refused = space.refused(&["plan", "p.toml"]);
    assert!(
        refused.contains("lists/none.csv does not exist"),
        "{refused}"
    );
    space.edit(
        "p.toml",
        "{ table = \"lists/none.csv\" }",
        "{ lists = { train = \"other.txt\" } }",
    );
    space.write("other.txt", "somewhere/else.wav\n");
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    assert!(
        told.contains(
            "the only file of lists other.txt, somewhere/else.wav, is not in the corpora"
        ),
        "{told}"
    );
}

#[test]
fn a_name_that_may_be_one_of_several_recordings_is_reported_as_that() {
    let space = acted(
        3,
        plain("{ lists = { train = \"train.txt\", test = \"test.txt\" } }"),
    );
    space.tone("acted/again/00ajoy.wav", 16_000, 0.4, 90.0);
    let table = space.read("acted/labels.csv");
    space.write(
        "acted/labels.csv",
        table.replace("00ajoy.wav,", "old/00ajoy.wav,") + "again/00ajoy.wav,00,male,joy,a,0\n",
    );
    space.tone("acted/old/00ajoy.wav", 16_000, 0.4, 120.0);
    space.write(
        "train.txt",
        "00ajoy.wav\n01ajoy.wav\n01aneutral.wav\nnone.wav\n",
    );
    space.write("test.txt", "02ajoy.wav\n02aneutral.wav\n");
    let told = space.warned(&["plan", "p.toml"]);
    for text in [
        "1 of the 6 files of lists train.txt, test.txt may be one of several recordings, so no split is known: \
         00ajoy.wav is acted/again/00ajoy or acted/old/00ajoy;",
        "1 of the 6 files of lists train.txt, test.txt is not in the corpora, or its label is not used; the first is \
         none.wav",
    ] {
        assert!(told.contains(text), "{text} is missing: {told}");
    }
}
