//! Models that are trained on the features of other models, or on functionals, and predict recordings.

use std::fs;

use super::embeddings::space;
use super::workspace::Workspace;

/// A model trained on what another one gives for windows.
const TRAINED_ON_EMBEDDINGS: &str = r#"
corpora = "corpora.toml"
[stage.speech]
kind = "ingest"
corpora = "made"
split = { train = 0.5, validation = 0.25, test = 0.25 }
[stage.audio]
kind = "resample"
input = "speech"
rate_hz = 11025
[stage.embedding]
kind = "embed"
input = "audio"
model = "model.onnx"
sample_rate_hz = 11025
window = { length = 1000, hop = 500, pad = true }
[stage.train]
kind = "train"
input = "embedding"
encoder = [{ layer = "time_pool", how = "mean" }]
epochs = 2
batch = 8
[stage.test]
kind = "evaluate"
model = "train"
input = "embedding"
"#;

/// Makes sure that `predicted`, what `pipe predict` says of all recordings as CSV, has the probabilities of all that the
/// run of t.toml has tested.
fn check_predictions(space: &Workspace, predicted: &str) {
    let table = space.read("runs/t/test/predictions.csv");
    let mut rows = table.lines();
    let header: Vec<&str> = rows.next().unwrap().split(',').collect();
    let column = |end: &str| header.iter().position(|name| name.ends_with(end)).unwrap();
    let mut tested = 0;
    for row in rows {
        let cells: Vec<&str> = row.split(',').collect();
        let file = format!("corpora/{}.wav,", cells[column("utterance")]);
        let line = predicted
            .lines()
            .find(|line| line.starts_with(&file))
            .unwrap();
        for class in ["positive", "neutral", "negative"] {
            let probability = cells[column(class)];
            assert!(line.contains(probability), "{line}: {class} {probability}");
        }
        tested += 1;
    }
    assert_eq!(tested, 12);
}

#[test]
fn a_model_trained_on_embeddings_predicts_recordings() {
    let space = space();
    space.write("t.toml", TRAINED_ON_EMBEDDINGS);
    space.run_well("t.toml");
    const TRAINED: &str = "runs/t/train/model.safetensors";
    let predict = |more: &[&str]| {
        let output =
            space.pipe(&[&["predict", TRAINED, "corpora", "--format", "csv"], more].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    // The model in ONNX is in the current folder.
    let predicted = predict(&[]);
    check_predictions(&space, &predicted);
    // Elsewhere, it has to be named; another one is not taken for it.
    fs::create_dir(space.join("elsewhere")).unwrap();
    fs::rename(space.join("model.onnx"), space.join("elsewhere/same.onnx")).unwrap();
    space.write("model.onnx", b"another");
    let refused = space.refused(&["predict", TRAINED, "corpora"]);
    // Without the line that marks a message that goes on.
    let unwrapped = |text: String| {
        let text = text.replace('│', " ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let told = unwrapped(refused);
    for text in [
        "--embed-model",
        "`embed` stage 1 in its chain (BLAKE3",
        "window = { length = 1000 }",
        "model.onnx is another",
    ] {
        assert!(told.contains(text), "{text} is missing: {told}");
    }
    // A graph contains it.
    let refused = unwrapped(space.refused(&["export", TRAINED, "--onnx", "trained.onnx"]));
    assert!(refused.contains("--embed-model"), "{refused}");
    let there = ["--embed-model", "elsewhere/same.onnx"];
    let written =
        space.stdout(&[&["export", TRAINED, "--onnx", "trained.onnx"], &there[..]].concat());
    assert!(
        written.contains("not in it: resampling to 11025 Hz\n"),
        "{written}"
    );
    assert_eq!(predict(&there), predicted);
    fs::rename(space.join("elsewhere/same.onnx"), space.join("model.onnx")).unwrap();
    let features = [
        "export",
        TRAINED,
        "--onnx",
        "trained.onnx",
        "--input",
        "features",
    ];
    let written = space.stdout(&features);
    assert!(
        written.contains("not in it: resampling to 11025 Hz, the model in ONNX of `embed` (BLAKE3"),
        "{written}"
    );
    let card = space.pipe(&["export", TRAINED, "--card", "card.md"]);
    assert!(card.status.success(), "{card:?}");
    assert!(space.read("card.md").contains("another model in ONNX"));
}

#[test]
fn a_linear_model_of_functionals_predicts_recordings() {
    let space = space();
    let manifest = TRAINED_ON_EMBEDDINGS
        .replace("kind = \"embed\"", "kind = \"fbank\"\nbins = 23")
        .replace("model = \"model.onnx\"\n", "")
        .replace("window = { length = 1000, hop = 500, pad = true }\n", "")
        .replace("[stage.train]", "[stage.functionals]\nkind = \"functionals\"\ninput = \"embedding\"\nstatistics = [\"mean\", \"slope\"]\npercentiles = [50]\n[stage.train]")
        .replace("[stage.train]\nkind = \"train\"\ninput = \"embedding\"", "[stage.train]\nkind = \"train\"\ninput = \"functionals\"")
        .replace("model = \"train\"\ninput = \"embedding\"", "model = \"train\"\ninput = \"functionals\"");
    space.write("t.toml", &manifest);
    space.run_well("t.toml");
    let output = space.pipe(&[
        "predict",
        "runs/t/train/model.safetensors",
        "corpora",
        "--format",
        "csv",
    ]);
    assert!(output.status.success(), "{output:?}");
    let predicted = String::from_utf8(output.stdout).unwrap();
    check_predictions(&space, &predicted);
    // Other statistics are other features.
    space.edit("t.toml", "\"slope\"]", "\"deviation\"]");
    assert_eq!(
        space.run_well("t.toml").executed(),
        ["functionals", "train", "test"]
    );
    space.edit(
        "t.toml",
        "statistics = [\"mean\", \"deviation\"]\npercentiles = [50]",
        "statistics = []",
    );
    let refused = space.refused(&["plan", "t.toml"]);
    assert!(refused.contains("nothing is computed"), "{refused}");
}
