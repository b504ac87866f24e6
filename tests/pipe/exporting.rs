//! `pipe export`: ONNX graphs against our own forward pass, and model cards whose lines work.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use pipe_nn::layers::REGISTERED;
use pipe_nn::model::{InputNormalisation, Model};
use pipe_speech::audio;
use pipe_stages::predict::FrontEnd;
use serde_json::{Value as Json, json};

use super::drawn_models::drawn;
use super::normalising::units_of;
use super::predicting::trained;
use super::python::python;
use super::workspace::Workspace;

const MODEL: &str = "runs/m/train/model.safetensors";

/// Name, rate in Hz, layers, parameters of the fbank stage.
const CASES: [(&str, u32, &str, &str); 6] = [
    (
        "paper",
        16_000,
        r#"[{"layer":"conv","channels":256,"width":5,"padding":2,"pool_width":3,"pool_stride":2},
            {"layer":"conv","channels":256,"width":5,"padding":2,"pool_width":3,"pool_stride":2},
            {"layer":"conv","channels":256,"width":5,"padding":2,"pool_width":3,"pool_stride":2},
            {"layer":"lstm","units":256,"bidirectional":true},{"layer":"time_pool","how":"last_states"}]"#,
        r#"{"bins":40}"#,
    ),
    (
        "stacked",
        8_000,
        r#"[{"layer":"conv","channels":12,"width":4,"padding":1},
            {"layer":"lstm","units":9,"layers":2},{"layer":"time_pool","how":"mean"}]"#,
        r#"{"bins":23,"sample_rate_hz":8000,"normalise":"mean","snip_edges":false,"window":"hann"}"#,
    ),
    (
        "recurrent",
        16_000,
        r#"[{"layer":"lstm","units":10,"layers":2,"bidirectional":true},
            {"layer":"time_pool","how":"last_states"},{"layer":"linear","units":8},{"layer":"linear","units":5}]"#,
        r#"{"bins":30,"use_power":false,"window":"hamming","preemphasis":0.0,"remove_dc":false}"#,
    ),
    (
        "convolutional",
        16_000,
        r#"[{"layer":"conv","channels":16,"width":3,"pool_width":4,"pool_stride":3},
            {"layer":"conv","channels":7,"width":2,"padding":1},{"layer":"time_pool","how":"mean"}]"#,
        r#"{"bins":20,"use_log":false,"frame_length_ms":32.0,"frame_shift_ms":8.0,"sample_scale":1.0}"#,
    ),
    (
        "forward",
        16_000,
        r#"[{"layer":"conv","channels":8,"width":5,"padding":2,"pool_width":2},
            {"layer":"lstm","units":6},{"layer":"time_pool","how":"last_states"}]"#,
        r#"{"bins":13,"normalise":"none","sample_scale":0.01}"#,
    ),
    (
        "both",
        16_000,
        r#"[{"layer":"lstm","units":7,"bidirectional":true},{"layer":"time_pool","how":"mean"}]"#,
        r#"{"bins":24}"#,
    ),
];

/// A model with drawn weights, made livelier so that recordings differ in their probabilities.
fn model(layers: &str, rate_hz: u32, fbank: &str) -> Model {
    normalised(layers, rate_hz, fbank, None)
}

/// As [`model`], of features in units.
fn normalised(
    layers: &str,
    rate_hz: u32,
    fbank: &str,
    normalisation: Option<InputNormalisation>,
) -> Model {
    let parameters: Json = serde_json::from_str(fbank).unwrap();
    let bins = parameters["bins"].as_u64().unwrap() as usize;
    let stages = json!([
        { "kind": "ingest", "parameters": {} },
        { "kind": "resample", "parameters": { "rate_hz": rate_hz } },
        { "kind": "fbank", "parameters": parameters },
    ]);
    drawn(layers, bins, stages, normalisation)
}

/// Recordings of several lengths: voiced sounds in noise on an offset, with a pause, and digital silence.
fn recordings(space: &Workspace, case: &str, rate_hz: u32, shortest: usize) -> Vec<String> {
    let rate = rate_hz as usize;
    let mut names = Vec::new();
    for (index, samples) in [
        shortest,
        shortest + 1,
        rate / 9,
        rate / 2,
        rate,
        rate * 37 / 10,
        rate / 3,
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("{case}_{index}.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate_hz,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(space.join(&name), spec).unwrap();
        let mut noise = 12_345_u32 + index as u32;
        for at in 0..samples {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = f64::from(noise >> 16) / 65_536.0 - 0.5;
            let time = at as f64 / f64::from(rate_hz);
            let pitch = 110.0 + 60.0 * index as f64 + 40.0 * (3.0 * time).sin();
            let voice: f64 = (1..8)
                .map(|k| (std::f64::consts::TAU * pitch * time * f64::from(k)).sin() / f64::from(k))
                .sum();
            let loud = if (0.2..0.3).contains(&(time % 0.7)) {
                0.0
            } else {
                1.0
            };
            let value = 300.0 + loud * 5_000.0 * voice + 200.0 * hiss;
            writer
                .write_sample(if index == 6 { 0 } else { value as i16 })
                .unwrap();
        }
        writer.finalize().unwrap();
        names.push(name);
    }
    names
}

fn well(output: Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

#[test]
fn onnxruntime_agrees_with_our_forward_pass() {
    let Some(python) = python("numpy, onnx, onnxruntime") else {
        return;
    };
    let space = Workspace::new();
    let examples = REGISTERED.iter();
    let examples = examples.map(|kind| (kind.name, 16_000, kind.example, r#"{"bins":12}"#));
    for (name, rate_hz, layers, fbank) in CASES.into_iter().chain(examples) {
        let model = normalised(layers, rate_hz, fbank, units_of(name));
        let file = format!("{name}.safetensors");
        model.save(&space.join(&file)).unwrap();
        let front_end = FrontEnd::of(model.config(), Path::new(&file)).unwrap();
        let recordings = recordings(&space, name, rate_hz, front_end.shortest());
        for recording in &recordings {
            let wave = audio::read(&space.join(recording), None, None).unwrap();
            let features = front_end.features(&wave.samples).unwrap();
            let bytes: Vec<u8> = features
                .values
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect();
            let to = space.join(recording).with_extension("f32");
            fs::write(to, bytes).unwrap();
        }
        let (onnx, features) = (format!("{name}.onnx"), format!("{name}.features.onnx"));
        well(space.pipe(&["export", &file, "--onnx", &onnx]));
        well(space.pipe(&["export", &file, "--onnx", &features, "--input", "features"]));
        let names = recordings.iter().map(String::as_str);
        let arguments: Vec<&str> = ["predict", &file, "--format", "json"]
            .into_iter()
            .chain(names)
            .collect();
        space.write(&format!("{name}.jsonl"), well(space.pipe(&arguments)));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx/compare.py");
    let output = Command::new(python)
        .arg(script)
        .arg(space.path())
        .output()
        .unwrap();
    eprintln!("{}", well(output));
}

#[test]
fn the_lines_of_a_card_work() {
    let space = trained();
    well(space.pipe(&["export", MODEL, "--card", "card.md", "--onnx", "model.onnx"]));
    let card = space.read("card.md");
    for words in [
        "| made | Made for tests | en | 48 | 12 | 12 |",
        "the cache records that it tested exactly this file",
        "| made | none | check the terms |",
        "The counts include copies made by an augment stage.",
        "resample: rate\\_hz 11025",
        "| learning\\_rate | 0.05 |",
    ] {
        assert!(card.contains(words), "{words}\n{card}");
    }
    let digest = pipe_foundation::Digest::of_file(&space.join(MODEL)).unwrap();
    assert!(card.contains(&digest.hex()));
    // The card's own lines, with its own names.
    fs::copy(space.join(MODEL), space.join("model.safetensors")).unwrap();
    space.tone("recording.wav", 11_025, 1.0, 200.0);
    space.tone("recordings/a.wav", 44_100, 4.0, 200.0);
    let blocks: Vec<&str> = card.split("```").skip(1).step_by(2).collect();
    let mut expected = None;
    let mut lines = 0;
    for line in blocks
        .iter()
        .filter_map(|block| block.strip_prefix("sh\n"))
        .flat_map(str::lines)
    {
        let arguments: Vec<&str> = line.split(' ').collect();
        assert_eq!(arguments[0], "pipe", "{line}");
        let text = well(space.pipe(&arguments[1..]));
        lines += 1;
        if arguments[3] == "recording.wav" {
            expected = text
                .lines()
                .nth(1)
                .map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        }
    }
    assert_eq!(lines, 3);
    let Some(python) = python("numpy, onnx, onnxruntime") else {
        return;
    };
    let program = blocks
        .iter()
        .find_map(|block| block.strip_prefix("python\n"))
        .unwrap();
    let output = Command::new(python)
        .args(["-c", program])
        .current_dir(space.path())
        .output()
        .unwrap();
    let found: Json = serde_json::from_str(&well(output).replace('\'', "\"")).unwrap();
    let expected = expected.unwrap();
    for (class, column) in [("positive", 4), ("neutral", 5), ("negative", 6)] {
        let wanted: f64 = expected[column].parse().unwrap();
        assert!(
            (found[class].as_f64().unwrap() - wanted).abs() < 1e-4,
            "{found} {expected:?}"
        );
    }
}

#[test]
fn metrics_can_be_given_by_hand() {
    let space = trained();
    let card = |more: &[&str]| {
        let arguments = [
            &["export", MODEL, "--card", "card.md", "--cache", "elsewhere"],
            more,
        ]
        .concat();
        well(space.pipe(&arguments));
        space.read("card.md")
    };
    assert!(card(&[]).contains("No evaluation of this file was given"));
    assert!(!space.join("elsewhere").exists());
    for path in ["runs/m/test/metrics.json", "runs/m/test", "runs"] {
        let text = card(&["--metrics", path]);
        assert!(
            text.contains("given by hand") && text.contains("| made | in training | 12 |"),
            "{text}"
        );
    }
    for path in ["corpora", "absent.json", "m.toml"] {
        let output = space.pipe(&["export", MODEL, "--card", "card.md", "--metrics", path]);
        assert_eq!(output.status.code(), Some(2), "{path}");
    }
}

#[test]
fn what_cannot_be_exported_is_reported_and_nothing_is_lost() {
    let space = trained();
    let model = fs::read(space.join(MODEL)).unwrap();
    space.write("old.onnx", "old");
    space.write("notes.txt", "mine");
    fs::copy(space.join(MODEL), space.join("copy.onnx")).unwrap();
    for (arguments, words) in [
        (&["export", MODEL][..], "--onnx <FILE>"),
        (
            &["export", MODEL, "--onnx", "notes.txt"],
            "does not end in .onnx",
        ),
        (&["export", MODEL, "--card", "card"], "does not end in .md"),
        (&["export", MODEL, "--onnx", "runs"], "is a folder"),
        (
            &["export", "copy.onnx", "--onnx", "copy.onnx"],
            "would replace the model itself",
        ),
        (
            &["export", "notes.txt", "--onnx", "old.onnx"],
            "is not a usable model",
        ),
    ] {
        let output = space.pipe(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(text.contains(words), "{arguments:?}: {text}");
    }
    assert_eq!(
        (space.read("old.onnx"), space.read("notes.txt")),
        ("old".into(), "mine".into())
    );
    assert!(fs::read(space.join("copy.onnx")).unwrap() == model);
    // An older file is replaced as a whole; the same model gives the same bytes.
    well(space.pipe(&["export", MODEL, "--onnx", "old.onnx"]));
    well(space.pipe(&["export", MODEL, "--onnx", "new/deep/again.onnx"]));
    assert!(
        fs::read(space.join("old.onnx")).unwrap()
            == fs::read(space.join("new/deep/again.onnx")).unwrap()
    );
    let dithered = r#"{"bins":13,"dither":1.0}"#;
    let layers = r#"[{"layer":"time_pool","how":"mean"}]"#;
    self::model(layers, 16_000, dithered)
        .save(&space.join("dithered.safetensors"))
        .unwrap();
    let output = space.pipe(&[
        "export",
        "dithered.safetensors",
        "--onnx",
        "d.onnx",
        "--card",
        "d.md",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!space.join("d.md").exists() && !space.join("d.onnx").exists());
    well(space.pipe(&[
        "export",
        "dithered.safetensors",
        "--onnx",
        "d.onnx",
        "--input",
        "features",
        "--card",
        "d.md",
    ]));
    assert!(
        space
            .read("d.md")
            .contains("The file does not say what it was trained on.")
    );
}
