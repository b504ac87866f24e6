//! `pipe predict`: the same numbers as `evaluate`, and recordings as strangers have them.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::Value as Json;

use super::workspace::Workspace;

const MANIFEST: &str = r#"
[stage.speech]
kind = "ingest"
corpora = "made"
split = { train = 0.5, validation = 0.25, test = 0.25 }
[stage.more]
kind = "augment"
input = "speech"
copies = 1
[stage.audio]
kind = "resample"
input = "more"
rate_hz = 11025
[stage.fbank]
kind = "fbank"
input = "audio"
sample_rate_hz = 11025
bins = 23
[stage.train]
kind = "train"
input = "fbank"
encoder = [
    { layer = "conv", channels = 8, width = 3, padding = 1, pool_width = 2 },
    { layer = "lstm", units = 6, bidirectional = true },
    { layer = "time_pool", how = "last_states" },
]
epochs = 2
batch = 8
learning_rate = 0.05
[stage.test]
kind = "evaluate"
model = "train"
input = "fbank"
"#;

/// Where the model is.
pub const MODEL: &str = "runs/m/train/model.safetensors";

/// A folder with a trained model and the 48 recordings it is about.
pub fn trained() -> Workspace {
    let space = Workspace::with_corpus(48);
    space.write("m.toml", MANIFEST);
    space.run_well("m.toml");
    space
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The objects of `--format json`.
fn rows(output: &Output) -> Vec<Json> {
    stdout(output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Runs the binary with bytes on standard input.
fn feed(space: &Workspace, arguments: &[&str], bytes: &[u8]) -> Output {
    let mut child = space
        .command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn predictions_are_those_of_evaluate_bit_for_bit() {
    assert_predicts_as_evaluated(&trained());
}

/// Makes sure that `predict` gives what the evaluation of [`trained`] gave.
pub fn assert_predicts_as_evaluated(space: &Workspace) {
    assert_predicts_as_evaluated_with(space, &[]);
}

/// As [`assert_predicts_as_evaluated`], with more options.
pub fn assert_predicts_as_evaluated_with(space: &Workspace, more: &[&str]) {
    let table = space.read("runs/m/test/predictions.csv");
    let mut expected: Vec<(String, Vec<String>)> = table
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<String> = line.split(',').map(str::to_string).collect();
            (format!("corpora/{}.wav", fields[0]), fields[4..].to_vec())
        })
        .collect();
    expected.sort();
    assert_eq!(expected.len(), 12);
    for threads in ["1", "2"] {
        let output =
            space.pipe(&[&["predict", MODEL, "corpora", "--threads", threads], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let mut found: Vec<(String, Vec<String>)> = stdout(&output)
            .lines()
            .skip(1)
            .map(|line| {
                let fields: Vec<String> = line.split(',').map(str::to_string).collect();
                (fields[0].clone(), fields[3..7].to_vec())
            })
            .collect();
        assert_eq!(found.len(), 48);
        found.retain(|(path, _)| expected.iter().any(|(other, _)| other == path));
        assert_eq!(found, expected);
    }
    // One by one, as one file, and out of a pipe: the same again.
    for (path, fields) in &expected[..3] {
        let alone = space.pipe(&[&["predict", MODEL, path], more].concat());
        let bytes = std::fs::read(space.join(path)).unwrap();
        let piped = feed(space, &[&["predict", MODEL, "-"], more].concat(), &bytes);
        for output in [alone, piped] {
            let text = stdout(&output);
            let line = text.lines().nth(1).unwrap();
            assert!(line.contains(&fields.join(",")), "{line} {fields:?}");
        }
    }
}

#[test]
fn windows_are_recordings_of_their_own() {
    let space = trained();
    space.tone("long.wav", 11_025, 3.3, 220.0);
    let windowed = |more: &[&str]| {
        let arguments = [&["predict", MODEL, "long.wav", "--format", "json"], more].concat();
        let output = space.pipe(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        rows(&output)
    };
    let found = windowed(&["--window-s", "1", "--hop-s", "0.5"]);
    let times: Vec<(f64, f64)> = found
        .iter()
        .map(|row| {
            (
                row["start_s"].as_f64().unwrap(),
                row["end_s"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(times.len(), 6);
    assert!((times[5].1 - 3.3).abs() < 1e-3 && (times[5].0 - 2.3).abs() < 1e-3);
    // A hop is half a second rounded to a sample.
    assert!((times[1].0 - 0.5).abs() < 1e-4, "{times:?}");
    // The first second alone gives the first window.
    space.tone("second.wav", 11_025, 1.0, 220.0);
    let output = space.pipe(&["predict", MODEL, "second.wav", "--format", "json"]);
    assert_eq!(rows(&output)[0]["probabilities"], found[0]["probabilities"]);
    // A window longer than the recording is the recording.
    assert_eq!(
        windowed(&["--window-s", "60"])[0]["probabilities"],
        windowed(&[])[0]["probabilities"]
    );
}

#[test]
fn bad_recordings_are_reported_and_the_others_continue() {
    let space = trained();
    space.tone("mixed/a.wav", 16_000, 0.5, 200.0);
    space.tone("mixed/z.wav", 48_000, 0.5, 200.0);
    space.tone("mixed/short.wav", 11_025, 0.01, 200.0);
    space.write("mixed/empty.wav", "");
    space.write(
        "mixed/pointer.wav",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n",
    );
    space.write("mixed/text.wav", "this is not audio");
    space.write("mixed/notes.txt", "nobody reads this");
    let mut cut = std::fs::read(space.join("mixed/a.wav")).unwrap();
    cut.truncate(2000);
    space.write("mixed/cut.wav", cut);
    let mut silence = std::fs::read(space.join("mixed/a.wav")).unwrap();
    silence[44..].fill(0);
    space.write("mixed/silence.wav", silence);
    let output = space.pipe(&["predict", MODEL, "mixed", "absent.wav", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let names: Vec<String> = rows(&output)
        .iter()
        .map(|row| format!("{} {}", row["file"].as_str().unwrap(), row["silent"]))
        .collect();
    assert_eq!(
        names,
        [
            "mixed/a.wav false",
            "mixed/silence.wav true",
            "mixed/z.wav false"
        ]
    );
    insta::assert_snapshot!(stderr(&output));
}

#[test]
fn streams_of_open_length_are_read_to_their_end() {
    let space = trained();
    space.tone("a.wav", 16_000, 0.5, 200.0);
    let whole = std::fs::read(space.join("a.wav")).unwrap();
    let expected =
        &rows(&space.pipe(&["predict", MODEL, "a.wav", "--format", "json"]))[0]["probabilities"];
    // What ffmpeg, sox and GStreamer write where they cannot go back.
    for (riff, data) in [
        (u32::MAX, u32::MAX),
        (0x7FFF_F024, 0x7FFF_F000),
        (0, 0),
        (36, 0),
    ] {
        let mut stream = whole.clone();
        stream[4..8].copy_from_slice(&riff.to_le_bytes());
        stream[40..44].copy_from_slice(&data.to_le_bytes());
        let output = feed(
            &space,
            &["predict", MODEL, "-", "--format", "json"],
            &stream,
        );
        assert_eq!(
            output.status.code(),
            Some(0),
            "{riff} {data}: {}",
            stderr(&output)
        );
        let row = &rows(&output)[0];
        assert_eq!(
            (&row["probabilities"], &row["file"]),
            (expected, &Json::from("-")),
            "{riff} {data}"
        );
    }
    let output = feed(&space, &["predict", MODEL, "-"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("is empty"), "{}", stderr(&output));
}

#[test]
fn what_is_no_model_is_reported() {
    let space = trained();
    let mut damaged = std::fs::read(space.join(MODEL)).unwrap();
    damaged.truncate(damaged.len() - 100);
    space.write("damaged.safetensors", damaged);
    let mut other = std::fs::read(space.join(MODEL)).unwrap();
    let format = br#"\"format\":1"#;
    let at = other.windows(format.len()).position(|w| w == format);
    other[at.unwrap() + format.len() - 1] = b'7';
    space.write("other.safetensors", other);
    space.write(
        "pointer.safetensors",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    );
    space.tone("a.wav", 16_000, 0.5, 200.0);
    for (model, code, words) in [
        ("absent.safetensors", 2, "No such file"),
        ("a.wav", 2, "is not a usable model"),
        ("damaged.safetensors", 2, "is not a usable model"),
        ("other.safetensors", 2, "format 7, expected 1"),
        ("pointer.safetensors", 2, "git-lfs pointer"),
        (
            "runs/m/train",
            2,
            "did you mean runs/m/train/model.safetensors?",
        ),
    ] {
        let output = space.pipe(&["predict", model, "a.wav"]);
        assert_eq!(output.status.code(), Some(code), "{model}");
        let flat = stderr(&output)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(flat.contains(words), "{model}: {flat}");
    }
    for arguments in [
        &["predict", MODEL, "a.wav", "--window-s", "0"][..],
        &["predict", MODEL, "a.wav", "--window-s", "0.001"],
        &["predict", MODEL, "a.wav", "--window-s", "nan"],
        &["predict", MODEL, "a.wav", "--hop-s", "1"],
        &["predict", MODEL, "-", "-"],
        &["predict", MODEL],
    ] {
        let output = space.pipe(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stdout(&output).is_empty());
    }
}

#[test]
fn the_table_is_aligned() {
    let space = trained();
    space.tone("a.wav", 16_000, 0.5, 200.0);
    let output = space.pipe(&[
        "predict",
        MODEL,
        "a.wav",
        "corpora/made/audio/0000.wav",
        "--format",
        "table",
    ]);
    let text = stdout(&output);
    let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
    assert_eq!(widths.len(), 3);
    assert!(widths.iter().all(|width| *width == widths[0]), "{text}");
    assert!(text.starts_with("file "), "{text}");
}

/// What is no recording is refused at once, and a recording without an end once there is no more room.
#[test]
fn endless_standard_input_ends_with_a_sentence() {
    let space = trained();
    let header = std::fs::read(space.join("corpora/made/audio/0000.wav")).unwrap();
    space.write("header", &header[..44]);
    for (input, told) in [
        ("yes", "not in a known audio format"),
        ("cat /dev/zero", "not in a known audio format"),
        ("(cat header; cat /dev/zero)", "cannot read standard input"),
    ] {
        // Files of more than 20 MB are refused, and so are those that take the place of memory.
        let script = format!("ulimit -f 20000; {input} | \"$0\" predict {MODEL} -");
        let ended = super::bounded::run_script(&space, &script, &[]);
        assert_eq!(ended.code, Some(1), "{input}: {}", ended.stderr);
        assert!(ended.stderr.contains(told), "{input}: {}", ended.stderr);
    }
}
