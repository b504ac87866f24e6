//! Training, evaluation and report through the real binary, on small synthetic corpora.

use std::path::Path;

use pipe_foundation::test_support::corpora_folder;

use super::manifests::{ENCODER, NEAR_AND_FAR, REPORT, TEST, UNHEARD, front_end};
use super::resuming::{one, space};
use super::workspace::Workspace;

const METHODS: &str = r#"[matrix]
method = [
    { name = "baseline", heads = [] },
    { name = "GR", heads = [{ attribute = "corpus", mode = "grad_reverse" }] },
]
"#;

const TRAIN: &str = r#"[stage.train]
kind = "train"
input = "fbank"
heads = "${matrix.method.heads}"
epochs = 3
batch = 8
learning_rate = 0.02
"#;

/// Two methods on two corpora, tested on a third too.
fn manifest() -> String {
    [
        METHODS,
        NEAR_AND_FAR,
        UNHEARD,
        &front_end(r#"["speech", "unseen"]"#),
        TRAIN,
        ENCODER,
        TEST,
        REPORT,
    ]
    .concat()
}

pub fn study() -> Workspace {
    Workspace::synthetic("study.toml", manifest())
}

#[test]
fn a_study_trains_tests_and_reports_and_then_costs_only_what_changed() {
    let space = study();
    let first = space.run_well("study.toml");
    assert_eq!(first.steps(), (9, 0, 0));
    assert_eq!(first.events_of("epoch").len(), 6);
    let report = space.read("runs/study/report/report.md");
    for text in ["baseline", "GR", "unheard", "chance"] {
        assert!(report.contains(text), "{text} is missing:\n{report}");
    }
    let predictions = space.read("runs/study/test/method=GR/predictions.csv");
    assert!(predictions.lines().count() > 36, "{predictions}");
    assert!(
        space
            .join("runs/study/train/method=GR/model.safetensors")
            .is_file()
    );
    let split = space.read("runs/study/speech/split.tsv");
    assert!(split.contains("near/f01"), "{split}");

    assert_eq!(space.run_well("study.toml").steps(), (0, 9, 0));
    // A third method trains that method alone; the report gains a row.
    space.edit(
        "study.toml",
        "    { name = \"GR\"",
        "    { name = \"MTL\", heads = [{ attribute = \"gender\", mode = \"shared\" }] },\n    { name = \"GR\"",
    );
    let more = space.run_well("study.toml");
    assert_eq!(
        more.executed(),
        ["train[method=MTL]", "test[method=MTL]", "report"]
    );
    // Words on the report cost only the report.
    space.edit(
        "study.toml",
        "kind = \"report\"",
        "kind = \"report\"\ntitle = \"Small\"",
    );
    assert_eq!(space.run_well("study.toml").executed(), ["report"]);
}

#[test]
fn weights_do_not_depend_on_threads_neighbours_or_where_features_came_from() {
    let (left, right) = (study(), study());
    left.run("study.toml", &["--jobs", "1"]);
    right.edit(
        "study.toml",
        "[stage.train]\n",
        "[stage.train]\nthreads = 4\n",
    );
    let again = right.run("study.toml", &["--jobs", "4"]);
    assert_eq!(again.steps().0, 9);
    for method in ["baseline", "GR"] {
        let name = format!("runs/study/train/method={method}/model.safetensors");
        assert!(
            std::fs::read(left.join(&name)).unwrap() == std::fs::read(right.join(&name)).unwrap(),
            "{method}"
        );
    }
}

#[test]
fn order_and_masks_of_the_batches_may_have_a_seed_of_their_own() {
    let space = space(&one());
    let learned = |seeds: &str, more: &[&str]| {
        let seeds = format!("patience = 0\n{seeds}");
        space.write("seeds.toml", one().replace("patience = 0", &seeds));
        let more = [more, &["--set", "train.epochs=2"]].concat();
        let run = space.run("seeds.toml", &more);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let mut changes: Vec<&str> = more.iter().skip(1).step_by(2).copied().collect();
        changes.sort_unstable();
        space.read(&format!(
            "runs/seeds/{}/train/history.jsonl",
            changes.join(",")
        ))
    };
    let plain = learned("seed = 3", &[]);
    assert_eq!(plain, learned("seed = 3\nbatch_seed = 3", &[]));
    assert_ne!(plain, learned("seed = 3\nbatch_seed = 4", &[]));
    assert_ne!(plain, learned("seed = 4\nbatch_seed = 3", &[]));
    // In one batch sorted by length there is no order: what differs then are the masks.
    let whole = ["--set", "train.batch=1000"];
    let bare = [
        &whole[..],
        &[
            "--set",
            "train.spec_augment.time_mask_frames=0",
            "--set",
            "train.spec_augment.frequency_mask_bins=0",
        ],
    ]
    .concat();
    // As many masks as the table says; one of each is what a table without numbers means.
    let masks = |more: &str| format!("seed = 3\nspec_augment = {{ time_mask_frames = 4{more} }}");
    let one = learned(&masks(""), &whole);
    assert_eq!(
        one,
        learned(&masks(", time_masks = 1, frequency_masks = 1"), &whole)
    );
    assert_ne!(one, learned(&masks(", time_masks = 2"), &whole));
    assert_ne!(one, learned(&masks(", frequency_masks = 3"), &whole));
    let [left, right] = ["seed = 3", "seed = 3\nbatch_seed = 4"];
    assert_ne!(learned(left, &whole), learned(right, &whole));
    assert_eq!(learned(left, &bare), learned(right, &bare));
}

#[test]
fn a_model_is_not_tested_on_speakers_it_was_trained_on() {
    let space = study();
    // The same corpus once more, with all of its speakers in the test split.
    space.edit("study.toml", "corpora = \"unheard\"", "corpora = \"near\"");
    space.edit(
        "study.toml",
        "input = [\"speech\", \"unseen\"]",
        "input = \"speech\"",
    );
    space.write(
        "study.toml",
        space.read("study.toml").replace("[stage.test]\n", "[stage.other]\nkind = \"fbank\"\ninput = \"again\"\n[stage.again]\nkind = \"resample\"\ninput = \"unseen\"\n[stage.test]\n")
            .replace("model = \"train\"\ninput = \"fbank\"", "model = \"train\"\ninput = \"other\""),
    );
    let run = space.run("study.toml", &["--keep-going"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.with_status("failed").len(), 2);
    assert_eq!(run.with_status("skipped"), ["report"]);
    let error = run.error();
    assert!(
        error.contains("speaker near/") && error.contains("was in training"),
        "{error}"
    );
    space.edit(
        "study.toml",
        "model = \"train\"",
        "model = \"train\"\nleaks = \"warn\"",
    );
    let warned = space.run("study.toml", &[]);
    assert_eq!(warned.code, Some(0));
    assert!(!warned.events_of("warning").is_empty());
    // Whoever sees the scores is told.
    let report = space.read("runs/study/report/report.md");
    assert!(
        report.contains("2 of 2 models") && report.contains("trained on: speaker near/"),
        "{report}"
    );
    let model = "runs/study/train/method=GR/model.safetensors";
    space.stdout(&["export", model, "--card", "card.md"]);
    let card = space.read("card.md");
    assert!(
        card.contains("It was tested on speakers or recordings that it was trained on"),
        "{card}"
    );
}

#[test]
fn features_made_otherwise_than_in_training_are_refused() {
    let space = study();
    space.edit("study.toml", "input = \"fbank\"\n[stage.report]", "input = \"other\"\n[stage.other]\nkind = \"fbank\"\ninput = \"audio\"\nlow_hz = 100\n[stage.report]");
    let run = space.run("study.toml", &[]);
    assert_eq!(run.code, Some(1));
    let error = run.error();
    assert!(
        error.contains("the features were not computed like those of training"),
        "{error}"
    );
}

#[test]
fn features_of_another_program_than_in_training_are_refused() {
    let space = study();
    let copied = |name: &str, run: &str| {
        format!(
            "[stage.{name}]\nkind = \"command\"\nfor_each = \"fbank\"\nmakes = \"features\"\nrun = \"{run}\"\n"
        )
    };
    let more = copied("ours", "cat {input} > {output}") + &copied("theirs", "cp {input} {output}");
    space.edit("study.toml", "[stage.test]\n", &(more + "[stage.test]\n"));
    let manifest = space.read("study.toml").replace(
        "model = \"train\"\ninput = \"fbank\"",
        "model = \"train\"\ninput = \"ours\"",
    );
    let train = manifest.find("[stage.train]").unwrap();
    let (before, after) = manifest.split_at(train);
    let after = after.replacen("input = \"fbank\"", "input = \"ours\"", 1);
    space.write("study.toml", before.to_owned() + &after);
    space.run_well("study.toml");
    space.edit(
        "study.toml",
        "model = \"train\"\ninput = \"ours\"",
        "model = \"train\"\ninput = \"theirs\"",
    );
    let run = space.run("study.toml", &[]);
    assert_eq!(run.code, Some(1));
    let error = run.error();
    assert!(
        error.contains("cp {input} {output}") && error.contains("instead of"),
        "{error}"
    );
}

#[test]
fn real_recordings_are_read_where_they_are_present() {
    let Some(folder) = corpora_folder() else {
        return;
    };
    let space = Workspace::new();
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora.toml");
    std::fs::copy(corpora, space.join("corpora.toml")).unwrap();
    space.write(
        "real.toml",
        "[stage.speech]\nkind = \"ingest\"\ncorpora = [\"crema-d\", \"ravdess\", \"tess\", \"nemo\"]\n\
         [stage.audio]\nkind = \"resample\"\ninput = \"speech\"\n\
         [stage.fbank]\nkind = \"fbank\"\ninput = \"audio\"\n",
    );
    let run = space.run("real.toml", &["--corpora", folder.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.steps().0, 3);
    assert!(run.items().0 >= 3000, "{:?}", run.items());
    assert_eq!(run.finished()["items"]["bad"], 0);
}
