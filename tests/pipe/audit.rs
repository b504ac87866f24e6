//! `pipe audit`: clean recordings have no errors, and each kind of trouble is found and named.

use std::fs;

use serde_json::Value as Json;

use super::workspace::{Workspace, lines_of_json};

/// Splits by a table of speakers.
const MANIFEST: &str = r#"[stage.speech]
kind = "ingest"
corpora = "made"
split_file = "split.tsv"
"#;

/// Twelve recordings of four speakers, two in training, one in validation, one in test.
pub fn with_splits() -> Workspace {
    let space = Workspace::with_corpus(12);
    for index in 0..12 {
        // Tones of the same length would be alike in the low band.
        space.tone(
            &format!("corpora/made/audio/{index:04}.wav"),
            16_000,
            0.3 + 0.05 * f64::from(index),
            150.0 + 17.0 * f64::from(index),
        );
    }
    space.write(
        "split.tsv",
        "made/s0\ttrain\nmade/s1\ttrain\nmade/s2\tvalidation\nmade/s3\ttest\n",
    );
    space.write("pipe.toml", MANIFEST);
    space
}

/// The findings of an audit that ends with `code`: code, severity and message.
pub fn findings(space: &Workspace, what: &str, code: i32) -> Vec<(String, String, String)> {
    let told = space.stdout_of_exit(&["audit", what, "--json"], code);
    let lines = lines_of_json(&told);
    assert_eq!(lines.last().unwrap()["event"], "audit_finished", "{told}");
    let text = |line: &Json, key: &str| line[key].as_str().unwrap().to_owned();
    lines
        .iter()
        .filter(|line| line["event"] == "audit_finding")
        .map(|line| {
            (
                text(line, "code"),
                text(line, "severity"),
                text(line, "message"),
            )
        })
        .collect()
}

/// The message of the only finding with a code.
pub fn message(findings: &[(String, String, String)], code: &str, severity: &str) -> String {
    let found: Vec<_> = findings.iter().filter(|(of, ..)| of == code).collect();
    assert_eq!(found.len(), 1, "{code}: {findings:?}");
    assert_eq!(found[0].1, severity, "{code}");
    found[0].2.clone()
}

#[test]
fn clean_recordings_have_no_findings_and_tables_count_them() {
    let space = with_splits();
    assert_eq!(findings(&space, "pipe.toml", 0), []);
    let told = space.stdout(&["audit", "pipe.toml"]);
    assert!(told.ends_with("no errors, 0 warnings, 0 notes\n"), "{told}");
    assert!(
        told.contains("\n  corpus  split       positive  neutral  negative\n"),
        "{told}"
    );
    let lines = lines_of_json(&space.stdout(&["audit", "pipe.toml", "--json"]));
    let durations = lines
        .iter()
        .find(|line| line["event"] == "audit_durations" && line["split"] == "train")
        .unwrap();
    assert_eq!(durations["utterances"], 6);
    assert_eq!(durations["speakers"], 2);
    assert_eq!(findings(&space, "made", 0), []);
    assert!(!space.join("runs").exists(), "an audit runs nothing");
}

#[test]
fn copies_across_splits_are_errors_before_anything_runs() {
    let space = with_splits();
    let quiet = space.join("corpora/made/audio/0003.wav");
    let mut reader = hound::WavReader::open(space.join("corpora/made/audio/0001.wav")).unwrap();
    let spec = hound::WavSpec {
        bits_per_sample: 24,
        channels: 2,
        ..reader.spec()
    };
    let mut writer = hound::WavWriter::create(quiet, spec).unwrap();
    for sample in reader.samples::<i32>() {
        let sample = sample.unwrap() * 100;
        writer.write_sample(sample).unwrap();
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    fs::copy(
        space.join("corpora/made/audio/0004.wav"),
        space.join("corpora/made/audio/0002.wav"),
    )
    .unwrap();
    let found = findings(&space, "pipe.toml", 1);
    assert_eq!(
        message(&found, "audit::shared_copy", "error"),
        "the same sound is in more than one split, differing in gain, format, channel or rate: made/audio/0001 (train) = made/audio/0003 (test)"
    );
    assert_eq!(
        message(&found, "audit::shared_audio", "warning"),
        "the same file is in both training and validation, but not in test, so validation scores suffer: made/audio/0002 (validation) = made/audio/0004 (train)"
    );
    let contradicting = message(&found, "audit::contradicting_labels", "warning");
    assert!(contradicting.contains("made/audio/0001 (neutral) = made/audio/0003 (happy)"));
    let told = space.stdout_of_exit(&["audit", "pipe.toml"], 1);
    assert!(
        told.contains("a score on these recordings means nothing"),
        "{told}"
    );
    assert!(
        told.contains("[audit::shared_copy]\n    remove the copies"),
        "{told}"
    );
}

#[test]
fn broken_recordings_are_findings() {
    let space = with_splits();
    let audio = |index: usize| space.join(&format!("corpora/made/audio/{index:04}.wav"));
    let whole = fs::read(audio(1)).unwrap();
    fs::write(audio(1), &whole[..whole.len() / 2]).unwrap();
    fs::write(audio(2), "no audio, but some text in a file").unwrap();
    let mut zeros = fs::read(audio(3)).unwrap();
    zeros[44..].fill(0);
    fs::write(audio(3), zeros).unwrap();
    let found = findings(&space, "made", 0);
    for (code, name) in [
        (
            "audit::cut_recording",
            "made/audio/0001 (the file is cut short",
        ),
        (
            "audit::unreadable_recording",
            "made/audio/0002 (the file is not in a known",
        ),
        (
            "audit::silent_recording",
            "made/audio/0003 (digital silence)",
        ),
    ] {
        let message = message(&found, code, "warning");
        assert!(message.contains(name), "{message}");
    }
    fs::remove_file(audio(5)).unwrap();
    let found = findings(&space, "made", 0);
    let lost = message(&found, "audit::left_out", "warning");
    assert!(lost.contains("0005"), "{lost}");
}

#[test]
fn a_class_that_training_lacks_is_an_error() {
    let space = with_splits();
    // Recordings 0, 3, 6 and 9 are happy, of one speaker each.
    space.table(4);
    space.write(
        "split.tsv",
        "made/s1\ttrain\nmade/s2\ttrain\nmade/s0\ttest\nmade/s3\ttest\n",
    );
    let found = findings(&space, "pipe.toml", 1);
    let lacking = message(&found, "audit::class_missing_in_training", "error");
    assert!(lacking.ends_with(": positive"), "{lacking}");
}

#[test]
fn what_training_shares_with_another_source_that_is_evaluated_is_an_error() {
    let space = with_splits();
    let held_out = r#"
[stage.held_out]
kind = "ingest"
corpora = "made"
split = "test"
[stage.features]
kind = "fbank"
input = "speech"
[stage.held_out_features]
kind = "fbank"
input = "held_out"
[stage.train]
kind = "train"
input = "features"
[stage.test]
kind = "evaluate"
model = "train"
input = "held_out_features"
"#;
    space.write("pipe.toml", format!("{MANIFEST}{held_out}"));
    let found = findings(&space, "pipe.toml", 1);
    assert_eq!(
        message(&found, "audit::shared_speaker", "error"),
        "3 speakers are in more than one split: made/s0 (test 3, train 3), made/s1 (test 3, train 3), made/s2 (test 3, validation 3)"
    );
    let audio = message(&found, "audit::shared_audio", "error");
    assert!(
        audio.starts_with(
            "9 files are in more than one split: made/audio/0000 (train) = made/audio/0000 (test), "
        ),
        "{audio}"
    );
    let told = space.stdout_of_exit(&["audit", "pipe.toml"], 1);
    assert!(
        told.contains("\ntrained on speech, evaluated on held_out\n"),
        "{told}"
    );
}

/// Two ingest stages that feed one chain of features, as in the shipped studies.
const ONE_CHAIN: &str = r#"
[stage.held_out]
kind = "ingest"
corpora = "other"
split = "test"
[stage.features]
kind = "fbank"
input = ["speech", "held_out"]
[stage.train]
kind = "train"
input = "features"
[stage.test]
kind = "evaluate"
model = "train"
input = "features"
"#;

/// `with_splits`, and a second corpus that holds the recordings of the first under other names.
fn one_chain() -> Workspace {
    let space = with_splits();
    let of_made = space.read("corpora.toml");
    let section = &of_made[of_made.find("[corpus.made]").unwrap()..];
    let other = section
        .replace("[corpus.made", "[corpus.other")
        .replace("root = \"made\"", "root = \"other\"");
    space.write("corpora.toml", format!("{of_made}\n{other}"));
    space.write(
        "corpora/other/table.csv",
        space.read("corpora/made/table.csv"),
    );
    for index in 0..12 {
        space.tone(
            &format!("corpora/other/audio/{index:04}.wav"),
            16_000,
            0.32 + 0.05 * f64::from(index),
            158.0 + 17.0 * f64::from(index),
        );
    }
    space.write("pipe.toml", format!("{MANIFEST}{ONE_CHAIN}"));
    space
}

#[test]
fn ingests_that_feed_one_chain_are_compared() {
    let space = one_chain();
    assert_eq!(findings(&space, "pipe.toml", 0), [], "nothing is shared");
    let copy = |from: &str, to: &str| {
        let path = |name: &str| space.join(&format!("corpora/{name}.wav"));
        fs::copy(path(from), path(to)).unwrap();
    };
    copy("made/audio/0000", "other/audio/0000");
    // Both are only tested.
    copy("made/audio/0003", "other/audio/0003");
    let found = findings(&space, "pipe.toml", 1);
    assert_eq!(
        message(&found, "audit::shared_audio", "error"),
        "the same file is in more than one split: made/audio/0000 (train) = other/audio/0000 (test)"
    );
    assert_eq!(found.len(), 1, "{found:?}");
    let told = space.stdout_of_exit(&["audit", "pipe.toml"], 1);
    let title = "\ntrained on speech, evaluated on held_out, speech\n";
    assert!(told.contains(title), "{told}");
    // What is scored by name of what chose the epoch is no leak, and what is not scored is not compared.
    space.edit(
        "pipe.toml",
        "model = \"train\"",
        "model = \"train\"\nsplits = [\"validation\"]",
    );
    assert_eq!(findings(&space, "pipe.toml", 0), []);
}

#[test]
fn what_one_of_the_ingests_tells_is_not_told_of_both_again() {
    let space = one_chain();
    fs::copy(
        space.join("corpora/made/audio/0000.wav"),
        space.join("corpora/made/audio/0003.wav"),
    )
    .unwrap();
    let found = findings(&space, "pipe.toml", 1);
    message(&found, "audit::shared_audio", "error");
}

#[test]
fn rows_that_contradict_each_other_are_named() {
    let space = with_splits();
    let table = space.read("corpora/made/table.csv");
    space.write(
        "corpora/made/table.csv",
        table + "audio/0000.wav,s0,female,en,sad\n",
    );
    let found = findings(&space, "made", 0);
    let told = message(&found, "audit::contradicting_labels", "warning");
    assert!(told.contains("0000"), "{told}");
}

#[test]
fn what_cannot_be_audited_is_a_usage_error_that_suggests_a_name() {
    let space = with_splits();
    let error = space.refused(&["audit", "mad"]);
    assert!(
        error.contains("there is no manifest and no corpus `mad`"),
        "{error}"
    );
    assert!(error.contains("did you mean `made`"), "{error}");
    let error = space.refused(&["audit", "other.toml"]);
    assert!(error.contains("other.toml"), "{error}");
    space.write(
        "corpora.toml",
        space
            .read("corpora.toml")
            .replace("root = \"made\"", "root = \"gone\""),
    );
    let error = space.refused(&["audit", "made"]);
    assert!(error.contains("gone"), "{error}");
}

#[test]
fn a_corpus_of_numbers_alone_is_listed_and_audited() {
    let space = with_splits();
    let table = space.read("corpora/made/table.csv");
    let numbers = table.lines().enumerate().map(|(index, line)| {
        let (rest, _) = line.rsplit_once(',').unwrap();
        match index {
            0 => format!("{rest},arousal\n"),
            _ => format!("{rest},{}\n", index % 5),
        }
    });
    space.write("corpora/made/table.csv", numbers.collect::<String>());
    let labels = r#"labels = { positive = ["happy"], neutral = ["neutral"], negative = ["sad"] }"#;
    space.edit("corpora.toml", labels, "");
    assert_eq!(findings(&space, "made", 0), []);
    let told = space.stdout(&["corpora", "made"]);
    assert!(told.contains("utterances 12, speakers 4"), "{told}");
    assert!(told.contains("12 usable"), "{told}");
    space.edit("pipe.toml", "corpora", "classes = \"none\"\ncorpora");
    assert_eq!(findings(&space, "pipe.toml", 0), []);
}

#[test]
fn columns_of_utterances_without_labels_are_compared_too_and_warnings_are_reported() {
    let space = with_splits();
    let table = space.read("corpora/made/table.csv");
    let texts = table.lines().enumerate().map(|(index, line)| {
        let (rest, label) = line.rsplit_once(',').unwrap();
        match index {
            0 => format!("{line},text\n"),
            // One recording of training and one of test say the same, and nobody has labelled them.
            1 | 4 => format!("{rest},,hello\n"),
            _ => format!("{rest},{label},{index}\n"),
        }
    });
    space.write("corpora/made/table.csv", texts.collect::<String>());
    space.edit(
        "pipe.toml",
        "corpora",
        "classes = \"none\"\ncolumns = [\"mood\"]\ncorpora",
    );
    let found = findings(&space, "pipe.toml", 0);
    let text = message(&found, "audit::shared_text", "note");
    assert!(text.contains("hello"), "{text}");
    let warned = space.warned(&["audit", "pipe.toml"]);
    assert!(
        warned.contains("warning: speech: no utterance has the column `mood`"),
        "{warned}"
    );
    let lines = lines_of_json(&space.stdout(&["audit", "pipe.toml", "--json"]));
    assert_eq!(lines[0]["event"], "warning");
}

#[test]
fn speakers_whose_names_are_written_in_two_ways_are_reported() {
    let space = with_splits();
    space.edit("corpora/made/table.csv", "0007.wav,s3", "0007.wav,S0");
    space.edit("split.tsv", "made/s3\ttest", "made/s3\ttest\nmade/S0\ttest");
    let found = findings(&space, "pipe.toml", 0);
    assert_eq!(
        message(&found, "audit::similar_speakers", "warning"),
        "speakers whose names differ only in case, blanks or Unicode form count as different ones: made/S0 and made/s0"
    );
}
