//! Studies: described axes, limited stages, absent corpora, failures, leaving one corpus out.

use std::collections::BTreeSet;
use std::path::Path;

use super::browser;
use super::chromium::Chromium;
use super::manifests::{NEAR_AND_FAR, REPORT, TEST, UNHEARD, front_end};
use super::workspace::Workspace;

const TRAIN: &str = r#"[stage.train]
kind = "train"
input = "fbank"
heads = "${matrix.method.items}"
encoder = [
    { layer = "conv", channels = 8, width = 5, padding = 2, pool_width = 3, pool_stride = 3 },
    { layer = "lstm", units = 6 },
    { layer = "time_pool", how = "mean" },
]
epochs = 2
batch = 8
learning_rate = 0.02
"#;

/// Everything of a small study but its sources.
fn tail() -> String {
    [&front_end(r#"["speech", "unseen"]"#), TRAIN, TEST, REPORT].concat()
}

const METHODS: &str = r#"
[matrix.method]
subsets_of = [{ name = "C", attribute = "corpus" }, { name = "G", attribute = "gender" }]
each_with = [{ name = "MTL", mode = "shared" }, { name = "GR", mode = "grad_reverse" }]
empty = "baseline"
"#;

fn study(head: &str) -> Workspace {
    Workspace::synthetic("study.toml", head.to_owned() + &tail())
}

#[test]
fn a_described_axis_makes_its_variants_and_a_dropped_one_costs_nothing() {
    let space = study(&format!("{METHODS}{NEAR_AND_FAR}{UNHEARD}"));
    let first = space.run_well("study.toml");
    let trained: Vec<String> = first
        .executed()
        .into_iter()
        .filter(|step| step.starts_with("train"))
        .collect();
    assert_eq!(trained.len(), 7, "{trained:?}");
    for name in [
        "baseline", "MTL C", "MTL G", "MTL C+G", "GR C", "GR G", "GR C+G",
    ] {
        assert!(
            trained.contains(&format!("train[method={name}]")),
            "{name}: {trained:?}"
        );
    }
    let csv = space.read("runs/study/report/study.csv");
    assert!(csv.contains("GR C+G"), "{csv}");
    // A combination less: the report alone is made anew. One more value of an axis: only its own.
    space.edit(
        "study.toml",
        "[stage.speech]",
        "[matrix]\nexclude = [{ method = \"GR C+G\" }]\n[stage.speech]",
    );
    assert_eq!(space.run_well("study.toml").executed(), ["report"]);
    space.edit(
        "study.toml",
        "empty = \"baseline\"",
        "empty = \"single task\"",
    );
    let renamed = space.run_well("study.toml");
    // A name is no parameter: the model is known already.
    assert_eq!(renamed.executed(), ["report"], "names cost no work");
}

#[test]
fn only_limits_a_stage_and_what_follows_it() {
    let space = study(&format!("{METHODS}{NEAR_AND_FAR}{UNHEARD}"));
    space.edit(
        "study.toml",
        "[stage.test]\n",
        "[stage.test]\nonly = { method = [\"baseline\", \"GR C\"] }\n",
    );
    let run = space.run_well("study.toml");
    let tested = run.executed();
    // They may end in any order.
    let tests: BTreeSet<&str> = tested
        .iter()
        .map(String::as_str)
        .filter(|step| step.starts_with("test"))
        .collect();
    assert_eq!(
        tests,
        BTreeSet::from(["test[method=baseline]", "test[method=GR C]"])
    );
    assert!(!space.read("runs/study/report/report.md").contains("MTL"));
}

#[test]
fn absent_corpora_are_refused_or_left_out_when_asked() {
    let space = study(&format!("{METHODS}{NEAR_AND_FAR}{UNHEARD}"));
    space.edit(
        "study.toml",
        "[\"near\", \"far\"]",
        "[\"near\", \"elsewhere\", \"far\"]",
    );
    let config = space.read("corpora.toml")
        + "[corpus.elsewhere]\nroot = \"elsewhere\"\nreader = \"emo_db\"\ntitle = \"A corpus that is not here\"\nlanguage = \"de\"\nlicence = \"ask\"\nsource = \"its makers\"\nlabels = { positive = [\"F\"] }\n";
    space.write("corpora.toml", config);
    let refused = space.pipe(&["run", "study.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("get A corpus that is not here from its makers"),
        "{told}"
    );
    assert!(told.contains("--present"), "{told}");

    let run = space.run(
        "study.toml",
        &["--present", "--set", "matrix.method.sizes=[1]"],
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let page = space.read("runs/study/matrix.method.sizes=[1]/report/report.html");
    assert!(page.contains("A corpus that is not here"));
    // All that a stage reads is absent: that is an error with or without the option.
    space.edit(
        "study.toml",
        "corpora = \"unheard\"",
        "corpora = \"elsewhere\"",
    );
    let nothing = space.pipe(&["run", "study.toml", "--present"]);
    assert_eq!(nothing.status.code(), Some(2));
}

#[test]
fn every_corpus_is_left_out_once_and_absent_ones_take_their_fold_along() {
    let head = r#"
[matrix]
method = [{ name = "baseline", items = [] }]
[matrix.fold]
leave_one_out = ["near", "elsewhere", "far", "unheard"]
[stage.speech]
kind = "ingest"
corpora = "${matrix.fold.rest}"
split = { train = 0.6, validation = 0.2, test = 0.2 }
[stage.unseen]
kind = "ingest"
corpora = ["${matrix.fold.left}"]
split = "test"
"#;
    let space = study(head);
    let config = space.read("corpora.toml")
        + "[corpus.elsewhere]\nroot = \"elsewhere\"\nreader = \"emo_db\"\ntitle = \"A corpus that is not here\"\nlanguage = \"de\"\nlicence = \"ask\"\nsource = \"its makers\"\nlabels = { positive = [\"F\"] }\n";
    space.write("corpora.toml", config);
    let run = space.run("study.toml", &["--present"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let executed = run.executed();
    for fold in ["near", "far", "unheard"] {
        assert!(
            executed.contains(&format!("train[method=baseline,fold={fold}]")),
            "{executed:?}"
        );
    }
    assert!(
        !executed.iter().any(|step| step.contains("elsewhere")),
        "{executed:?}"
    );
    // The features of an utterance are computed once, whatever folds it is in.
    let (computed, reused) = run.items();
    assert!(reused > computed, "{computed} computed, {reused} reused");
}

#[test]
fn a_failure_stops_the_run_unless_it_is_to_keep_going() {
    let head = format!(
        "[matrix]\ndecay = [1e5, 0.0]\nmethod = [{{ name = \"baseline\", items = [] }}]\n{NEAR_AND_FAR}{UNHEARD}"
    );
    let space = study(&head);
    space.edit(
        "study.toml",
        "learning_rate = 0.02",
        "learning_rate = 0.02\nweight_decay = \"${matrix.decay}\"",
    );
    let stopped = space.run("study.toml", &["--jobs", "1"]);
    assert_eq!(stopped.code, Some(1));
    let (executed, _, failed) = stopped.steps();
    assert_eq!((executed, failed), (4, 1), "{:?}", stopped.events);

    let output = space.pipe(&["run", "study.toml", "--keep-going"]);
    assert_eq!(output.status.code(), Some(1), "the failure still counts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let summary = told
        .split("\nfailed:")
        .nth(1)
        .unwrap_or_else(|| panic!("{told}"));
    assert!(summary.contains("decay=100000"), "{told}");
    let page = space.read("runs/study/report/report.html");
    assert!(
        page.contains("test[decay="),
        "the report says what it does without"
    );
    assert!(
        space
            .read("runs/study/report/report.md")
            .contains("could not be made")
    );
    // Mended, the report is whole, and what was done stays done.
    space.edit("study.toml", "[1e5, 0.0]", "[0.001, 0.0]");
    let mended = space.run_well("study.toml");
    let executed = mended.executed();
    assert_eq!(executed.len(), 3, "{executed:?}");
    assert!(
        !space
            .read("runs/study/report/report.md")
            .contains("could not be made")
    );
}

/// The manifest that comes with the program, with fewer epochs.
#[test]
fn the_study_of_46_models_runs_repeats_and_grows_by_a_seed() {
    let space = Workspace::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["corpora.toml", "pipelines/study_demo.toml"] {
        space.write(name, std::fs::read(root.join(name)).unwrap());
    }
    let study = |seeds: &str| {
        let seeds = format!("matrix.seed={seeds}");
        let set = ["--set", &seeds, "--set", "train.epochs=1"];
        let run = space.run("pipelines/study_demo.toml", &set);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run
    };
    let first = study("[1]");
    let trained = |run: &super::workspace::Run, seed: &str| {
        let executed = run.executed();
        let train = executed.iter().filter(|step| step.starts_with("train["));
        train.filter(|step| step.contains(seed)).count()
    };
    assert_eq!(trained(&first, "seed=1"), 46);
    // Each choice of seeds has results of its own.
    let report = |seeds: &str, file: &str| {
        let changes = format!("matrix.seed={seeds},train.epochs=1");
        space.join(&format!("runs/study_demo/{changes}/report/{file}"))
    };
    let page = report("[1]", "report.html");
    if let Some(mut browser) = Chromium::start() {
        browser::check(&mut browser, &page);
    }
    let before = std::fs::read(&page).unwrap();

    assert_eq!(study("[1]").executed(), [""; 0], "nothing to do");
    assert_eq!(
        std::fs::read(&page).unwrap(),
        before,
        "the page is left as it is"
    );

    let more = study("[1, 2]");
    assert_eq!(
        (trained(&more, "seed=1"), trained(&more, "seed=2")),
        (0, 46)
    );
    let csv = std::fs::read_to_string(report("[1, 2]", "study.csv")).unwrap();
    assert!(csv.contains("AD C+S+G+L"), "{csv}");
    let page_of_two = std::fs::read(report("[1, 2]", "report.html")).unwrap();
    assert_ne!(page_of_two, before);
    assert_eq!(
        std::fs::read(&page).unwrap(),
        before,
        "it stays beside the other"
    );
}
