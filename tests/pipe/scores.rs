//! What `pipe runs`, `pipe show` and `pipe diff` say of folds and of numbers.

use serde_json::Value as Json;

use super::folds::{LEAVE_ONE_SPEAKER_OUT, acted, crossed, number, table};
use super::workspace::Workspace;

/// Two rates over the folds of an axis of any name; the session is a number to predict.
fn space() -> Workspace {
    let heads = r#"heads = [{ task = "emotion" }, { task = "session", loss = "mse" }]"#;
    let manifest = crossed(LEAVE_ONE_SPEAKER_OUT, "rate = [0.02, 0.01]", heads)
        .replace("learning_rate = 0.02", "learning_rate = \"${matrix.rate}\"")
        .replace("fold = { folds_of", "speaker = { folds_of")
        .replace("${matrix.fold}", "${matrix.speaker}")
        .replace(
            "corpora = \"acted\"",
            "corpora = \"acted\"\ncolumns = [\"session\"]",
        );
    acted(5, manifest)
}

fn json(space: &Workspace, arguments: &[&str]) -> Json {
    let told = space.stdout(&[arguments, &["--json"]].concat());
    serde_json::from_str(told.lines().next().unwrap()).unwrap()
}

#[test]
fn runs_compare_variants_by_all_their_folds_and_numbers_are_compared_too() {
    let space = space();
    space.run_well("p.toml");
    let result = &json(&space, &["runs"])["result"];
    assert_eq!(result["models"], 10);
    let study: Json = serde_json::from_str(&space.read("runs/p/report/study.json")).unwrap();
    let variants = result["variants"].as_array().unwrap();
    assert_eq!(variants.len(), 2);
    let mut told = Vec::new();
    for (row, target) in table(&space)
        .iter()
        .zip(study["targets"].as_array().unwrap())
    {
        let own = variants.iter().find(|own| own["variant"] == row["variant"]);
        let own = own.unwrap();
        assert_eq!(own["models"], 5);
        let near = |value: &Json, wanted: f64| {
            assert!(
                (value.as_f64().unwrap() - wanted).abs() < 1e-12,
                "{value} {wanted}"
            );
        };
        near(&own["ua"]["acted"], number(row, "ua"));
        near(
            &own["ccc"]["session"]["acted"],
            target["ccc"].as_f64().unwrap(),
        );
        told.push(format!(
            "{} {:.1}",
            row["variant"],
            100.0 * number(row, "ua")
        ));
    }
    told.sort();
    let told = format!("UA in %  acted: {}", told.join(", "));
    let runs = space.stdout(&["runs"]);
    assert!(runs.contains(&told), "{told} is missing:\n{runs}");
    assert!(
        runs.contains("CCC      session on acted: rate 0.01 "),
        "{runs}"
    );
    let shown = space.stdout(&["show", "p"]).replace("\n  ", " ");
    assert!(
        shown.contains("CCC on the training corpora: session on acted"),
        "{shown}"
    );

    space.edit("p.toml", "epochs = 2", "epochs = 3");
    space.run_well("p.toml");
    let diff = space.stdout(&["diff", "p"]);
    for text in ["Numeric targets", "CCC", "RMSE", "session", "acted"] {
        assert!(diff.contains(text), "{text} is missing:\n{diff}");
    }
    let diff = json(&space, &["diff", "p"]);
    let target = &diff["evaluations"][0]["targets"][0];
    assert_eq!(
        (&target["target"], &target["corpus"]),
        (&"session".into(), &"acted".into())
    );
    assert!(target["rmse_before"].is_number() && target["rmse_after"].is_number());
}

#[test]
fn models_of_numbers_alone_are_compared_without_classes() {
    let space = space();
    space.edit("p.toml", "{ task = \"emotion\" }, ", "");
    space.edit("p.toml", "corpora =", "classes = \"none\"\ncorpora =");
    space.edit(
        "p.toml",
        "epochs = 2",
        "epochs = 1\nmonitor = \"session/rmse\"",
    );
    space.run_well("p.toml");
    space.edit("p.toml", "epochs = 1", "epochs = 2");
    space.run_well("p.toml");
    let diff = space.stdout(&["diff", "p"]);
    assert!(diff.contains("Numeric targets"), "{diff}");
    for text in ["Unweighted accuracy", "predictions.csv", "Prediction flips"] {
        assert!(!diff.contains(text), "{diff}");
    }
    let runs = space.stdout(&["runs"]);
    assert!(runs.contains("CCC") && !runs.contains("UA in %"), "{runs}");
}
