//! What `--json` prints and what the logs of runs hold: as `docs/events.schema.json` says, and every decision with its
//! reason.

use std::collections::BTreeSet;
use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

use super::json_schema::check;
use super::resuming::{plain, read_until, space};
use super::workspace::{Run, Workspace, lines_of_json};

fn schema() -> Json {
    serde_json::from_str(include_str!("../../docs/events.schema.json")).unwrap()
}

/// Checks every line, and gives the names of the events.
fn names_of<'e>(schema: &Json, events: &'e [Json]) -> BTreeSet<&'e str> {
    for event in events {
        check(schema, event).unwrap();
    }
    let names = events.iter().map(|event| event["event"].as_str().unwrap());
    names.collect()
}

/// Each missed step with the cause.
fn causes(run: &Run) -> Vec<(&str, &str)> {
    let missed = run.events_of("step_missed").into_iter();
    missed
        .map(|event| {
            (
                event["step"].as_str().unwrap(),
                event["cause"].as_str().unwrap(),
            )
        })
        .collect()
}

/// The decisions among events, without the times at which they were told and logged.
fn decisions(events: &[Json]) -> Vec<Json> {
    let is_decision =
        |event: &&Json| event["event"] != "step_progress" && event["event"] != "epoch";
    let mut decisions: Vec<Json> = events.iter().filter(is_decision).cloned().collect();
    for decision in &mut decisions {
        decision.as_object_mut().unwrap().remove("at_s").unwrap();
    }
    decisions
}

fn log(space: &Workspace, name: &str) -> Vec<Json> {
    lines_of_json(&space.told(&["show", name, "--log", "--json"]))
}

#[test]
fn the_examples_of_the_documentation_are_as_the_schema_says() {
    let schema = schema();
    let docs = include_str!("../../docs/events.md");
    let examples = docs.split("```json\n").skip(1);
    let examples: Vec<Json> = examples
        .map(|rest| serde_json::from_str(rest.split_once("```").unwrap().0).unwrap())
        .collect();
    assert_eq!(names_of(&schema, &examples).len(), 16);
}

#[test]
fn every_line_of_runs_that_end_in_any_way_is_as_the_schema_says() {
    let schema = schema();
    let mut seen = BTreeSet::new();
    let mut take = |events: &[Json]| {
        let names = names_of(&schema, events).into_iter();
        seen.extend(names.map(str::to_owned));
    };

    let made = Workspace::with_corpus(6);
    // One recording is no audio, one is missing, and one has a label that is left out.
    fs::write(made.join("corpora/made/audio/0001.wav"), "not audio").unwrap();
    fs::remove_file(made.join("corpora/made/audio/0002.wav")).unwrap();
    made.edit(
        "pipe.toml",
        "split = \"train\"",
        "split = \"train\"\nmax_bad = 0.9",
    );
    take(&made.run("pipe.toml", &[]).events);
    take(&made.run_well("pipe.toml").events);
    take(
        &made
            .run("pipe.toml", &["--set", "count.run=\"exit 3\""])
            .events,
    );
    take(&made.run("pipe.toml", &["--set", "fbank.binz=3"]).events);
    take(&made.run("absent.toml", &[]).events);

    let training = space(&plain());
    let mut command = training.command_that_heeds_signals(&["run", "one.toml", "--json"]);
    let mut told = Vec::new();
    let mut child = read_until(&mut command, |child, event| {
        // Once: a second signal would end the process at once.
        let is_first = told.iter().all(|event: &Json| event["event"] != "epoch");
        if event["event"] == "epoch" && is_first {
            let _ = kill_process(Pid::from_child(child), Signal::INT);
        }
        told.push(event.clone());
        false
    });
    assert_eq!(child.wait().unwrap().code(), Some(130));
    take(&told);
    assert_eq!(told.last().unwrap()["interrupted"], true);
    take(&training.run_well("one.toml").events);

    let expected = [
        "epoch",
        "error",
        "item_bad",
        "items_left_out",
        "run_finished",
        "run_started",
        "step_failed",
        "step_finished",
        "step_missed",
        "step_progress",
        "step_started",
        "training_resumed",
        "warning",
    ];
    let lacking: Vec<&str> = expected
        .into_iter()
        .filter(|name| !seen.contains(*name))
        .collect();
    assert_eq!(lacking, [""; 0]);
}

#[test]
fn each_missed_step_says_why() {
    let space = Workspace::with_corpus(4);
    let first = space.run_well("pipe.toml");
    assert_eq!(
        causes(&first),
        [
            ("speech", "first_run"),
            ("audio", "after"),
            ("fbank", "after"),
            ("count", "first_run"),
        ]
    );
    assert_eq!(first.events[0]["schema_version"], 1);
    assert_eq!(causes(&space.run_well("pipe.toml")), []);

    let wider = space.run("pipe.toml", &["--set", "fbank.bins=24"]);
    assert_eq!(causes(&wider), [("fbank", "changed"), ("count", "changed")]);
    let missed = wider.events_of("step_missed");
    let reason = &missed[0]["reasons"][0];
    assert_eq!(
        (&reason["name"], &reason["old"], &reason["new"]),
        (&"parameters.bins".into(), &"23".into(), &"24".into())
    );
    assert_eq!(missed[1]["reasons"][0]["step"], "fbank");
    let why = lines_of_json(&space.told(&[
        "why",
        "pipe.toml",
        "--set",
        "fbank.bins=25",
        "--step",
        "fbank",
        "--json",
    ]));
    assert_eq!(why[0]["explanation"]["reasons"][0]["old"], "24");

    space.tone("corpora/made/audio/0001.wav", 16_000, 0.4, 99.0);
    let edited = space.run_well("pipe.toml");
    let file = &edited.events_of("step_missed")[0]["reasons"][0];
    assert_eq!(file["what"], "file");
    assert!(file["id"].as_str().unwrap().ends_with("0001"), "{file}");

    let record = format!("cache/steps/{}.json", edited.key("count"));
    let text = space.read(&record);
    space.write(&record, text.replace("count", "tnuoc"));
    assert_eq!(causes(&space.run_well("pipe.toml")), [("count", "damaged")]);
    fs::remove_file(space.join(&record)).unwrap();
    assert_eq!(causes(&space.run_well("pipe.toml")), [("count", "removed")]);
}

#[test]
fn the_log_of_a_run_has_its_decisions_and_goes_with_it() {
    let space = Workspace::with_corpus(4);
    let first = space.run_well("pipe.toml");
    assert_eq!(decisions(&log(&space, "pipe:1")), decisions(&first.events));
    let names = names_of(&schema(), &first.events);
    assert!(names.contains("step_progress"));
    let text = space.told(&["show", "pipe:1", "--log"]);
    assert!(
        text.contains(" s  speech has to run: there is no earlier run"),
        "{text}"
    );
    assert!(
        text.contains(" s  audio has to run: after speech\n"),
        "{text}"
    );

    // What changes nothing has no log, and neither has what repeats the run before.
    space.run_well("pipe.toml");
    let logs = || {
        let files = space.files("cache/runs").into_keys();
        files.filter(|name| name.ends_with(".log")).count()
    };
    assert_eq!(logs(), 1);
    let failed = space.run("pipe.toml", &["--set", "count.run=\"exit 3\""]);
    assert_eq!(decisions(&log(&space, "pipe:2")), decisions(&failed.events));
    let step = space.told(&["show", "pipe:2/count", "--log"]);
    assert!(step.contains("count has to run: run: "), "{step}");
    assert!(step.contains("count failed: "), "{step}");
    assert!(!step.contains("speech"), "{step}");

    // A torn line is passed over; a log that is not there is told.
    let path = space.join("cache/runs/pipe/000002.log");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    assert_eq!(
        log(&space, "pipe:2").len() + 1,
        decisions(&failed.events).len()
    );
    let used = lines_of_json(&space.told(&["cache", "du", "--json"]));
    let runs = used.iter().find(|part| part["name"] == "runs").unwrap();
    assert_eq!(runs["files"], 4);
    space.run_well("pipe.toml");
    space.told(&["cache", "prune", "--keep-runs", "1"]);
    assert_eq!(logs(), 1);
    fs::remove_file(space.join("cache/runs/pipe/000003.log")).unwrap();
    assert!(
        space
            .refused(&["show", "pipe:3", "--log"])
            .contains("pipe:3 has no log")
    );
    assert_eq!(space.run_well("pipe.toml").executed(), [""; 0]);
}

#[test]
fn a_killed_training_has_a_log_up_to_then() {
    let space = space(&plain());
    let mut command = space.command(&["run", "one.toml", "--json"]);
    let mut child = read_until(&mut command, |_, event| event["event"] == "epoch");
    child.kill().unwrap();
    child.wait().unwrap();
    let log = log(&space, "one:1");
    let names: Vec<&str> = log
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(names[0], "run_started");
    assert!(
        names.contains(&"step_missed") && !names.contains(&"epoch"),
        "{names:?}"
    );
    assert!(!names.contains(&"run_finished"));
    let resumed = space.run_well("one.toml");
    assert!(resumed.events_of("training_resumed")[0]["epochs"].as_u64() >= Some(1));
}

#[test]
fn a_step_that_waits_names_the_process_that_works_on_it() {
    let slow = "[stage.slow]\nkind = \"command\"\nrun = \"sleep 2; echo slow > {out}/slow.txt\"\n\
                outputs = [\"slow.txt\"]\n";
    let space = Workspace::with_manifest("pipe.toml", slow);
    let mut command = space.command(&["run", "pipe.toml", "--json"]);
    let mut first = read_until(&mut command, |_, event| event["event"] == "step_started");
    let second = space.run_well("pipe.toml");
    assert!(first.wait().unwrap().success());
    // On a machine that is so busy that the first run was done before, there was nothing to wait for.
    for waiting in second.events_of("step_waiting") {
        check(&schema(), waiting).unwrap();
        assert_eq!(waiting["process"], first.id());
    }
    assert_eq!(second.steps(), (0, 1, 0));
}
