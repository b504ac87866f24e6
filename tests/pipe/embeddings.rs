//! `embed`: what models in ONNX make of waveforms and features, their keys, and what cannot be used.

use std::collections::BTreeMap;
use std::fs;

use pipe_foundation::Features;
use safetensors::SafeTensors;
use serde_json::Value as Json;

use super::predicting::{MODEL, trained};
use super::python::python;
use super::workspace::Workspace;

/// The recordings of `trained`, through a model.
const MANIFEST: &str = r#"
corpora = "corpora.toml"

[stage.speech]
kind = "ingest"
corpora = "made"
split = "test"

[stage.audio]
kind = "resample"
input = "speech"
rate_hz = 11025

[stage.outputs]
kind = "embed"
input = "audio"
model = "model.onnx"
sample_rate_hz = 11025
outputs = ["probabilities"]

[stage.files]
kind = "command"
inputs = { outputs = "outputs" }
run = "cp -r {outputs} {out}/all && cp {outputs}/items.tsv {out}"
outputs = ["items.tsv"]
"#;

/// What the stage takes of the model.
const OUTPUTS: &str = "outputs = [\"probabilities\"]";

/// A trained model as an ONNX graph over waveforms, and the manifest.
pub fn space() -> Workspace {
    let space = trained();
    export(&space, "model.onnx", &[]);
    space.write("e.toml", MANIFEST);
    space
}

fn export(space: &Workspace, name: &str, more: &[&str]) {
    let output = space.pipe(&[&["export", MODEL, "--onnx", name], more].concat());
    assert!(output.status.success(), "{output:?}");
}

/// What the model made of each recording, by its id.
fn made(space: &Workspace) -> Vec<(String, Features)> {
    let table = space.read("runs/e/files/items.tsv");
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let column = |name: &str| header.iter().position(|other| *other == name).unwrap();
    let (id, file) = (column("id"), column("file"));
    let rows = lines.map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let path = space.join("runs/e/files/all").join(cells[file]);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let document = SafeTensors::deserialize(&bytes).unwrap();
        let tensor = document.tensor("features").unwrap();
        let values = tensor.data().chunks_exact(4);
        let values = values.map(|chunk| f32::from_le_bytes(chunk.try_into().unwrap()));
        let features = Features {
            frames: tensor.shape()[0],
            bins: tensor.shape()[1],
            values: values.collect(),
        };
        (cells[id].to_owned(), features)
    });
    rows.collect()
}

/// The probabilities that `pipe predict` gives of each recording, by its id.
fn predicted(space: &Workspace) -> BTreeMap<String, Vec<f64>> {
    let output = space.pipe(&["predict", MODEL, "corpora", "--format", "json"]);
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let rows = lines.lines().map(|line| {
        let row: Json = serde_json::from_str(line).unwrap();
        let file = row["file"].as_str().unwrap();
        let id = file.strip_prefix("corpora/").unwrap();
        let id = id.strip_suffix(".wav").unwrap().to_owned();
        let probabilities = row["probabilities"].as_object().unwrap().values();
        (id, probabilities.map(|p| p.as_f64().unwrap()).collect())
    });
    rows.collect()
}

#[test]
fn a_model_of_our_own_gives_what_predict_gives() {
    let space = space();
    let run = space.run_well("e.toml");
    assert_eq!(run.steps().0, 4);
    let expected = predicted(&space);
    let found = made(&space);
    assert_eq!(found.len(), expected.len());
    for (id, features) in &found {
        assert_eq!((features.frames, features.bins), (1, 3));
        for (found, expected) in features.values.iter().zip(&expected[id]) {
            let difference = (f64::from(*found) - expected).abs();
            // The recordings are tones: most bins hold next to nothing, whose logarithm depends on every rounding.
            assert!(difference < 2e-4, "{id}: {found} {expected}");
        }
    }
}

#[test]
fn onnx_runtime_gives_the_same_and_is_another_result() {
    let Some(python) = python("onnxruntime") else {
        return;
    };
    let folder = "import onnxruntime, pathlib; print(*pathlib.Path(onnxruntime.__file__).parent.glob('capi/libonnxruntime.so*'))";
    let found = std::process::Command::new(python)
        .args(["-c", folder])
        .output()
        .unwrap();
    let library = String::from_utf8(found.stdout).unwrap().trim().to_owned();
    let space = space();
    space.run_well("e.toml");
    let own = made(&space);
    space.edit("e.toml", "model = ", "runtime = \"onnxruntime\"\nmodel = ");
    let mut command = space.command(&["run", "e.toml", "--json"]);
    let run = super::workspace::Run::of(command.env("ORT_DYLIB_PATH", &library).output().unwrap());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.executed(), ["outputs", "files"]);
    for ((id, own), (other_id, other)) in own.iter().zip(made(&space)) {
        assert_eq!(*id, other_id);
        for (own, other) in own.values.iter().zip(&other.values) {
            // The recordings are tones, whose empty bins depend on every rounding.
            assert!((own - other).abs() < 1e-3, "{own} {other}");
        }
    }
    // This library has no CUDA: a run on a CUDA device is refused, unless the model is to stay on the processor.
    let plan = |space: &super::workspace::Workspace| {
        let mut command = space.command(&["plan", "e.toml", "--device", "cuda"]);
        let output = command.env("ORT_DYLIB_PATH", &library).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        (
            output.status.code(),
            told,
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (code, told, _) = plan(&space);
    assert_eq!(code, Some(2), "{told}");
    for part in [
        "cannot execute models on a CUDA device",
        "ORT_DYLIB_PATH",
        "onnxruntime-gpu",
    ] {
        assert!(told.contains(part), "{told}");
    }
    space.edit("e.toml", "runtime = ", "device = \"cpu\"\nruntime = ");
    let (code, told, shown) = plan(&space);
    assert_eq!(code, Some(0), "{told}");
    // What the processor computed is what such a run would take.
    assert!(shown.contains("4 unchanged, 0 to run"), "{shown}");
    space.edit("e.toml", "device = \"cpu\"\n", "");
    // Without its library, the manifest is refused before anything is computed.
    let mut command = space.command(&["plan", "e.toml"]);
    let output = command
        .env("ORT_DYLIB_PATH", "missing.so")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("ONNX Runtime cannot be opened"), "{told}");
}

#[test]
fn only_new_recordings_are_computed_and_the_content_of_the_model_decides() {
    let space = space();
    space.run_well("e.toml");
    // Another place of the same model, and a new recording.
    fs::create_dir(space.join("models")).unwrap();
    fs::rename(space.join("model.onnx"), space.join("models/same.onnx")).unwrap();
    space.edit("e.toml", "\"model.onnx\"", "\"models/same.onnx\"");
    let run = space.run_well("e.toml");
    assert_eq!(run.executed(), [""; 0]);
    space.table(47);
    let run = space.run_well("e.toml");
    assert_eq!(run.items().0, 0, "{:?}", run.finished());
    // Another model in the same place.
    space.edit("m.toml", "kind = \"train\"", "kind = \"train\"\nseed = 5");
    space.run_well("m.toml");
    export(&space, "models/same.onnx", &[]);
    let run = space.run_well("e.toml");
    assert_eq!(run.executed(), ["outputs", "files"]);
    let why = space.stdout(&["why", "e.toml"]);
    assert!(
        why.contains("file.model") || why.contains("the file `model`"),
        "{why}"
    );
}

#[test]
fn what_cannot_be_used_is_refused_in_the_plan() {
    let space = space();
    let refused = |from: &str, to: &str| {
        let text = space.read("e.toml");
        space.edit("e.toml", from, to);
        let told = space.refused(&["plan", "e.toml"]);
        space.write("e.toml", text);
        told.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    space.write(
        "pointer.onnx",
        "version https://git-lfs.github.com/spec/v1\n",
    );
    // As `onnx.save(.., save_as_external_data=True)` writes tensors.
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8], bytes].concat();
    let location = [field(1, b"location"), field(2, b"weights.bin")].concat();
    let tensor = [field(8, b"P"), field(13, &location), vec![14 << 3, 1]].concat();
    let graph = field(7, &field(5, &tensor));
    let whole = fs::read(space.join("model.onnx")).unwrap();
    space.write("outside.onnx", [whole, graph].concat());
    for (from, to, expected) in [
        ("model.onnx", "missing.onnx", "missing.onnx does not exist"),
        ("\"model.onnx\"", "\"corpora\"", "cannot read"),
        ("model.onnx", "pointer.onnx", "it is not an ONNX model"),
        ("model.onnx", "m.toml", "it is not an ONNX model"),
        ("model.onnx", "outside.onnx", "its tensor `P` is not in it"),
        ("model.onnx", "outside.onnx", "onnx.save(onnx.load("),
        (
            "[\"probabilities\"]",
            "[\"embedding\"]",
            "it has no output called `embedding`; it has",
        ),
        (
            "outputs = [",
            "model_input = \"x\"\noutputs = [",
            "it has no input called `x`; it has",
        ),
        (
            "outputs = [",
            "constants = { sr = 1 }\noutputs = [",
            "it has no input called `sr`",
        ),
        (
            "outputs = [",
            "input_axes = [\"time\"]\noutputs = [",
            "`input_axes` has 1",
        ),
        (
            "outputs = [",
            "input_axes = [\"batch\"]\noutputs = [",
            "`input_axes` needs \"time\" once",
        ),
    ] {
        let told = refused(from, to);
        assert!(told.contains(expected), "{to}: {told}");
        assert!(told.contains("e.toml:"), "{told}");
    }
}

#[test]
fn a_waveform_where_the_model_takes_features_is_reported_in_the_plan() {
    let space = trained();
    // A model over features, as it is without the front end.
    export(&space, "model.onnx", &["--input", "features"]);
    space.write("e.toml", MANIFEST);
    let told = space.refused(&["plan", "e.toml"]);
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in [
        "frames of features, and the stage before gives a waveform",
        "`fbank`",
        "e.toml:",
    ] {
        assert!(words.contains(text), "{text} is missing: {told}");
    }
}

#[test]
fn windows_pooling_and_recordings_that_are_too_short() {
    let space = space();
    // The recordings have 3,308 samples at this rate.
    space.edit(
        "e.toml",
        OUTPUTS,
        &format!("window = {{ length = 5000, hop = 500 }}\n{OUTPUTS}"),
    );
    let run = space.run("e.toml", &[]);
    assert_eq!(run.code, Some(1), "{:?}", run.events);
    let reason = run.error();
    assert!(
        reason.contains("it has 3308, fewer than the 5000 of a window"),
        "{reason}"
    );
    for (window, frames) in [
        ("length = 2000, hop = 500", 3),
        ("length = 2000, hop = 500, pad = true", 4),
    ] {
        space.write("e.toml", MANIFEST);
        space.edit(
            "e.toml",
            OUTPUTS,
            &format!("window = {{ {window} }}\n{OUTPUTS}"),
        );
        space.run_well("e.toml");
        let found = made(&space);
        assert!(
            found.iter().all(|(_, features)| features.frames == frames),
            "{window}"
        );
    }
    let frames = made(&space);
    space.edit(
        "e.toml",
        OUTPUTS,
        &format!("pooling = \"mean_deviation\"\n{OUTPUTS}"),
    );
    space.run_well("e.toml");
    for ((id, pooled), (_, frames)) in made(&space).iter().zip(&frames) {
        assert_eq!((pooled.frames, pooled.bins), (1, 2 * frames.bins), "{id}");
        let column = frames.values.iter().step_by(frames.bins);
        let mean = column.map(|value| f64::from(*value)).sum::<f64>() / frames.frames as f64;
        assert!((f64::from(pooled.values[0]) - mean).abs() < 1e-6, "{id}");
    }
}

#[test]
fn a_wrong_rate_costs_the_recordings_with_the_way_out() {
    let space = space();
    space.edit("e.toml", "sample_rate_hz = 11025\n", "");
    let run = space.run("e.toml", &[]);
    assert_eq!(run.code, Some(1), "{:?}", run.events);
    let reason = run.error();
    assert!(
        reason.contains("11025 Hz, but `sample_rate_hz` is 16000"),
        "{reason}"
    );
}
