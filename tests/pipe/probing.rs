//! Probes and maps of the shared layers through the real binary, on small synthetic corpora.

use serde_json::Value as Json;

use super::manifests::{ENCODER, REPORT, TEST, UNHEARD, front_end};
use super::workspace::Workspace;

const SOURCES: &str = r#"[matrix]
method = [
    { name = "baseline", heads = [] },
    { name = "MTL", heads = [{ attribute = "corpus", mode = "shared" }] },
]
[stage.speech]
kind = "ingest"
corpora = ["near", "far"]
split = { train = 0.5, validation = 0.25, test = 0.25 }
"#;

const TRAIN: &str = r#"[stage.train]
kind = "train"
input = "fbank"
heads = "${matrix.method.heads}"
epochs = 2
batch = 8
learning_rate = 0.02
"#;

const LOOKS: &str = r#"[stage.known]
kind = "probe"
model = "train"
input = "fbank"
splits = ["train", "validation", "test"]
corpora = "all"
[stage.map]
kind = "tsne"
model = "train"
input = "fbank"
perplexity = 10
steps = 300
"#;

const SHOWN: &str = r#"probes = "known"
maps = "map"
"#;

/// Two methods on two corpora, with probes and maps.
fn manifest() -> String {
    [
        SOURCES,
        UNHEARD,
        &front_end(r#"["speech", "unseen"]"#),
        TRAIN,
        ENCODER,
        TEST,
        LOOKS,
        REPORT,
        SHOWN,
    ]
    .concat()
}

fn study() -> Workspace {
    Workspace::synthetic("study.toml", manifest())
}

fn json(space: &Workspace, name: &str) -> Json {
    serde_json::from_str(&space.read(name)).unwrap()
}

#[test]
fn probes_and_maps_run_once_and_stand_in_the_report() {
    let space = study();
    let first = space.run_well("study.toml");
    assert_eq!(first.steps(), (13, 0, 0));
    let probe = json(&space, "runs/study/known/method=MTL/probe.json");
    let attributes: Vec<&str> = probe["probes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|probe| probe["attribute"].as_str().unwrap())
        .collect();
    assert_eq!(
        attributes,
        ["corpus", "speaker", "gender", "language", "emotion"]
    );
    for probe in probe["probes"].as_array().unwrap() {
        let ua = probe["ua"].as_f64().unwrap();
        let (low, high) = (&probe["interval"]["low"], &probe["interval"]["high"]);
        assert!(
            low.as_f64().unwrap() <= ua && ua <= high.as_f64().unwrap(),
            "{probe}"
        );
        assert_eq!(
            probe["speaker_disjoint"],
            probe["attribute"] != "speaker",
            "{probe}"
        );
        assert!(probe["silhouette"].as_f64().unwrap().abs() <= 1.0);
    }
    // 6 x 12 + 4 x 12 + 4 x 9 utterances of all corpora; the map shows those of the training.
    assert_eq!(probe["probes"][0]["utterances"], 156);
    let map = json(&space, "runs/study/map/method=baseline/map.json");
    assert_eq!(map["points"].as_array().unwrap().len(), 120);
    assert_eq!(
        space
            .read("runs/study/map/method=baseline/map.csv")
            .lines()
            .count(),
        121
    );
    let svg = space.read("runs/study/map/method=baseline/map.svg");
    assert_eq!(svg.matches("<title>").count(), 120);
    assert!(svg.contains(">near <") && svg.contains(">far <") && !svg.contains(">unheard <"));

    let report = json(&space, "runs/study/report/report.json");
    for (gathered, length) in [("entries", 2), ("probes", 2), ("maps", 2)] {
        let gathered = report[gathered].as_array().unwrap();
        assert_eq!(gathered.len(), length);
        let names: Vec<&str> = gathered
            .iter()
            .map(|one| one["model"]["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["baseline", "MTL"]);
    }
    let text = space.read("runs/study/report/report.md");
    assert!(text.contains("## Probes of the shared layers"), "{text}");

    for (step, expected) in [
        ("known[method=MTL]", "silhouette"),
        ("map[method=MTL]", "Perplexity 10"),
    ] {
        let shown = space.pipe(&["show", step]);
        let text = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(shown.status.success() && text.contains(expected), "{text}");
    }

    assert_eq!(space.run_well("study.toml").steps(), (0, 13, 0));
    // Threads are no part of the key; the strength of the penalty is one.
    space.edit(
        "study.toml",
        "kind = \"probe\"",
        "kind = \"probe\"\nthreads = 1",
    );
    assert_eq!(space.run_well("study.toml").steps(), (0, 13, 0));
    space.edit("study.toml", "kind = \"probe\"", "kind = \"probe\"\nc = 1");
    let mut executed = space.run_well("study.toml").executed();
    executed.sort();
    assert_eq!(
        executed,
        ["known[method=MTL]", "known[method=baseline]", "report"]
    );
    // A report without them is one as before.
    space.edit(
        "study.toml",
        "probes = \"known\"\nmaps = \"map\"\n",
        "title = \"Plain\"\n",
    );
    assert_eq!(space.run_well("study.toml").executed(), ["report"]);
    let report = json(&space, "runs/study/report/report.json");
    assert_eq!(report["probes"].as_array().unwrap().len(), 0);
}

#[test]
fn probes_and_maps_do_not_depend_on_threads() {
    let (left, right) = (study(), study());
    left.run("study.toml", &["--jobs", "1"]);
    right.edit(
        "study.toml",
        "kind = \"probe\"",
        "kind = \"probe\"\nthreads = 1",
    );
    right.edit(
        "study.toml",
        "kind = \"tsne\"",
        "kind = \"tsne\"\nthreads = 1",
    );
    assert_eq!(right.run("study.toml", &["--jobs", "4"]).steps().0, 13);
    for file in ["known/method=MTL/probe.json", "map/method=MTL/map.json"] {
        let name = format!("runs/study/{file}");
        assert_eq!(left.read(&name), right.read(&name), "{file}");
    }
}

#[test]
fn what_cannot_be_probed_says_why() {
    let space = study();
    // One corpus, one language; of the held-out speakers of one corpus one or two are left.
    space.edit("study.toml", "[\"near\", \"far\"]", "[\"near\"]");
    space.edit(
        "study.toml",
        "attribute = \"corpus\"",
        "attribute = \"gender\"",
    );
    space.edit(
        "study.toml",
        "splits = [\"train\", \"validation\", \"test\"]\ncorpora = \"all\"",
        "attributes = [\"corpus\", \"speaker\"]",
    );
    space.edit("study.toml", "perplexity = 10", "perplexity = 30");
    // The maps fail; without --keep-going it would be chance whether the probes come first.
    let run = space.run("study.toml", &["--keep-going"]);
    assert_eq!(run.code, Some(1), "{:?}", run.stderr);
    let error = run.error();
    assert!(
        error.contains("perplexity 30 is too large for 72 utterances; the maximum is 23.7"),
        "{error}"
    );
    let probe = json(&space, "runs/study/known/method=MTL/probe.json");
    assert_eq!(probe["probes"][0]["ua"], Json::Null);
    assert_eq!(
        probe["probes"][0]["remark"],
        "all utterances have the same corpus"
    );
    assert!(probe["probes"][1]["ua"].as_f64().is_some());

    space.edit(
        "study.toml",
        "perplexity = 30",
        "perplexity = 10\ncorpora = \"unseen\"\nsplits = [\"train\"]",
    );
    let run = space.run("study.toml", &[]);
    let error = run.error();
    assert!(
        error.contains("too few utterances: 0 in the splits train of corpora not trained on"),
        "{error}"
    );
}

#[test]
fn features_made_otherwise_than_in_training_are_not_probed() {
    let space = study();
    space.edit(
        "study.toml",
        "[stage.known]\nkind = \"probe\"\nmodel = \"train\"\ninput = \"fbank\"",
        "[stage.other]\nkind = \"fbank\"\ninput = \"audio\"\nlow_hz = 100\n[stage.known]\nkind = \"probe\"\nmodel = \
         \"train\"\ninput = \"other\"",
    );
    let run = space.run("study.toml", &[]);
    assert_eq!(run.code, Some(1));
    let error = run.error();
    assert!(
        error.contains("the features were not computed like those of training"),
        "{error}"
    );
}
