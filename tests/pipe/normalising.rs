//! Features in units of the training data, of each recording, or of each speaker.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pipe_foundation::Standardisation;
use pipe_nn::model::InputNormalisation;
use serde_json::Value as Json;

use super::workspace::Workspace;

const MODEL: &str = "runs/pipe/train/model.safetensors";

const IMPORTED: &str = r#"
[stage.speech]
kind = "ingest"
corpora = "made"
split = { train = 0.5, validation = 0.25, test = 0.25 }

[stage.features]
kind = "import"
input = "speech"
files = "features.csv"

[stage.train]
kind = "train"
input = "features"
normalise = "training"
encoder = [{ layer = "time_pool", how = "mean" }]
epochs = 100
patience = 0
learning_rate = 0.05
batch = 8
dropout = 0.0
spec_augment = { time_mask_frames = 0, frequency_mask_bins = 0 }

[stage.test]
kind = "evaluate"
model = "train"
input = "features"
"#;

/// How the features of a case of the tests of exports are normalised.
pub fn units_of(case: &str) -> Option<InputNormalisation> {
    let varied = |least: f32| (0..30).map(move |bin| least + bin as f32 / 40.0).collect();
    match case {
        "recurrent" => Some(InputNormalisation::Training(Standardisation {
            means: varied(-0.4),
            deviations: varied(0.5),
        })),
        "forward" => Some(InputNormalisation::Utterance),
        _ => None,
    }
}

/// Two features of a recording: one tells the class, on an offset that each speaker has for himself; the other never changes.
fn values(index: usize) -> [f32; 2] {
    let (class, speaker) = (index % 3, index % 4);
    [class as f32 + 1000.0 * speaker as f32, 7.0]
}

fn imported() -> Workspace {
    let space = Workspace::with_corpus(48);
    let mut table = String::from("file,level,constant\n");
    for index in 0..48 {
        let [level, constant] = values(index);
        writeln!(table, "audio/{index:04}.wav,{level},{constant}").unwrap();
    }
    space.write("features.csv", table);
    space.write("pipe.toml", IMPORTED);
    space
}

/// What the model file says of how features are normalised.
fn normalisation(space: &Workspace) -> Json {
    let bytes = std::fs::read(space.join(MODEL)).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Json = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let config = header["__metadata__"]["pipe.model"].as_str().unwrap();
    let config: Json = serde_json::from_str(config).unwrap();
    config["normalisation"].clone()
}

fn ua(space: &Workspace) -> f64 {
    let metrics: Json = serde_json::from_str(&space.read("runs/pipe/test/metrics.json")).unwrap();
    metrics["overall"]["ua"].as_f64().unwrap()
}

#[test]
fn units_of_the_training_data_are_constants_of_the_model() {
    let space = imported();
    space.run_well("pipe.toml");
    let split = space.read("runs/pipe/speech/split.tsv");
    let trains = |speaker: usize| split.contains(&format!("made/s{speaker}\ttrain"));
    let train: Vec<f64> = (0..48)
        .filter(|index| trains(index % 4))
        .map(|index| f64::from(values(index)[0]))
        .collect();
    assert_eq!(train.len(), 24, "{split}");
    let mean = train.iter().sum::<f64>() / 24.0;
    let variance = train.iter().map(|value| (value - mean).powi(2));
    let deviation = (variance.sum::<f64>() / 24.0).sqrt();
    let found = normalisation(&space);
    assert_eq!(found["over"], "training");
    let near = |list: &str, at: usize, wanted: f64| {
        let found = found[list][at].as_f64().unwrap();
        assert!(
            (found - wanted).abs() <= 1e-6 * wanted.abs(),
            "{found} {wanted}"
        );
    };
    near("means", 0, mean);
    near("deviations", 0, deviation);
    near("means", 1, 7.0);
    // What never changes becomes zero, and not infinite.
    near("deviations", 1, 1.0);
    // The offsets of speakers hide the classes, which units of the training data leave as it is.
    assert!(ua(&space) < 0.9, "{}", ua(&space));
    assert_eq!(space.run_well("pipe.toml").executed(), [""; 0]);
}

#[test]
fn units_of_each_speaker_take_away_what_is_his_own() {
    let space = imported();
    space.edit("pipe.toml", "\"training\"", "\"speaker\"");
    let run = space.run_well("pipe.toml");
    assert_eq!(normalisation(&space)["attribute"], "speaker");
    assert_eq!(ua(&space), 1.0);
    assert!(run.warnings().iter().all(|told| !told.contains("zeros")));
}

#[test]
fn what_cannot_be_normalised_over_is_refused() {
    let space = imported();
    space.edit("pipe.toml", "\"training\"", "\"class\"");
    let told = space.refused(&["plan", "pipe.toml"]);
    let told = told.replace("\n  │ ", " ");
    assert!(told.contains("give away what is to be predicted"), "{told}");
    space.edit("pipe.toml", "\"class\"", "\"sesion\"");
    let told = space.refused(&["plan", "pipe.toml"]);
    assert!(told.contains("keeps the column `sesion`"), "{told}");
    space.edit("pipe.toml", "\"sesion\"", "\"utterance\"");
    let run = space.run("pipe.toml", &[]);
    assert!(
        run.error().contains("every recording has one frame alone"),
        "{}",
        run.error()
    );
}

#[test]
fn new_recordings_get_the_units_of_their_folder_or_of_training() {
    let space = Workspace::with_corpus(48);
    space.write("pipe.toml", IMPORTED);
    space.edit(
        "pipe.toml",
        "kind = \"import\"\ninput = \"speech\"\nfiles = \"features.csv\"",
        "kind = \"fbank\"\ninput = \"speech\"\nbins = 20\nnormalise = \"none\"",
    );
    for over in ["training", "speaker", "utterance"] {
        if over != "training" {
            let before = if over == "speaker" {
                "training"
            } else {
                "speaker"
            };
            space.edit(
                "pipe.toml",
                &format!("\"{before}\""),
                &format!("\"{over}\""),
            );
        }
        space.run_well("pipe.toml");
        let tested = space.read("runs/pipe/test/predictions.csv");
        let mut expected: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut files = Vec::new();
        for line in tested.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let name = cells[0].rsplit('/').next().unwrap();
            let speaker = cells
                .iter()
                .find(|cell| cell.starts_with("made/s"))
                .unwrap();
            let to = format!("{speaker}/{name}.wav");
            space.write(
                &to,
                std::fs::read(space.join(&format!("corpora/made/audio/{name}.wav"))).unwrap(),
            );
            let numbers = cells.iter().rev().take(3).rev();
            expected.insert(
                to.clone(),
                numbers.map(|cell| cell.parse().unwrap()).collect(),
            );
            files.push(to);
        }
        let mut arguments = vec!["predict", MODEL, "made", "--format", "json"];
        if over == "speaker" {
            // Nothing of recordings tells who speaks.
            let told = space.refused(&arguments).replace("\n  │ ", " ");
            assert!(
                told.contains("over all recordings of the same speaker"),
                "{told}"
            );
            arguments.extend(["--normalise-over", "folder"]);
            // It can be read only once, and recordings are needed twice; with windows too.
            let file = std::fs::File::open(space.join(&files[0])).unwrap();
            let by_windows = ["--window-s", "0.3"];
            for more in [&[][..], &by_windows] {
                for over in ["file", "folder"] {
                    let given = ["predict", MODEL, "-", "--normalise-over", over];
                    let mut command = space.command(&[&given[..], more].concat());
                    let output = command.stdin(file.try_clone().unwrap()).output().unwrap();
                    let told = String::from_utf8(output.stderr).unwrap();
                    assert_eq!(output.status.code(), Some(1), "{told}");
                    assert!(
                        told.contains("which standard input is no part of"),
                        "{told}"
                    );
                    assert!(told.contains("give it as a file"), "{told}");
                    assert!(!told.contains("empty"), "{told}");
                }
            }
        } else {
            let told = space.refused(&[&arguments[..], &["--normalise-over", "file"]].concat());
            assert!(told.contains("does not take features"), "{told}");
        }
        let told = space.stdout(&arguments);
        let mut found = 0;
        for line in told.lines() {
            let row: Json = serde_json::from_str(line).unwrap();
            let path = row["path"].as_str().or(row["file"].as_str()).unwrap();
            for (class, wanted) in ["positive", "neutral", "negative"]
                .iter()
                .zip(&expected[path])
            {
                let probability = row["probabilities"][class].as_f64().unwrap();
                assert!(
                    (probability - wanted).abs() < 2e-5,
                    "{over} {line} {wanted}"
                );
            }
            found += 1;
        }
        assert_eq!(found, files.len(), "{told}");
        let graph = space.pipe(&["export", MODEL, "--onnx", "model.onnx"]);
        assert_eq!(
            graph.status.code(),
            Some(if over == "speaker" { 2 } else { 0 }),
            "{over}"
        );
    }
}
