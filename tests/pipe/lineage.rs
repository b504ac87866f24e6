//! What a step writes or compares is part of its key: a result in the cache is the one that a run would make.

use serde_json::Value as Json;

use super::manifests::{NEAR_AND_FAR, SHORT_TRAINING, TEST, front_end};
use super::workspace::{Run, Workspace};

const OTHERS: &str = r#"[stage.unheard]
kind = "ingest"
corpora = "unheard"
split = "test"
[stage.unheard_audio]
kind = "resample"
input = "unheard"
[stage.other]
kind = "fbank"
input = "unheard_audio"
[stage.unheard_test]
kind = "evaluate"
model = "train"
input = "other"
[stage.report]
kind = "report"
input = ["test", "unheard_test"]
"#;

/// A short training whose features come by the chain `fbank`, and an evaluation of others that come by `other`.
fn chains() -> String {
    [
        NEAR_AND_FAR,
        &front_end(r#""speech""#),
        SHORT_TRAINING,
        TEST,
        OTHERS,
    ]
    .concat()
}

fn space() -> Workspace {
    Workspace::synthetic("pipe.toml", chains())
}

fn run_with(space: &Workspace, settings: &[&str]) -> Run {
    let more: Vec<&str> = settings.iter().flat_map(|set| ["--set", *set]).collect();
    let run = space.run("pipe.toml", &more);
    assert_eq!(
        run.code,
        Some(0),
        "{settings:?}: {:?} {}",
        run.events,
        run.stderr
    );
    run
}

/// A floor that no energy of these recordings comes near: other parameters, the same features.
const FLOOR: &str = "log_floor=1e-20";

#[test]
fn a_default_that_is_spelled_out_is_the_same_front_end() {
    let space = space();
    space.run_well("pipe.toml");
    // Half of 16 kHz is where the last filter ends by default.
    let splits = "test.splits=[\"validation\", \"test\"]";
    let run = run_with(&space, &["fbank.high_hz=8000", splits]);
    assert_eq!(run.executed(), ["fbank", "test", "report"]);
}

#[test]
fn a_model_tells_how_its_features_were_made_even_where_other_ways_make_the_same() {
    let space = space();
    let first = space.run_well("pipe.toml");
    let floors = [format!("fbank.{FLOOR}"), format!("other.{FLOOR}")];
    let floors: Vec<&str> = floors.iter().map(String::as_str).collect();
    let run = run_with(&space, &floors);
    assert!(
        run.executed().contains(&"train".into()),
        "{:?}",
        run.executed()
    );
    assert_ne!(run.key("train"), first.key("train"));
    let model =
        String::from_utf8_lossy(
            &std::fs::read(space.join(
                "runs/pipe/fbank.log_floor=1e-20,other.log_floor=1e-20/train/model.safetensors",
            ))
            .unwrap(),
        )
        .into_owned();
    assert!(model.contains("1e-20"), "the model tells of other features");
    let why = space.stdout(&["why", "pipe.toml", "--step", "train"]);
    assert!(why.contains("log_floor: 1e-20 -> "), "{why}");
    // The same weights, since the features are the same; and back is free.
    assert_eq!(space.run_well("pipe.toml").executed(), [""; 0]);
}

#[test]
fn an_evaluation_in_the_cache_has_passed_the_comparison_that_a_run_would_make() {
    let space = space();
    space.run_well("pipe.toml");
    let set = format!("other.{FLOOR}");
    for _ in 0..2 {
        let run = space.run("pipe.toml", &["--set", &set]);
        assert_eq!(run.code, Some(1), "{:?}", run.executed());
        assert_eq!(run.with_status("failed"), ["unheard_test"]);
        let failed = run.failure();
        assert_eq!(failed["code"], "data::front_end", "{failed}");
    }
    space.run_well("pipe.toml");
}

#[test]
fn what_decides_only_on_the_choice_of_utterances_is_no_part_of_a_model() {
    let space = space();
    let first = space.run_well("pipe.toml");
    // Another way to say which utterances, and the same ones.
    let split = space.read("runs/pipe/speech/split.tsv");
    space.write("split.tsv", split);
    let run = run_with(&space, &["speech.split_file=split.tsv"]);
    assert_eq!(run.key("train"), first.key("train"));
    assert!(!run.executed().contains(&"train".into()));
}

#[test]
fn a_report_names_missing_steps_as_they_are_called_now() {
    let space = space();
    // One of two variants cannot be made. No row of the report has the name of the stage.
    space.edit(
        "pipe.toml",
        "input = \"unheard_audio\"",
        "input = \"unheard_audio\"\nlog_floor = \"${matrix.floor}\"\n[matrix]\nfloor = [1.1920928955078125e-7, 1e-20]",
    );
    space.edit(
        "pipe.toml",
        "[\"test\", \"unheard_test\"]",
        "\"unheard_test\"",
    );
    let notes = || {
        let run = space.run("pipe.toml", &["--keep-going"]);
        assert_eq!(run.code, Some(1));
        let report: Json =
            serde_json::from_str(&space.read("runs/pipe/report/report.json")).unwrap();
        report["notes"].to_string()
    };
    let before = notes();
    assert!(
        before.contains("missing here: unheard_test[floor="),
        "{before}"
    );
    let manifest = space.read("pipe.toml");
    space.write("pipe.toml", manifest.replace("unheard_test", "far_away"));
    let after = notes();
    assert!(after.contains("missing here: far_away[floor="), "{after}");
}

#[test]
fn a_remembered_reason_names_no_other_file_of_the_same_content() {
    let space = Workspace::with_corpus(4);
    for index in [1, 3] {
        space.write(
            &format!("corpora/made/audio/000{index}.wav"),
            "no recording",
        );
    }
    let run = space.run("pipe.toml", &["--set", "speech.max_bad=1"]);
    let bad = run.events_of("item_bad");
    let told: Vec<(&Json, &Json)> = bad.iter().map(|e| (&e["id"], &e["reason"])).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0].0, "made/audio/0001");
    assert_eq!(told[1].0, "made/audio/0003");
    for (_, reason) in told {
        let reason = reason.as_str().unwrap();
        assert!(
            reason.starts_with("the file is not in a known audio format")
                && !reason.contains(".wav"),
            "{reason}"
        );
    }
}
