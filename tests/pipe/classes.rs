//! Tasks with classes of their own: class maps of `corpora.toml`, the corpora's labels, tables in the manifest.

use super::manifests::{ENCODER, REPORT, TEST, front_end};
use super::workspace::Workspace;

/// Two synthetic corpora: one of plain words, one of codes whose names are given.
const CORPORA: &str = r#"folder = "corpora"
[classes.arousal2]
order = ["low", "high"]
[classes.arousal2.labels]
low = ["sadness", "calm", "neutral"]
high = ["anger", "elation"]

[corpus.words]
root = ""
reader = "synthetic"
title = "Words"
language = "en"
licence = "none needed"
source = "generated"
labels = { positive = ["elation"], neutral = ["neutral", "calm"], negative = ["anger", "sadness"] }
options = { seed = 1, speakers = 5, utterances_per_label = 3, rate_hz = 16000 }

[corpus.others]
root = ""
reader = "synthetic"
title = "Others"
language = "it"
licence = "none needed"
source = "generated"
labels = { positive = ["elation"], neutral = ["neutral"], negative = ["anger"] }
options = { seed = 2, speakers = 4, utterances_per_label = 3, rate_hz = 16000 }
"#;

fn manifest(classes: &str) -> String {
    format!(
        "[stage.speech]\nkind = \"ingest\"\ncorpora = [\"words\", \"others\"]\n{classes}\n\
         split = {{ train = 0.6, validation = 0.2, test = 0.2 }}\n{}\
         [stage.train]\nkind = \"train\"\ninput = \"fbank\"\nepochs = 2\nbatch = 8\nlearning_rate = 0.02\n{ENCODER}{TEST}{REPORT}",
        front_end("\"speech\"")
    )
}

fn space(classes: &str) -> Workspace {
    let space = Workspace::with_manifest("task.toml", manifest(classes));
    space.write("corpora.toml", CORPORA);
    space
}

fn header(space: &Workspace) -> String {
    let table = space.read("runs/task/test/predictions.csv");
    table.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_labels_of_the_corpora_can_be_the_classes() {
    let space = space("classes = \"native\"");
    space.run_well("task.toml");
    assert_eq!(
        header(&space),
        "utterance,corpus,speaker,emotion,predicted,p_anger,p_calm,p_elation,p_neutral,p_sadness"
    );
    let report = space.read("runs/task/report/report.md");
    assert!(report.contains("elation"), "{report}");
    let shown = space.stdout(&["show", "task/speech"]);
    assert!(shown.contains("sadness"), "{shown}");

    let model = "runs/task/train/model.safetensors";
    space.tone("own.wav", 16_000, 1.5, 200.0);
    let predicted = space.stdout(&["predict", model, "own.wav", "--format", "csv"]);
    assert!(
        predicted.starts_with(
            "file,start_s,end_s,predicted,p_anger,p_calm,p_elation,p_neutral,p_sadness,silent\n"
        ),
        "{predicted}"
    );
    space.stdout(&["export", model, "--card", "card.md", "--onnx", "model.onnx"]);
    let card = space.read("card.md");
    assert!(
        card.contains("five classes of emotion: anger, calm, elation, neutral and sadness"),
        "{card}"
    );
}

#[test]
fn a_shared_map_leaves_out_what_it_does_not_list_and_keeps_the_labels() {
    let space = space("classes = \"arousal2\"");
    space.run_well("task.toml");
    assert!(
        header(&space).ends_with(",p_low,p_high"),
        "{}",
        header(&space)
    );
    let predictions = space.read("runs/task/test/predictions.csv");
    assert!(
        predictions.starts_with("utterance,corpus,speaker,emotion,predicted,label,"),
        "{predictions}"
    );
    let calm = |row: &str| row.contains(",calm,") && row.contains(",low,");
    assert!(predictions.lines().any(calm), "{predictions}");
    let model = "runs/task/train/model.safetensors";
    space.stdout(&["export", model, "--card", "card.md"]);
    let card = space.read("card.md");
    assert!(card.contains("calm, neutral, sadness"), "{card}");
    // The features are those of the other task: only what depends on the classes is computed anew.
    space.edit(
        "task.toml",
        "\"arousal2\"",
        "{ calm = [\"calm\", \"neutral\"], sad = [\"sadness\"] }",
    );
    let again = space.run_well("task.toml");
    assert_eq!(again.items().0, 0, "no item is computed again");
    assert!(
        header(&space).ends_with(",p_calm,p_sad"),
        "{}",
        header(&space)
    );
}

#[test]
fn a_map_that_is_not_there_is_reported_where_it_is_named() {
    let space = space("classes = \"arousal5\"");
    let refused = space.pipe(&["plan", "task.toml"]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{message}");
    for text in [
        "corpus words has no class map `arousal5`",
        "task.toml:4",
        "\"native\"",
    ] {
        assert!(message.contains(text), "{text} is missing:\n{message}");
    }
}

#[test]
fn inputs_with_different_classes_are_not_trained_on_together() {
    let space = space("classes = \"arousal2\"");
    let more = "[stage.more]\nkind = \"ingest\"\ncorpora = \"others\"\nclasses = \"native\"\nsplit = \"train\"\n[stage.audio]";
    space.edit("task.toml", "[stage.audio]", more);
    space.edit(
        "task.toml",
        "input = \"speech\"",
        "input = [\"speech\", \"more\"]",
    );
    space.edit(
        "task.toml",
        "corpora = [\"words\", \"others\"]",
        "corpora = \"words\"",
    );
    let run = space.run("task.toml", &[]);
    assert!(
        run.error().contains("the inputs have different classes"),
        "{}",
        run.error()
    );
}

#[test]
fn the_lists_of_a_corpus_may_be_classes_of_its_own() {
    let space = space("");
    let words = r#"labels = { positive = ["elation"], neutral = ["neutral", "calm"], negative = ["anger", "sadness"] }"#;
    space.edit(
        "corpora.toml",
        words,
        r#"labels = { high = ["elation", "anger"], low = ["calm", "sadness"], dropped = ["neutral"] }"#,
    );
    space.edit("task.toml", "[\"words\", \"others\"]", "\"words\"");
    space.run_well("task.toml");
    assert!(
        header(&space).ends_with(",p_high,p_low"),
        "{}",
        header(&space)
    );
    // A slip in the name of one of the paper's classes is not taken for a class.
    space.edit(
        "corpora.toml",
        "high = [\"elation\"",
        "postive = [\"elation\"",
    );
    let message = space.refused(&["plan", "task.toml"]);
    assert!(message.contains("mean positive?"), "{message}");
}

/// All that `pipe plan` says, without line breaks.
fn planned(space: &Workspace) -> String {
    let output = space.pipe(&["plan", "task.toml"]);
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn labels_that_no_corpus_has_are_reported_with_the_nearest_that_exist() {
    let space = space("classes = { sad = [\"sadnes\", \"sadness\"], angry = [\"anger\"] }");
    let told = planned(&space);
    let expected =
        "`sadnes` of the class `sad` is not a label of these corpora: did you mean `sadness`?";
    assert!(told.contains(expected), "{told}");
    assert!(!told.contains("`anger` of"), "{told}");
}

#[test]
fn tables_of_classes_that_make_no_sense_are_refused_in_their_place() {
    for (classes, expected) in [
        (
            "{ sad = [\"sadness\"], \"\" = [\"calm\"] }",
            "a class has an empty name",
        ),
        (
            "{ one = [\"sadness\"], two = [\"Sadness\"] }",
            "`Sadness` is listed for the classes `one` and `two`",
        ),
        (
            "{ one = [\"sadness\"], two = [\"sorrow\"] }",
            "`sadness` means `sorrow`",
        ),
        ("{}", "`classes` lists no class"),
        ("\"nativ\"", "did you mean `native`? `classes` may be"),
        ("\"nativ\"", "\"none\" (no classes), \"arousal2\","),
    ] {
        let space = space(&format!("classes = {classes}"));
        let language = "language = \"en\"";
        let named = format!("{language}\nnames = {{ sadness = \"sorrow\" }}");
        space.edit("corpora.toml", language, &named);
        let told = space.refused(&["plan", "task.toml"]);
        let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(expected), "{expected}: {told}");
        assert!(told.contains("task.toml:4"), "{told}");
    }
}

#[test]
fn a_training_of_classes_needs_some() {
    let space = space("classes = \"none\"");
    let expected = "`train` predicts classes, and `speech` has";
    let told = planned(&space);
    assert!(told.contains(expected), "{told}");
    assert!(told.contains("without another task"), "{told}");
    space.edit(
        "task.toml",
        "kind = \"train\"",
        "kind = \"train\"\nheads = [{ task = \"emotion\" }]",
    );
    let told = planned(&space);
    assert!(told.contains(expected), "{told}");
    assert!(told.contains("this head predicts classes"), "{told}");
}
