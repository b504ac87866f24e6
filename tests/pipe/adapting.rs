//! Trainings that adapt to utterances without labels: penalties between corpora, and conditional adversarial networks.

use serde_json::Value as Json;

use super::manifests::{ENCODER, front_end};
use super::workspace::Workspace;

/// Trained on `near`, adapted to speakers of `far` without labels, tested on others of it.
fn manifest(heads: &str) -> String {
    format!(
        r#"[stage.source]
kind = "ingest"
corpora = "near"
split = {{ train = 0.7, validation = 0.3, test = 0.0 }}
[stage.target]
kind = "ingest"
corpora = "far"
unlabelled = "far"
split = {{ train = 0.5, validation = 0.0, test = 0.5 }}
{}[stage.train]
kind = "train"
input = "fbank"
heads = {heads}
alpha = 0.5
epochs = 3
batch = 12
learning_rate = 0.01
{ENCODER}
[stage.test]
kind = "evaluate"
model = "train"
input = "fbank"
"#,
        front_end(r#"["source", "target"]"#)
    )
}

fn space(heads: &str) -> Workspace {
    Workspace::synthetic("adapt.toml", manifest(heads))
}

fn head(mode: &str) -> String {
    format!(r#"[{{ attribute = "corpus", mode = "{mode}", target = "far" }}]"#)
}

/// Utterances that a training learned from.
fn trained_on(space: &Workspace) -> u64 {
    let summary: Json = serde_json::from_str(&space.read("runs/adapt/train/summary.json")).unwrap();
    summary["train_utterances"].as_u64().unwrap()
}

#[test]
fn every_way_of_adapting_trains_on_a_corpus_without_labels_and_is_tested_on_its_others() {
    let space = space("[]");
    // Without a head that learns from them, utterances without class are left out, and that is said.
    let run = space.run_well("adapt.toml");
    let said = run.warnings().join("\n");
    assert!(
        said.contains("have no class, and no head learns from them"),
        "{said}"
    );
    let labelled = trained_on(&space);
    let mut digests = vec![space.read("runs/adapt/test/predictions.csv")];
    for mode in ["coral", "mmd", "grad_reverse", "cdan"] {
        space.write("adapt.toml", manifest(&head(mode)));
        let run = space.run_well("adapt.toml");
        assert_eq!(run.executed(), ["train", "test"], "{mode}");
        assert!(trained_on(&space) > labelled, "{mode}");
        let history = space.read("runs/adapt/train/history.jsonl");
        let last: Json = serde_json::from_str(history.lines().last().unwrap()).unwrap();
        let loss = &last["train"]["heads"][0];
        assert_eq!(loss["attribute"], "corpus");
        assert!(loss["loss"].as_f64().unwrap() != 0.0, "{mode}: {loss}");
        // Only the test knows the classes of the target.
        let metrics: Json =
            serde_json::from_str(&space.read("runs/adapt/test/metrics.json")).unwrap();
        assert!(metrics.to_string().contains("far"), "{metrics}");
        digests.push(space.read("runs/adapt/test/predictions.csv"));
    }
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 5, "each way gives other predictions");
    let model = "runs/adapt/train/model.safetensors";
    space.stdout(&["export", model, "--card", "card.md", "--onnx", "model.onnx"]);
    assert!(
        space
            .read("card.md")
            .contains("conditional adversarial network")
    );
}

#[test]
fn an_ingest_stage_without_classes_is_adapted_to() {
    let space = space(r#"[{ attribute = "corpus", mode = "coral", weight = 100 }]"#);
    let unlabelled = "unlabelled = \"far\"\nsplit = { train = 0.5, validation = 0.0, test = 0.5 }";
    space.edit(
        "adapt.toml",
        unlabelled,
        "classes = \"none\"\nsplit = \"train\"",
    );
    // The test needs classes.
    space.edit(
        "adapt.toml",
        "split = { train = 0.7, validation = 0.3, test = 0.0 }",
        "split = { train = 0.5, validation = 0.25, test = 0.25 }",
    );
    space.run_well("adapt.toml");
    // Its utterances cannot be tested on, which is known before anything runs.
    space.edit(
        "adapt.toml",
        "split = \"train\"",
        "split = { train = 0.5, validation = 0.0, test = 0.5 }",
    );
    let refused = space.stdout_of_exit(&["plan", "adapt.toml"], 1);
    assert!(
        refused.contains("have no class, and the model is to be tested"),
        "{refused}"
    );
}

#[test]
fn what_makes_no_sense_is_refused_where_it_is_written() {
    for (heads, told) in [
        (
            r#"[{ attribute = "corpus", mode = "shared", target = "far" }]"#,
            "`target` of an attribute head belongs to the modes",
        ),
        (
            r#"[{ attribute = "corpus", mode = "grad_reverse", weight = 2 }]"#,
            "`weight` of an attribute head belongs to the modes",
        ),
        (
            r#"[{ attribute = "corpus", mode = "coral", gamma = 2 }]"#,
            "belongs to a task",
        ),
        (
            r#"[{ task = "emotion", target = "far" }]"#,
            "a task has no `target`",
        ),
        (r#"[{ attribute = "corpus", mode = "corall" }]"#, "coral"),
    ] {
        let message = space(heads).refused(&["plan", "adapt.toml"]);
        assert!(message.contains(told), "{told} is missing:\n{message}");
        assert!(message.contains("adapt.toml:"), "{message}");
    }
    // A corpus that the stage has not.
    let space = space(&head("coral"));
    space.edit("adapt.toml", "unlabelled = \"far\"", "unlabelled = \"fra\"");
    let message = space.refused(&["plan", "adapt.toml"]);
    assert!(message.contains("`fra` of `unlabelled`"), "{message}");
}

#[test]
fn groups_that_the_data_lack_are_foreseen() {
    let told = |heads: &str, input: &str| {
        let space = space(heads);
        space.edit("adapt.toml", r#"["source", "target"]"#, input);
        space.stdout_of_exit(&["plan", "adapt.toml"], 1)
    };
    let both = r#"["source", "target"]"#;
    let unknown = r#"[{ attribute = "corpus", mode = "coral", target = "fra" }]"#;
    let message = told(unknown, both);
    assert!(
        message.contains("no utterance of training has the corpus `fra`"),
        "{message}"
    );
    let all = r#"[{ attribute = "corpus", mode = "mmd", target = ["near", "far"] }]"#;
    let message = told(all, both);
    assert!(message.contains("there is no source"), "{message}");
    let each = r#"[{ attribute = "corpus", mode = "cdan" }]"#;
    let message = told(each, r#"["source"]"#);
    assert!(message.contains("nothing to tell apart"), "{message}");
    let message = told(&head("coral"), r#"["source"]"#);
    assert!(
        message.contains("no utterance of training has the corpus `far`"),
        "{message}"
    );
}
