//! `pipe predict` with a model whose features a program computed.

use serde_json::Value as Json;

use super::predicting::{MODEL, assert_predicts_as_evaluated_with, trained};
use super::programs::wait_until_gone;
use super::workspace::Workspace;

const FBANK: &str =
    "[stage.fbank]\nkind = \"fbank\"\ninput = \"audio\"\nsample_rate_hz = 11025\nbins = 23\n";

/// Two features of each recording: the sizes of the file, and of its digits.
const PROGRAM: &str = r#"import json, os, struct, sys
open("started", "a").write(f"{os.getpid()}\n")
for line in sys.stdin:
    item = json.loads(line)
    data = open(item["input"], "rb").read()
    if len(data) < 2000:
        print(json.dumps({"error": "it is too short for me"}), flush=True)
        continue
    if os.path.exists("wrong"):
        head = json.dumps({"features": {"dtype": "F32", "shape": eval(open("wrong").read()), "data_offsets": [0, 24]}})
        with open(item["output"], "wb") as file:
            file.write(struct.pack("<Q", len(head)) + head.encode() + struct.pack("<6f", *[float("nan")] * 3, 1, 2, 3))
        print("{}", flush=True)
        continue
    if os.path.exists("slow"):
        import time; time.sleep(60)
    values = [len(data) / 10000.0, sum(data) / len(data) / 100.0] * 3
    head = json.dumps({"features": {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 24]}})
    with open(item["output"], "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head.encode() + struct.pack("<6f", *values))
    print("{}", flush=True)
"#;

/// As [`trained`], on features of a program.
fn trained_by_program() -> Workspace {
    let space = trained();
    space.write("program.py", PROGRAM);
    space.edit(
        "m.toml",
        FBANK,
        "[stage.fbank]\nkind = \"command\"\nfor_each = \"audio\"\nmakes = \"features\"\nprotocol = \"lines\"\n\
         run = [\"python3\", \"program.py\"]\nfiles = [\"program.py\"]\n",
    );
    space.run_well("m.toml");
    space
}

#[test]
fn the_program_of_training_makes_the_features_where_it_may() {
    let space = trained_by_program();
    let refused = space.refused(&["predict", MODEL, "corpora"]);
    assert!(refused.contains("python3 program.py"), "{refused}");
    assert!(refused.contains("--allow-commands"), "{refused}");
    std::fs::remove_file(space.join("started")).unwrap();
    assert_predicts_as_evaluated_with(&space, &["--allow-commands"]);
    // Nothing is left running.
    let started: Vec<String> = space.read("started").lines().map(str::to_owned).collect();
    assert!(!started.is_empty());
    wait_until_gone(&started);
}

#[test]
fn it_runs_in_the_folder_whose_files_are_those_of_training() {
    let space = trained_by_program();
    let predict = |more: &[&str]| {
        let arguments = [
            "predict",
            MODEL,
            "corpora/made/audio/0001.wav",
            "--allow-commands",
        ];
        space.pipe(&[&arguments, more].concat())
    };
    assert!(predict(&[]).status.success());
    space.write("program.py", PROGRAM.replace("10000.0", "20000.0"));
    let changed = predict(&[]);
    let told = String::from_utf8(changed.stderr).unwrap();
    assert_eq!(changed.status.code(), Some(2), "{told}");
    assert!(
        told.contains("program.py") && told.contains("--program-folder"),
        "{told}"
    );
    space.write("elsewhere/program.py", PROGRAM);
    assert!(predict(&["--program-folder", "elsewhere"]).status.success());
    assert!(space.join("elsewhere/started").exists());
    std::fs::write(space.join("runs/m/train/program.py"), PROGRAM).unwrap();
    assert!(predict(&[]).status.success());
}

#[test]
fn what_it_refuses_has_no_prediction_and_says_why() {
    let space = trained_by_program();
    space.tone("short.wav", 11_025, 0.02, 100.0);
    let output = space.pipe(&[
        "predict",
        MODEL,
        "short.wav",
        "corpora/made/audio/0001.wav",
        "--allow-commands",
        "--format",
        "json",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("short.wav") && told.contains("it is too short for me"),
        "{told}"
    );
    let rows = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Json> = rows
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 1);
}

#[test]
fn without_a_fixed_rate_it_cannot_be_given_recordings_of_any() {
    let space = trained_by_program();
    space.edit("m.toml", "for_each = \"audio\"", "for_each = \"more\"");
    space.run_well("m.toml");
    let refused = space.refused(&["predict", MODEL, "corpora", "--allow-commands"]);
    assert!(
        refused.contains("`resample` stage before the command"),
        "{refused}"
    );
}

#[test]
fn features_that_are_none_and_programs_that_hang_are_failures_of_the_recording() {
    let space = trained_by_program();
    let predict = |more: &[&str]| {
        let arguments = [
            "predict",
            MODEL,
            "corpora/made/audio/0001.wav",
            "--allow-commands",
        ];
        let output = space.pipe(&[&arguments, more].concat());
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    for (shape, expected) in [
        ("[3, 2]", "value 0 of frame 0 is NaN"),
        ("[2, 3]", "value 0"),
    ] {
        space.write("wrong", shape);
        let told = predict(&[]);
        assert!(told.contains(expected), "{told}");
    }
    std::fs::remove_file(space.join("wrong")).unwrap();
    space.write("slow", "");
    let told = predict(&["--program-timeout-s", "1"]);
    assert!(told.contains("after 1 s"), "{told}");
    // Nobody could allow the program in a graph.
    let refused = space.refused(&["export", MODEL, "--onnx", "m.onnx"]);
    assert!(
        refused.contains("--input features") && !refused.contains("--allow-commands"),
        "{refused}"
    );
}
