//! Earlier runs: `runs`, `diff`, `show` and `cache prune` through the real binary.

use serde_json::Value as Json;

use super::learning::study;
use super::resuming::{one, read_until, space};
use super::workspace::{Workspace, lines_of_json};

fn json(space: &Workspace, arguments: &[&str]) -> Vec<Json> {
    let text = space.stdout(&[arguments, &["--json"]].concat());
    lines_of_json(&text)
}

/// The text with times, keys, CPU features and the widths that follow from them taken out.
fn steady(text: &str) -> String {
    let lines = text.lines().map(|line| {
        if line.starts_with("• pipe ") {
            return "• pipe VERSION, CPU".to_string();
        }
        if line.starts_with('─') {
            return "───".to_string();
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut out: Vec<String> = Vec::new();
        let mut skip = false;
        for (index, word) in words.iter().enumerate() {
            let next = words.get(index + 1).copied().unwrap_or_default();
            let is_number = word.parse::<f64>().is_ok();
            let is_hex = word.len() == 12 && word.chars().all(|c| c.is_ascii_hexdigit());
            if skip {
                skip = false;
            } else if is_number && ["s", "ms", "min"].contains(&next.trim_end_matches(',')) {
                out.push("TIME".into());
                skip = true;
            } else if word.len() == 10 && word.matches('-').count() == 2 {
                out.push("DATE".into());
                skip = next.contains(':');
            } else if is_hex {
                out.push("KEY".into());
            } else {
                out.push((*word).into());
            }
        }
        let indent = line.len() - line.trim_start().len();
        format!("{}{}", " ".repeat(indent.min(2)), out.join(" "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The small study, run, then with another learning rate, one corpus more in the test, and a method more.
fn two_runs() -> Workspace {
    let space = study();
    space.run_well("study.toml");
    space.edit("study.toml", "learning_rate = 0.02", "learning_rate = 0.03");
    space.edit(
        "study.toml",
        "    { name = \"GR\"",
        "    { name = \"MTL\", heads = [{ attribute = \"gender\", mode = \"shared\" }] },\n    { name = \"GR\"",
    );
    space.edit(
        "corpora.toml",
        "seed = 3, speakers = 4",
        "seed = 3, speakers = 5",
    );
    space.run_well("study.toml");
    space
}

#[test]
fn runs_are_listed_and_compared() {
    let space = two_runs();
    // A run without news is not another run.
    space.run_well("study.toml");
    let runs = json(&space, &["runs"]);
    let names: Vec<&str> = runs
        .iter()
        .map(|run| run["run"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["study:2", "study:1"]);
    assert_eq!(runs[0]["done"], 11);
    assert!(runs[0]["seconds"].as_f64().is_some_and(|s| s > 0.0));
    assert_eq!(runs[0]["result"]["models"], 3);
    assert!(runs[0]["result"]["best"]["unheard"].is_number());
    insta::assert_snapshot!("runs", steady(&space.stdout(&["runs", "study.toml"])));
    insta::assert_snapshot!("diff", steady(&space.stdout(&["diff", "study~1", "study"])));
    // Alone, a run is compared with the one before.
    assert_eq!(
        space.stdout(&["diff", "study"]),
        space.stdout(&["diff", "study:1", "study:2"])
    );

    let diff = &json(&space, &["diff", "study:1", "study:2"])[0];
    let parameters = diff["parameters"].as_array().unwrap();
    assert_eq!(parameters.len(), 1, "{parameters:?}");
    assert_eq!(parameters[0]["name"], "learning_rate");
    assert_eq!(parameters[0]["everywhere"], true);
    assert_eq!(diff["only_after"].as_array().unwrap().len(), 2);
    // One speaker more with nine utterances; those of the others are as they were.
    let data = &diff["data"][0];
    assert_eq!(data["step"], "unseen");
    assert_eq!(data["added"].as_array().unwrap().len(), 9);
    assert_eq!(data["changed"].as_array().unwrap().len(), 0);
    assert_eq!(diff["trainings"].as_array().unwrap().len(), 2);
    let evaluations = diff["evaluations"].as_array().unwrap();
    assert_eq!(evaluations.len(), 2);
    for evaluation in evaluations {
        let flips = &evaluation["sides"];
        assert_eq!(flips["only_after"], 9);
        let changes = flips["changes"].as_array().unwrap();
        let count = |flip: &str| changes.iter().filter(|c| c["side"] == flip).count();
        // The flips explain the counts of right predictions on the shared utterances.
        let right = |run: &str| {
            let step = evaluation["step"].as_str().unwrap();
            let shown = &json(&space, &["show", run, step])[0]["content"]["corpora"]["near"];
            let rows = shown["confusion"].as_array().unwrap();
            (0..3)
                .map(|class| rows[class][class].as_i64().unwrap())
                .sum::<i64>()
        };
        let near = changes.iter().filter(|c| c["corpus"] == "near");
        let gain: i64 = near
            .map(|c| match c["side"].as_str() {
                Some("won") => 1,
                Some("lost") => -1,
                _ => 0,
            })
            .sum();
        assert_eq!(right("study:2") - right("study:1"), gain);
        assert!(count("won") + count("lost") > 0, "{changes:?}");
    }
    let steps = json(
        &space,
        &[
            "diff",
            "study:2/test[method=GR]",
            "study:2/test[method=MTL]",
        ],
    );
    let names: Vec<&str> = steps[0]["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["heads.0.attribute", "heads.0.mode"]);
    assert_eq!(steps[0]["evaluations"].as_array().unwrap().len(), 1);
}

#[test]
fn every_kind_of_step_is_shown() {
    let space = two_runs();
    for step in ["unseen", "train[method=GR]", "test[method=GR]"] {
        let text = space.stdout(&["show", "study:2", step]);
        insta::assert_snapshot!(
            format!("show_{}", step.split('[').next().unwrap()),
            steady(&text)
        );
    }
    // An unambiguous part of a name is enough, with or without the run.
    let whole = space.stdout(&["show", "study", "train[method=MTL]"]);
    for names in [
        &["study/train[method=MTL]"][..],
        &["study:2", "train[method=mtl"],
        &["train[method=M"],
        &["study", "mtl train"],
        &["study.toml", "train[method=MTL]"],
    ] {
        assert_eq!(
            space.stdout(&[&["show"], names].concat()),
            whole,
            "{names:?}"
        );
    }
    let report = space.stdout(&["show", "report"]);
    assert!(report.contains("Unweighted accuracy"), "{report}");
    let run = space.stdout(&["show", "study:1"]);
    assert!(
        run.contains("train[method=GR]") && !run.contains("MTL"),
        "{run}"
    );
    for line in whole.lines().chain(run.lines()).chain(report.lines()) {
        assert!(line.chars().count() <= 100, "{line}");
        assert!(!line.contains('\u{1b}'), "{line}");
    }
}

#[test]
fn names_that_say_too_little_or_nothing_are_answered_with_what_there_is() {
    let space = study();
    assert!(space.refused(&["runs"]).contains("no cache found at cache"));
    space.run_well("study.toml");
    for (arguments, words) in [
        (&["show", "train"][..], "study:1/train[method=baseline]"),
        (&["show", "study", "tets"], "did you mean `test"),
        (
            &["show", "nothing like it"],
            "has no step `nothing like it`",
        ),
        (&["diff", "stduy", "study"], "did you mean `study`?"),
        (&["diff", "study:7", "study"], "its only run is study:1"),
        (&["diff", "study~1", "study"], "its only run is study:1"),
        (&["diff", "study"], "there is no run before study:1"),
        (
            &["diff", "study", "study:1/report"],
            "cannot be compared with a step",
        ),
        (&["runs", "other.toml"], "there are no runs of `other.toml`"),
    ] {
        let told = space.refused(arguments);
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
}

#[test]
fn what_is_gone_or_damaged_is_said_and_no_crash() {
    let space = two_runs();
    let record = json(&space, &["show", "study:1", "test[method=GR]"]).remove(0);
    let files = record["record"]["output"]["files"]["files"]
        .as_array()
        .unwrap();
    for file in files {
        let digest = file["digest"].as_str().unwrap();
        let object = format!("cache/objects/{}/{digest}", &digest[..2]);
        let path = space.join(&object);
        if file["name"] == "entry.json" {
            // Objects are read-only; a new file takes the place.
            std::fs::remove_file(&path).unwrap();
            space.write(&object, "damaged");
        } else if file["name"] == "predictions.csv" {
            std::fs::remove_file(&path).unwrap();
        }
    }
    let diff = space.stdout(&["diff", "study:1", "study:2"]);
    for words in [
        "entry.json of test[method=GR] is damaged in the cache",
        "predictions.csv of test[method=GR] is no longer in the cache",
    ] {
        assert!(diff.replace("\n  ", " ").contains(words), "{diff}");
    }
    let shown = space.stdout(&["show", "study:1", "test[method=GR]"]);
    assert!(shown.contains("`pipe run` recomputes it"), "{shown}");
    // A step record that is gone.
    let key = record["key"].as_str().unwrap();
    std::fs::remove_file(space.join(&format!("cache/steps/{key}.json"))).unwrap();
    let diff = space.stdout(&["diff", "study:1", "study:2"]);
    assert!(
        diff.contains("study:1/test[method=GR] no longer has an intact record"),
        "{diff}"
    );
    let shown = space.stdout(&["show", "study:1", "test[method=GR]"]);
    assert!(
        shown.contains("its record is damaged or no longer in the cache"),
        "{shown}"
    );
    assert!(space.stdout(&["runs"]).contains("study:1"));
}

#[test]
fn failed_stopped_and_killed_runs_are_remembered_as_such() {
    // Long enough to be going on while it is looked at, on a busy machine too.
    let space = space(&one().replace("epochs = 8", "epochs = 30"));
    let mut command = space.command(&["run", "one.toml", "--json"]);
    let mut child = read_until(&mut command, |_, event| event["event"] == "epoch");
    let going_on = json(&space, &["runs"]);
    assert_eq!(going_on[0]["state"], "running");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(json(&space, &["runs"])[0]["state"], "killed");
    let shown = space.stdout(&["show", "train"]);
    assert!(shown.contains("it was started but not finished"), "{shown}");

    let broken = [
        "--set",
        "train.learning_rate=1e6",
        "--set",
        "train.optimiser=sgd",
    ];
    assert_eq!(space.run("one.toml", &broken).code, Some(1));
    let runs = json(&space, &["runs"]);
    assert_eq!(runs[0]["run"], "one:2");
    assert!(runs[0]["failed"]["train"].is_string(), "{}", runs[0]);
    let shown = space.stdout(&["show", "train"]);
    assert!(shown.contains("it failed: "), "{shown}");
    // Failing in the same way again is nothing new; a run that is whole is.
    assert_eq!(space.run("one.toml", &broken).code, Some(1));
    space.run_well("one.toml");
    let runs = json(&space, &["runs"]);
    let names: Vec<&str> = runs
        .iter()
        .map(|run| run["run"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["one:3", "one:2", "one:1"]);
    assert_eq!(runs[0]["state"], "ended");
}

#[test]
fn a_cache_of_the_first_version_is_read() {
    let space = two_runs();
    // As the first version wrote it: no numbers from 1, three fields, no composition.
    let checksummed = |json: &str| format!("{}\n{json}\n", blake3::hash(json.as_bytes()).to_hex());
    for number in 1..3 {
        let name = format!("cache/runs/study/{number:06}.json");
        let text = space.read(&name);
        let record: Json = serde_json::from_str(text.split_once('\n').unwrap().1).unwrap();
        let old = serde_json::json!({
            "started_s": record["started_s"],
            "manifest": record["manifest"],
            "steps": record["steps"],
        });
        std::fs::remove_file(space.join(&name)).unwrap();
        space.write(
            &format!("cache/runs/study/{:06}.json", number - 1),
            checksummed(&serde_json::to_string_pretty(&old).unwrap()),
        );
    }
    let runs = json(&space, &["runs"]);
    assert_eq!(runs[0]["run"], "study:1");
    assert_eq!(runs[1]["run"], "study:0");
    assert_eq!(runs[0]["seconds"], Json::Null);
    assert_eq!(space.run_well("study.toml").steps(), (0, 11, 0));
    assert!(space.stdout(&["diff", "study"]).contains("learning_rate"));
}

#[test]
fn pruning_keeps_what_the_latest_runs_need() {
    let space = two_runs();
    let du = space.stdout(&["cache", "du"]);
    assert!(du.contains("freed by `pipe cache prune`"), "{du}");
    // The checkpoints of the two trainings with the old learning rate.
    let dry = json(&space, &["cache", "prune", "--dry-run"]).remove(0);
    assert_eq!(dry["parts"].as_array().unwrap().len(), 1, "{dry}");
    assert_eq!(dry["parts"][0]["name"], "checkpoints");
    assert_eq!(dry["parts"][0]["files"], 2);
    assert_eq!(space.files("cache/checkpoints").len(), 5);
    let kept = space.stdout(&["cache", "prune", "--older-than", "1"]);
    assert_eq!(kept, "nothing to remove\n");
    space.stdout(&["cache", "prune"]);
    assert_eq!(space.files("cache/checkpoints").len(), 3);
    assert_eq!(json(&space, &["runs"]).len(), 2);

    let before = space.bytes("cache/objects");
    space.stdout(&["cache", "prune", "--keep-runs", "1"]);
    assert!(space.bytes("cache/objects") < before);
    assert_eq!(json(&space, &["runs"]).len(), 1);
    let verified = json(&space, &["cache", "verify"]).remove(0);
    assert_eq!(verified["damaged"].as_array().unwrap().len(), 0);
    assert_eq!(space.run_well("study.toml").steps(), (0, 11, 0));
    assert_eq!(
        space.stdout(&["cache", "prune", "--keep-runs", "1"]),
        "nothing to remove\n"
    );
    // A longer training still continues from the kept checkpoint.
    let longer = space.run("study.toml", &["--set", "train.epochs=4"]);
    assert_eq!(longer.code, Some(0), "{}", longer.stderr);
    // One epoch each of the baseline and MTL; alpha of GR depends on the epochs, so it is trained anew.
    assert_eq!(longer.events_of("epoch").len(), 1 + 1 + 4);
}

#[test]
fn pruning_beside_a_run_leaves_it_alone() {
    let space = space(&one().replace("epochs = 8", "epochs = 30"));
    let mut command = space.command(&["run", "one.toml", "--json"]);
    let mut child = read_until(&mut command, |_, event| event["event"] == "epoch");
    let pruned = json(&space, &["cache", "prune", "--keep-runs", "1"]).remove(0);
    assert_eq!(pruned["run_in_progress"], true);
    assert_eq!(pruned["parts"].as_array().unwrap().len(), 0, "{pruned}");
    child.kill().unwrap();
    child.wait().unwrap();
    // Killed, its work is still what the next run needs.
    space.stdout(&["cache", "prune", "--keep-runs", "1"]);
    let resumed = space.run_well("one.toml");
    assert!(resumed.events_of("epoch").len() < 30);
    assert_eq!(resumed.events_of("training_resumed").len(), 1);
}
