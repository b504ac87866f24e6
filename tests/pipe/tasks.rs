//! Tasks of a training: numeric targets, losses, attributes that are columns of the data.

use serde_json::Value as Json;

use super::manifests::{ENCODER, REPORT, TEST};
use super::workspace::Workspace;

/// `brightness` follows how long a sound is loud, which a network can hear; it is not known of all.
const TABLE_HEAD: &str = "path,speaker,gender,emotion,brightness,hardness,device\n";
/// Utterances of the table.
pub const UTTERANCES: usize = 48;

/// A corpus of two numbers and a device, and a training of `heads` with `more` in its ingest stage.
pub fn space(heads: &str, more: &str) -> Workspace {
    let space = Workspace::new();
    let mut table = String::from(TABLE_HEAD);
    for index in 0..UTTERANCES {
        // Each speaker has every level; neighbours differ, so that a batch has several.
        let loud = 0.1 + 0.15 * ((index / 8 + index) % 6) as f64;
        let path = format!("audio/{index:04}.wav");
        sound(&space, &format!("corpora/made/{path}"), index, loud);
        let emotion = ["happy", "neutral", "sad"][index % 3];
        let gender = if index % 2 == 0 { "female" } else { "male" };
        let brightness = match index % 11 {
            10 => String::new(),
            _ => format!("{:.2}", 10.0 * loud),
        };
        let device = ["phone", "studio"][index % 2];
        table.push_str(&format!(
            "{path},s{},{gender},{emotion},{brightness},{},{device}\n",
            index % 8,
            index % 5
        ));
    }
    space.write("corpora/made/table.csv", &table);
    space.write("corpora.toml", super::manifests::MADE_CORPUS);
    space.write("task.toml", manifest(heads, more));
    space
}

/// A sound of 0.6 s that is loud for the first part of it and then soft, at a pitch of its own.
fn sound(space: &Workspace, name: &str, number: usize, loud: f64) {
    const SAMPLES: usize = 9600;
    space.tone(name, 16_000, 0.0, 0.0);
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(space.join(name), spec).unwrap();
    for at in 0..SAMPLES {
        let hertz = (200 + 7 * number) as f64;
        let phase = std::f64::consts::TAU * hertz * at as f64 / 16_000.0;
        let strength = if (at as f64) < loud * SAMPLES as f64 {
            8000.0
        } else {
            400.0
        };
        let value = strength * (phase.sin() + 0.5 * (2.0 * phase).sin());
        file.write_sample(value as i16).unwrap();
    }
    file.finalize().unwrap();
}

fn manifest(heads: &str, more: &str) -> String {
    format!(
        "[stage.speech]\nkind = \"ingest\"\ncorpora = \"made\"\n{more}\n\
         split = {{ train = 0.5, validation = 0.25, test = 0.25 }}\n\
         [stage.audio]\nkind = \"resample\"\ninput = \"speech\"\n\
         [stage.fbank]\nkind = \"fbank\"\ninput = \"audio\"\nnormalise = \"mean\"\n\
         [stage.train]\nkind = \"train\"\ninput = \"fbank\"\nheads = {heads}\nepochs = 15\nbatch = 8\n\
         optimiser = \"adam\"\nlearning_rate = 0.01\ndropout = 0.0\nspec_augment = {{ time_mask_frames = 0, frequency_mask_bins = 0 }}\n\
         {ENCODER}{TEST}{REPORT}"
    )
}

const TWO_NUMBERS: &str =
    r#"[{ task = "brightness" }, { task = "hardness", loss = "mse", weight = 0.1 }]"#;
const KEPT: &str = "classes = \"none\"\ncolumns = [\"brightness\", \"hardness\"]";

#[test]
fn numbers_are_trained_tested_reported_exported_and_predicted_without_classes() {
    let space = space(TWO_NUMBERS, KEPT);
    // A score is named, not assumed.
    let refused = space.refused(&["plan", "task.toml"]);
    assert!(refused.contains("monitor is ua"), "{refused}");
    space.edit(
        "task.toml",
        "epochs = 15",
        "epochs = 60\nmonitor = \"brightness/ccc\"",
    );
    let run = space.run_well("task.toml");
    let epoch = run.events_of("epoch")[0];
    assert_eq!(epoch["monitored"]["name"], "brightness/ccc");
    assert_eq!(epoch["validation_ua"], Json::Null);

    let metrics: Json = serde_json::from_str(&space.read("runs/task/test/metrics.json")).unwrap();
    let brightness = &metrics["targets"]["brightness"]["corpora"]["made"];
    assert!(brightness["ccc"].as_f64().unwrap() > 0.8, "{brightness}");
    assert!(brightness["pairs"].as_u64().unwrap() < 12, "{brightness}");
    let numbers = space.read("runs/task/test/numbers.csv");
    assert!(
        numbers.starts_with(
            "utterance,corpus,speaker,brightness,predicted_brightness,hardness,predicted_hardness\n"
        ),
        "{numbers}"
    );
    assert!(!space.join("runs/task/test/predictions.csv").exists());
    let report = space.read("runs/task/report/report.md");
    for text in ["Numeric targets", "brightness", "hardness", "CCC"] {
        assert!(report.contains(text), "{text} is missing:\n{report}");
    }
    let page = space.read("runs/task/report/report.html");
    assert!(page.contains("Numeric targets"));
    let shown = space.stdout(&["show", "task/test"]);
    assert!(
        shown.contains("brightness") && shown.contains("CCC"),
        "{shown}"
    );
    assert!(!shown.contains("UA"), "{shown}");
    let shown = space.stdout(&["show", "task/train"]);
    assert!(shown.contains("validation CCC"), "{shown}");

    let model = "runs/task/train/model.safetensors";
    sound(&space, "high.wav", 3, 0.8);
    sound(&space, "low.wav", 3, 0.15);
    let predicted = space.stdout(&["predict", model, "high.wav", "low.wav", "--format", "json"]);
    let rows: Vec<Json> = predicted
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let number = |row: usize| rows[row]["numbers"]["brightness"].as_f64().unwrap();
    assert!(number(0) > number(1) + 3.0, "{predicted}");
    assert!(rows[0].get("predicted").is_none() && rows[0].get("probabilities").is_none());
    let table = space.stdout(&["predict", model, "high.wav", "--format", "csv"]);
    assert!(
        table.starts_with("file,start_s,end_s,brightness,hardness,silent\n"),
        "{table}"
    );
    space.stdout(&["export", model, "--card", "card.md", "--onnx", "model.onnx"]);
    let card = space.read("card.md");
    assert!(card.contains("brightness"), "{card}");
    assert_eq!(space.run_well("task.toml").steps().1, 6);
}

#[test]
fn classes_and_numbers_are_learned_together_with_a_column_as_an_attribute() {
    let heads = r#"[
        { task = "emotion", loss = "focal", gamma = 1.5 },
        { task = "brightness", loss = "mae", weight = 2 },
        { attribute = "device", mode = "grad_reverse" },
    ]"#;
    let space = space(heads, "columns = [\"brightness\", \"device\"]");
    space.run_well("task.toml");
    let header = space.read("runs/task/test/predictions.csv");
    assert!(header.starts_with(
        "utterance,corpus,speaker,emotion,predicted,p_positive,p_neutral,p_negative\n"
    ));
    assert!(
        space
            .read("runs/task/test/numbers.csv")
            .contains("predicted_brightness")
    );
    let report = space.read("runs/task/report/report.md");
    assert!(
        report.contains("device") && report.contains("Numeric targets"),
        "{report}"
    );
    let history = space.read("runs/task/train/history.jsonl");
    let first: Json = serde_json::from_str(history.lines().next().unwrap()).unwrap();
    assert_eq!(first["train"]["heads"][0]["attribute"], "device");
    assert_eq!(first["train"]["targets"][0]["target"], "brightness");
}

#[test]
fn smoothed_labels_are_another_training() {
    let space = space(r#"[{ task = "emotion" }]"#, "");
    space.edit("task.toml", "epochs = 15", "epochs = 2");
    space.run_well("task.toml");
    let plain = space.read("runs/task/train/history.jsonl");
    space.edit(
        "task.toml",
        "\"emotion\" }",
        "\"emotion\", label_smoothing = 0.2 }",
    );
    assert_eq!(
        space.run_well("task.toml").executed(),
        ["train", "test", "report"]
    );
    assert_ne!(plain, space.read("runs/task/train/history.jsonl"));
    // The emotion alone is what a manifest without heads learns.
    space.edit(
        "task.toml",
        "heads = [{ task = \"emotion\", label_smoothing = 0.2 }]",
        "heads = []",
    );
    space.run_well("task.toml");
    assert_eq!(plain, space.read("runs/task/train/history.jsonl"));
}

#[test]
fn heads_that_make_no_sense_are_refused_where_they_are_written() {
    for (heads, told) in [
        (r#"[{ attribute = "gender" }]"#, "needs a `mode`"),
        (
            r#"[{ task = "emotion", attribute = "gender", mode = "shared" }]"#,
            "a task and an attribute",
        ),
        (r#"[{ mode = "shared" }]"#, "neither task nor attribute"),
        (
            r#"[{ task = "emotion", loss = "ccc" }]"#,
            "loss` of a task is ccc",
        ),
        (
            r#"[{ task = "brightness", loss = "focal" }]"#,
            "loss` of a task is focal",
        ),
        (
            r#"[{ task = "emotion", gamma = 1.0 }]"#,
            "gamma` of a task belongs",
        ),
        (r#"[{ task = "emotion" }, { task = "emotion" }]"#, "twice"),
        (
            r#"[{ attribute = "gender", mode = "shared", loss = "mse" }]"#,
            "belongs to a task",
        ),
        (r#"[{ attribute = "devcie", mode = "shared" }]"#, "`devcie`"),
        (
            r#"[{ task = "emotion" }, { task = "brightness" }]"#,
            "`brightness`",
        ),
    ] {
        let space = space(heads, "columns = [\"device\"]");
        let message = space.refused(&["plan", "task.toml"]);
        assert!(message.contains(told), "{told} is missing:\n{message}");
        assert!(message.contains("task.toml:"), "{message}");
    }
}

#[test]
fn a_cell_that_is_no_number_is_named_with_its_utterance() {
    let space = space(TWO_NUMBERS, KEPT);
    space.edit("task.toml", "epochs = 15", "epochs = 15\nmonitor = \"ccc\"");
    // A comma is a decimal sign, and NaN is a number that is not known.
    space.edit("corpora/made/table.csv", "2.50", "\"2,50\"");
    space.edit("corpora/made/table.csv", "1.00", "NaN");
    space.edit("task.toml", "epochs = 15", "epochs = 1");
    assert_eq!(space.run("task.toml", &[]).code, Some(0));
    space.edit("corpora/made/table.csv", "\"2,50\"", "fifteen");
    let run = space.run("task.toml", &[]);
    let error = run.error();
    assert!(
        error.contains("`brightness` of made/audio/0") && error.contains("fifteen"),
        "{error}"
    );
}

#[test]
fn folds_of_numbers_are_one_row_that_is_compared_along_an_axis() {
    let heads = r#"[{ task = "brightness", loss = "${matrix.loss}" }]"#;
    let space = space(heads, "classes = \"none\"\ncolumns = [\"brightness\"]");
    space.edit(
        "task.toml",
        "split = { train = 0.5, validation = 0.25, test = 0.25 }",
        "split = { folds = 4, fold = \"${matrix.fold}\", validation = \"next\" }",
    );
    let epochs = "epochs = 15";
    space.edit("task.toml", epochs, "epochs = 3\nmonitor = \"ccc\"");
    let manifest = space.read("task.toml").replace(
        "kind = \"report\"",
        "kind = \"report\"\nreference = \"mse\"",
    );
    let axes = "[matrix]\nfold = { folds_of = \"speech\" }\nloss = [\"mse\", \"ccc\"]\n";
    space.write("task.toml", axes.to_owned() + &manifest);
    space.run_well("task.toml");

    let study: Json = serde_json::from_str(&space.read("runs/task/report/study.json")).unwrap();
    let [reference, other] = &study["targets"].as_array().unwrap()[..] else {
        panic!("two variants on one corpus: {}", study["targets"]);
    };
    let number = |value: &Json| value.as_f64().unwrap();
    assert_eq!(other["speakers"], 8);
    assert_eq!(other["folds"]["folds"].as_array().unwrap().len(), 4);
    assert!(reference["gain"].is_null() && number(&other["gain"]["p"]) <= 1.0);
    let difference = number(&other["ccc"]) - number(&reference["ccc"]);
    assert!((number(&other["gain"]["ccc"]) - difference).abs() < 1e-12);
    // All predictions together, from the tables that the tests wrote.
    let mut pairs = Vec::new();
    for fold in 1..=4 {
        let table = space.read(&format!("runs/task/test/fold={fold},loss=ccc/numbers.csv"));
        let mut table = csv::Reader::from_reader(table.as_bytes());
        for row in table.records().map(Result::unwrap) {
            let truth = row[3].parse::<f64>();
            pairs.extend(truth.map(|truth| (row[4].parse().unwrap(), truth)));
        }
    }
    assert_eq!(other["utterances"], pairs.len());
    let pooled = pipe_foundation::Agreement::of(&pairs).unwrap();
    assert!((number(&other["ccc"]) - pooled.ccc.unwrap()).abs() < 1e-12);
    assert!((number(&other["pearson"]) - pooled.pearson.unwrap()).abs() < 1e-12);
    assert!((number(&other["rmse"]) - pooled.rmse).abs() < 1e-12);
    for score in ["ccc", "pearson", "rmse"] {
        let folds = other["folds"]["folds"].as_array().unwrap().iter();
        let sum: f64 = folds.map(|fold| number(&fold[score])).sum();
        let mean = number(&other["folds"][format!("mean_{score}")]);
        assert!((mean - sum / 4.0).abs() < 1e-12);
    }
    let report = space.read("runs/task/report/report.md");
    for text in [
        "mean of folds",
        "of each fold alone",
        "pooled",
        "the same with loss mse",
    ] {
        assert!(report.contains(text), "{text} is missing:\n{report}");
    }
    let folds = space.stdout(&["report", "task.toml", "--folds"]);
    assert!(folds.contains("of each fold alone"), "{folds}");
}
