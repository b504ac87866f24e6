//! `--track tensorboard=FOLDER`: event files read back with TensorBoard's own reader.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use super::python::python;
use super::resuming::{first_epoch, one, read_until, space};
use super::workspace::Workspace;

/// What TensorBoard finds in the folder `board`.
fn read(python: &Path, space: &Workspace) -> Json {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/track/read_events.py");
    let output = Command::new(python)
        .arg(script)
        .arg(space.join("board"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"))
}

/// The history that the training published, as (step, value) of one measure.
fn history(space: &Workspace, value: impl Fn(&Json) -> &Json) -> Vec<(u64, f64)> {
    let text = space.read("runs/one/train/history.jsonl");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Json>(line).unwrap());
    lines
        .map(|line| {
            let epoch = line["epoch"].as_u64().unwrap();
            (epoch + 1, value(&line).as_f64().unwrap())
        })
        .collect()
}

fn assert_same(told: &Json, expected: &[(u64, f64)]) {
    let told = told.as_array().unwrap_or_else(|| panic!("no such tag"));
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, (step, value)) in told.iter().zip(expected) {
        assert_eq!(told[0].as_u64(), Some(*step));
        // Event files hold 32-bit floats.
        let difference = told[1].as_f64().unwrap() - value;
        assert!(difference.abs() <= 1e-6 * value.abs(), "{told} {value}");
    }
}

#[test]
fn tensorboard_reads_trainings_that_went_on_and_those_in_the_cache() {
    let Some(python) = python("tensorboard") else {
        return;
    };
    let space = space(&one());
    let track = ["--track", "tensorboard=board"];
    let mut command = space.command(&["run", "one.toml", "--json", "--track", "tensorboard=board"]);
    let mut child = read_until(&mut command, |_, event| {
        event["event"] == "epoch" && event["epoch"] == 3
    });
    child.kill().unwrap();
    child.wait().unwrap();
    // A killed training is there as far as it was told.
    let early = read(&python, &space);
    let early = early["one/train"]["scalars"]["loss/total"].as_array();
    assert!(early.is_some_and(|events| events.len() >= 3), "{early:?}");

    let resumed = space.run("one.toml", &track);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(first_epoch(&resumed) >= 3);
    let board = read(&python, &space);
    let runs: Vec<&String> = board.as_object().unwrap().keys().collect();
    assert_eq!(runs, ["one/train"]);
    let scalars = &board["one/train"]["scalars"];
    let tags: BTreeSet<&str> = scalars
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "alpha",
        "gradient_norm",
        "learning_rate",
        "loss/corpus",
        "loss/emotion",
        "loss/gender",
        "loss/total",
        "validation/loss",
        "validation/recall_negative",
        "validation/recall_neutral",
        "validation/recall_positive",
        "validation/ua",
    ];
    assert_eq!(tags, BTreeSet::from(expected));
    assert_same(
        &scalars["loss/total"],
        &history(&space, |line| &line["train"]["total"]),
    );
    assert_same(
        &scalars["loss/gender"],
        &history(&space, |line| &line["train"]["heads"][1]["loss"]),
    );
    assert_same(
        &scalars["validation/ua"],
        &history(&space, |line| &line["validation"]["ua"]),
    );
    assert_same(&scalars["alpha"], &history(&space, |line| &line["alpha"]));
    assert_eq!(board["one/train"]["plugins"]["parameters"], "text");
    let summary = board["one/train"]["texts"]["parameters"][0].as_str();
    assert!(summary.is_some_and(|text| text.contains("| epochs | 8 |")));

    // Once more: not a byte changes. From the cache alone: the same events.
    let before = space.files("board");
    assert_eq!(before.len(), 1);
    assert_eq!(space.run("one.toml", &track).steps(), (0, 4, 0));
    assert!(space.files("board") == before);
    std::fs::remove_dir_all(space.join("board")).unwrap();
    assert_eq!(space.run("one.toml", &track).steps(), (0, 4, 0));
    let again = read(&python, &space);
    for tag in expected {
        let values = |board: &Json| -> Vec<(Json, Json)> {
            let events = board["one/train"]["scalars"][tag].as_array().unwrap();
            let pair = |event: &Json| (event[0].clone(), event[1].clone());
            events.iter().map(pair).collect()
        };
        assert_eq!(values(&again), values(&board), "{tag}");
    }
}

#[test]
fn event_files_grow_epoch_by_epoch_and_take_on_a_longer_training() {
    let space = space(&one().replace("{ shape = \"cosine\" }", "{ shape = \"constant\" }"));
    let size = || space.bytes("board");
    let mut sizes = BTreeSet::new();
    let mut command = space.command(&["run", "one.toml", "--json", "--track", "tensorboard=board"]);
    let mut child = read_until(&mut command, |_, event| {
        if event["event"] == "epoch" {
            sizes.insert(size());
        }
        event["event"] == "run_finished"
    });
    child.wait().unwrap();
    assert!(sizes.len() > 1, "{sizes:?}");
    // Other parameters are another training: its file takes the place of the first.
    let first: Vec<String> = space.files("board").into_keys().collect();
    let longer = ["--set", "train.epochs=10", "--track", "tensorboard=board"];
    assert_eq!(space.run("one.toml", &longer).code, Some(0));
    let second: Vec<String> = space.files("board").into_keys().collect();
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second);
}

#[test]
fn a_wrong_tracker_or_folder_is_reported_before_anything_runs() {
    let space = space(&one());
    space.write("file", "text");
    for (track, words) in [
        ("tensorbord=board", "did you mean `tensorboard`?"),
        ("mlflow=board", "the only choice is `tensorboard`"),
        ("tensorboard", "--track tensorboard=FOLDER"),
        ("tensorboard=", "--track tensorboard=FOLDER"),
        ("tensorboard=file", "cannot write event files into file"),
    ] {
        let output = space.pipe(&["run", "one.toml", "--track", track]);
        assert_eq!(output.status.code(), Some(2), "{track}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(words), "{track}: {told}");
        assert!(!space.join("runs").exists());
    }
}
