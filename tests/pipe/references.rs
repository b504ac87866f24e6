//! What the variants of a report are compared with.

use super::folds::{LEAVE_ONE_SPEAKER_OUT, acted, crossed, number, table};

#[test]
fn a_gain_may_be_against_any_value_of_any_axis() {
    let axes = "rate = [0.02, 0.01]";
    let train = "";
    let manifest = crossed(LEAVE_ONE_SPEAKER_OUT, axes, train)
        .replace("learning_rate = 0.02", "learning_rate = \"${matrix.rate}\"")
        // An axis of the folds of a stage is known as one whatever it is called.
        .replace("fold = { folds_of", "speaker = { folds_of")
        .replace("${matrix.fold}", "${matrix.speaker}");
    let space = acted(5, manifest);
    space.run_well("p.toml");
    // Two baselines: without a reference there is no gain.
    assert!(table(&space).iter().all(|row| row["gain"].is_empty()));
    let report = space.read("runs/p/report/report.md");
    assert!(
        report.contains("not clear which is the baseline, and no gain is given"),
        "{report}"
    );
    space.edit(
        "p.toml",
        "kind = \"report\"",
        "kind = \"report\"\nreference = \"rate=0.02\"",
    );
    assert_eq!(space.run_well("p.toml").executed(), ["report"]);
    let rows = table(&space);
    let names: Vec<&str> = rows.iter().map(|row| row["variant"].as_str()).collect();
    assert_eq!(names, ["rate 0.02", "rate 0.01"]);
    assert!(rows[0]["gain"].is_empty());
    let gain = number(&rows[1], "gain");
    assert!((gain - (number(&rows[1], "ua") - number(&rows[0], "ua"))).abs() < 1e-12);
    // One that does not exist is found before anything is trained.
    space.edit("p.toml", "rate=0.02", "rate=0.03");
    let refused = space.refused(&["plan", "p.toml"]);
    for text in ["manifest::reference", "p.toml:", "rate=0.02, rate=0.01"] {
        assert!(refused.contains(text), "{text} is missing: {refused}");
    }
    let report = space.read("runs/p/report/report.md");
    assert!(
        report.contains("difference from the same with rate 0.02"),
        "{report}"
    );
    let page = space.read("runs/p/report/report.html");
    assert!(page.contains("<h2>Gain over rate 0.02</h2>"), "{page}");
}

#[test]
fn a_seed_is_no_reference() {
    let manifest = crossed(
        LEAVE_ONE_SPEAKER_OUT,
        "run = [1, 2]",
        "seed = \"${matrix.run}\"",
    );
    let space = acted(5, manifest);
    space.stdout(&["plan", "p.toml"]);
    space.edit(
        "p.toml",
        "kind = \"report\"",
        "kind = \"report\"\nreference = \"run=1\"",
    );
    let refused = space.refused(&["plan", "p.toml"]);
    let refused = refused.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in [
        "manifest::reference",
        "`reference = \"run=1\"` names a seed",
        "p.toml:",
        "remove `reference`",
    ] {
        assert!(refused.contains(text), "{text} is missing: {refused}");
    }
}
