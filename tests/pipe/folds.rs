//! Cross-validation: folds, leaving one out, and one result over all folds.

use std::collections::{BTreeMap, BTreeSet};

use pipe_report::eval::{Evaluation, Prediction, read_predictions};

use super::manifests::{ENCODER, REPORT, TEST, front_end};
use super::workspace::Workspace;

/// A corpus like Emo-DB in small: speakers of both genders who say the same texts with the same emotions.
const CORPORA: &str = r#"folder = "."
[corpus.acted]
root = "acted"
reader = "table"
title = "Acted"
language = "de"
licence = "none"
source = "made by the tests"
labels = { positive = ["joy"], neutral = ["neutral"], negative = ["anger"] }
options = { table = "labels.csv", columns = { path = "file", emotion = "label" } }
"#;

/// `speakers` speakers who say two texts in three emotions in one of two sessions.
pub fn acted(speakers: usize, manifest: String) -> Workspace {
    let space = Workspace::with_manifest("p.toml", manifest);
    let mut table = String::from("file,speaker,gender,label,text,session\n");
    for speaker in 0..speakers {
        for (number, label) in ["joy", "neutral", "anger"].into_iter().enumerate() {
            for text in ["a", "b"] {
                let name = format!("{speaker:02}{text}{label}.wav");
                let pitch = 120.0 * 1.5f64.powi(number as i32) + 4.0 * speaker as f64;
                let pitch = pitch + if text == "a" { 0.0 } else { 7.0 };
                space.tone(&format!("acted/{name}"), 16_000, 0.4, pitch);
                let gender = if speaker.is_multiple_of(2) {
                    "male"
                } else {
                    "female"
                };
                let session = speaker / 2;
                table += &format!("{name},{speaker:02},{gender},{label},{text},{session}\n");
            }
        }
    }
    space.write("acted/labels.csv", table);
    space.write("corpora.toml", CORPORA);
    space
}

/// A cross-validation of the corpus, with `split` in its ingest stage and more axes.
pub fn crossed(split: &str, axes: &str, train: &str) -> String {
    format!(
        "[matrix]\nfold = {{ folds_of = \"speech\" }}\n{axes}\n\
         [stage.speech]\nkind = \"ingest\"\ncorpora = \"acted\"\nsplit = {split}\n{}\
         [stage.train]\nkind = \"train\"\ninput = \"fbank\"\nepochs = 2\nbatch = 6\nlearning_rate = 0.02\n{train}\n{ENCODER}{TEST}{REPORT}",
        front_end("\"speech\"")
    )
}

/// Each speaker is tested once.
pub const LEAVE_ONE_SPEAKER_OUT: &str =
    r#"{ leave_one_out = "speaker", fold = "${matrix.fold}", validation = 0.2 }"#;

/// The predictions of every fold of a variant; `suffix` is what follows the fold in the names of its folders.
fn predictions(space: &Workspace, folds: &[&str], suffix: &str) -> Vec<Vec<Prediction>> {
    let read = |fold: &&str| {
        let path = space.join(&format!("runs/p/test/fold={fold}{suffix}/predictions.csv"));
        read_predictions(&path).unwrap().rows
    };
    folds.iter().map(read).collect()
}

/// The rows of the report.
pub fn table(space: &Workspace) -> Vec<BTreeMap<String, String>> {
    let text = space.read("runs/p/report/study.csv");
    let mut table = csv::Reader::from_reader(text.as_bytes());
    table.deserialize().map(Result::unwrap).collect()
}

/// A number of one of them.
pub fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

fn classes() -> Vec<String> {
    ["positive", "neutral", "negative"].map(String::from).into()
}

#[test]
fn leaving_one_speaker_out_gives_one_row_over_all_folds() {
    let space = acted(5, crossed(LEAVE_ONE_SPEAKER_OUT, "", ""));
    let run = space.run_well("p.toml");
    let trained = run
        .executed()
        .into_iter()
        .filter(|step| step.starts_with("train"));
    let folds = ["00", "01", "02", "03", "04"];
    let expected: Vec<String> = folds
        .iter()
        .map(|fold| format!("train[fold={fold}]"))
        .collect();
    let mut trained: Vec<String> = trained.collect();
    trained.sort();
    assert_eq!(trained, expected);
    // Features do not depend on the fold.
    assert_eq!(
        run.items().0,
        3 * 30,
        "waveforms, audio and features are made once"
    );

    let rows = table(&space);
    assert_eq!(rows.len(), 1, "one row for the method: {rows:?}");
    let all = predictions(&space, &folds, "");
    for (fold, rows) in folds.iter().zip(&all) {
        assert_eq!(rows.len(), 6);
        assert!(
            rows.iter()
                .all(|row| row.speaker == format!("acted/{fold}"))
        );
    }
    let pooled = Evaluation::of(&classes(), &all.concat()).unwrap().overall;
    assert_eq!(pooled.utterances, 30);
    assert_eq!(number(&rows[0], "ua"), pooled.ua.unwrap());
    assert_eq!(number(&rows[0], "wa"), pooled.wa.unwrap());
    assert_eq!(rows[0]["utterances"], "30");
    let single = |rows: &Vec<Prediction>| {
        Evaluation::of(&classes(), rows)
            .unwrap()
            .overall
            .ua
            .unwrap()
    };
    let uas: Vec<f64> = all.iter().map(single).collect();
    assert_eq!(rows[0]["folds"], "5");
    let shown: Vec<String> = uas.iter().map(f64::to_string).collect();
    assert_eq!(rows[0]["ua_of_folds"], shown.join(" "));
    assert_eq!(
        number(&rows[0], "folds_mean_ua"),
        uas.iter().sum::<f64>() / 5.0
    );

    let report = space.read("runs/p/report/report.md");
    assert!(
        report.contains("mean of folds") && report.contains("all folds together"),
        "{report}"
    );
    let told = space.stdout(&["report", "p.toml", "--folds"]);
    for fold in folds {
        assert!(told.contains(&format!("  {fold} ")), "{told}");
    }
    let page = space.read("runs/p/report/report.html");
    assert!(page.contains("<section id=\"folds\">"));
    assert_eq!(space.run_well("p.toml").executed(), Vec::<String>::new());
}

#[test]
fn folds_test_everything_once_and_the_next_fold_can_be_validation() {
    let split = r#"{ folds = 3, fold = "${matrix.fold}", validation = "next" }"#;
    let space = acted(
        6,
        crossed(
            split,
            "seed = [1, 2]\nwidth = [\"narrow\", \"wide\"]",
            "seed = \"${matrix.seed}\"",
        ),
    );
    space.edit("p.toml", "width = [\"narrow\", \"wide\"]", "");
    space.run_well("p.toml");
    let mut tested: BTreeSet<String> = BTreeSet::new();
    let speakers = |fold: usize, split: &str| -> BTreeSet<String> {
        let text = space.read(&format!("runs/p/speech/fold={fold}/split.tsv"));
        let lines = text.lines().filter(|line| line.starts_with("acted/"));
        let own = lines.filter(|line| line.split('\t').nth(1) == Some(split));
        own.map(|line| line.split('\t').next().unwrap().to_owned())
            .collect()
    };
    for fold in 1..=3 {
        let test = speakers(fold, "test");
        assert_eq!(test.len(), 2, "{test:?}");
        assert_eq!(speakers(fold, "validation"), speakers(fold % 3 + 1, "test"));
        tested.extend(test);
    }
    assert_eq!(tested.len(), 6);
    // Two seeds are two runs of one variant, each pooled over its folds.
    let rows = table(&space);
    assert_eq!(
        (
            rows.len(),
            rows[0]["runs"].as_str(),
            rows[0]["utterances"].as_str()
        ),
        (1, "2", "36")
    );
}

#[test]
fn groups_stay_whole_and_what_they_need_is_not_kept() {
    let split = r#"{ folds = 2, fold = "${matrix.fold}", groups = ["session"], validation = 0.3 }"#;
    let space = acted(8, crossed(split, "", ""));
    space.run_well("p.toml");
    for fold in 1..=2 {
        let text = space.read(&format!("runs/p/speech/fold={fold}/split.tsv"));
        let split = |speaker: &str| {
            let line = text.lines().find(|line| line.starts_with(speaker)).unwrap();
            line.split('\t').nth(1).unwrap().to_owned()
        };
        for session in 0..4 {
            let partners = [2 * session, 2 * session + 1].map(|s| split(&format!("acted/{s:02}")));
            assert_eq!(partners[0], partners[1], "{text}");
        }
    }
    // The same by texts cuts speakers: a line an utterance, and speakers on both sides are reported.
    let split = r#"{ folds = 2, fold = "${matrix.fold}", groups = ["text"], validation = 0.0 }"#;
    let space = acted(4, crossed(split, "", ""));
    let plan = space.pipe(&["plan", "p.toml"]);
    let told = String::from_utf8(plan.stdout).unwrap();
    assert!(
        told.contains("speaker acted/00 is in test (3 utterances), train (3 utterances)"),
        "{told}"
    );
    space.edit(
        "p.toml",
        "kind = \"ingest\"",
        "kind = \"ingest\"\nleaks = \"warn\"",
    );
    space.pipe(&["run", "p.toml", "--keep-going"]);
    let text = space.read("runs/p/speech/fold=1/split.tsv");
    assert!(text.contains("utterance\tsplit\tspeaker\n"), "{text}");
    let test: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("\ttest\t"))
        .collect();
    assert_eq!(test.len(), 12);
    let texts: BTreeSet<&str> = test
        .iter()
        .map(|line| &line["acted/00".len()..][..1])
        .collect();
    assert_eq!(texts.len(), 1, "{test:?}");
    // Such a table can be pinned.
    space.write("pinned.tsv", &text);
    space.edit(
        "p.toml",
        &format!("split = {split}"),
        "split_file = \"pinned.tsv\"",
    );
    space.edit("p.toml", "fold = { folds_of = \"speech\" }", "");
    space.pipe(&["run", "p.toml", "--keep-going"]);
    assert_eq!(space.read("runs/p/speech/split.tsv"), text);
}

#[test]
fn leaving_a_corpus_out_is_pooled_too() {
    let manifest = format!(
        "[matrix.fold]\nleave_one_out = [\"near\", \"far\", \"unheard\"]\n\
         [stage.speech]\nkind = \"ingest\"\ncorpora = \"${{matrix.fold.rest}}\"\nsplit = {{ train = 0.6, validation = 0.2, test = 0.2 }}\n\
         [stage.unseen]\nkind = \"ingest\"\ncorpora = [\"${{matrix.fold.left}}\"]\nsplit = \"test\"\n{}\
         [stage.train]\nkind = \"train\"\ninput = \"fbank\"\nepochs = 1\nbatch = 8\nlearning_rate = 0.02\n{ENCODER}{TEST}{REPORT}",
        front_end("[\"speech\", \"unseen\"]")
    );
    let space = Workspace::synthetic("p.toml", manifest);
    space.run_well("p.toml");
    let rows = table(&space);
    let tests: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| (row["test"].as_str(), row["folds"].as_str()))
        .collect();
    assert_eq!(
        tests,
        [
            ("all folds", "3"),
            ("far", "1"),
            ("near", "1"),
            ("unheard", "1")
        ]
    );
    let all: Vec<Vec<Prediction>> = ["near", "far", "unheard"]
        .iter()
        .map(|fold| {
            let path = space.join(&format!("runs/p/test/fold={fold}/predictions.csv"));
            let rows = read_predictions(&path).unwrap().rows.into_iter();
            rows.filter(|row| row.corpus == *fold).collect()
        })
        .collect();
    let pooled = Evaluation::of(&classes(), &all.concat()).unwrap();
    assert_eq!(number(&rows[0], "ua"), pooled.overall.ua.unwrap());
    for row in &rows[1..] {
        assert_eq!(number(row, "ua"), pooled.corpora[&row["test"]].ua.unwrap());
    }
}

#[test]
fn folds_that_cannot_be_listed_are_reported_in_their_place() {
    for (axis, split, expected) in [
        (
            "{ folds_of = \"speach\" }",
            LEAVE_ONE_SPEAKER_OUT,
            "unknown stage `speach`",
        ),
        (
            "{ folds_of = \"train\" }",
            LEAVE_ONE_SPEAKER_OUT,
            "`train` has no folds",
        ),
        (
            "{ folds_of = \"speech\" }",
            "{ train = 0.8 }",
            "`speech` has no folds",
        ),
        (
            "{ folds_of = \"speech\", sizes = [1] }",
            LEAVE_ONE_SPEAKER_OUT,
            "has keys besides `folds_of`",
        ),
        (
            "{ folds_of = 3 }",
            LEAVE_ONE_SPEAKER_OUT,
            "expected the name of a stage",
        ),
        (
            "{ folds_of = \"speech\" }",
            r#"{ leave_one_out = "city", fold = "${matrix.fold}" }"#,
            "30 of 30 utterances have no `city`",
        ),
        (
            "{ folds_of = \"speech\" }",
            r#"{ leave_one_out = "corpus", fold = "${matrix.fold}" }"#,
            "there is nothing to leave out",
        ),
        (
            "{ folds_of = \"speech\" }",
            r#"{ folds = 3 }"#,
            "`split` needs the key `fold`",
        ),
    ] {
        let manifest = crossed(split, "", "").replace("{ folds_of = \"speech\" }", axis);
        let space = acted(5, manifest);
        let refused = space.refused(&["run", "p.toml"]);
        let told = refused.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(expected), "{expected}: {refused}");
        assert!(!told.contains("untagged"), "{refused}");
    }
    let space = acted(
        3,
        crossed(r#"{ folds = 5, fold = "${matrix.fold}" }"#, "", ""),
    );
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    assert!(
        told.contains(
            "acted has 3 groups by speaker that must stay whole, too few for 5 folds (and 4 other"
        ),
        "{told}"
    );
    assert_eq!(told.matches("3 groups").count(), 1, "{told}");
    let limited = acted(5, crossed(LEAVE_ONE_SPEAKER_OUT, "", ""));
    let refused = limited.refused(&["plan", "p.toml", "--limit", "axis_values=4"]);
    assert!(
        refused.contains("manifest::limit") && refused.contains("has 5 values"),
        "{refused}"
    );
}
