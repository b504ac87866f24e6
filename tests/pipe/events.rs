//! What `--json` prints and what the logs of runs hold: as `docs/events.schema.json` says, and every decision with its
//! reason.

use std::collections::BTreeSet;
use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};

use super::bit_rot::rot;
use super::json_schema::check;
use super::manifests;
use super::remote::of_remote_caches;
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

/// The decisions among events, without the times at which they were reported and logged.
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
    lines_of_json(&space.stdout(&["show", name, "--log", "--json"]))
}

#[test]
fn the_examples_of_the_documentation_are_as_the_schema_says() {
    let schema = schema();
    let docs = include_str!("../../docs/events.md");
    let examples = docs.split("```json\n").skip(1);
    let examples: Vec<Json> = examples
        .map(|rest| serde_json::from_str(rest.split_once("```").unwrap().0).unwrap())
        .collect();
    assert_eq!(names_of(&schema, &examples).len(), 23);
}

/// Runs of which some recordings are not as they should be, and of wrong manifests.
fn of_bad_recordings_and_manifests() -> Vec<Json> {
    let made = Workspace::with_corpus(6);
    // One recording is no audio, one is missing, and one has a label that is left out.
    fs::write(made.join("corpora/made/audio/0001.wav"), "not audio").unwrap();
    fs::remove_file(made.join("corpora/made/audio/0002.wav")).unwrap();
    made.edit(
        "pipe.toml",
        "split = \"train\"",
        "split = \"train\"\nmax_bad = 0.9",
    );
    let mut events = made.run("pipe.toml", &[]).events;
    events.extend(made.run_well("pipe.toml").events);
    for wrong in ["count.run=\"exit 3\"", "fbank.binz=3"] {
        events.extend(made.run("pipe.toml", &["--set", wrong]).events);
    }
    events.extend(made.run("absent.toml", &[]).events);
    events
}

/// A training that is interrupted, and one that continues from there.
fn of_an_interrupted_training() -> Vec<Json> {
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
    assert_eq!(told.last().unwrap()["interrupted"], true);
    told.extend(training.run_well("one.toml").events);
    told
}

/// Runs after bits have flipped in a pack, and in the result of a step that another step opens.
fn of_a_damaged_cache() -> Vec<Json> {
    let space = Workspace::with_corpus(4);
    let copy = "[stage.copy]\nkind = \"command\"\ninputs = { count = \"count\" }\n\
                run = \"cat {count}/count.txt > {out}/copy.txt\"\noutputs = [\"copy.txt\"]\n";
    space.write("pipe.toml", format!("{}{copy}", manifests::chain()));
    space.run_well("pipe.toml");
    for (name, mut pack) in space.files("cache/packs") {
        let middle = pack.len() / 2;
        pack[middle] ^= 1;
        fs::write(space.join("cache/packs").join(name), pack).unwrap();
    }
    let again = "count.run=\"cat {features}/* | sha256sum > {out}/count.txt\"";
    let items = space.run("pipe.toml", &["--set", again]);
    assert_eq!(items.code, Some(0), "{}", items.stderr);
    let damaged = items.events_of("items_damaged");
    assert_eq!(damaged.len(), 1, "{:?}", items.events);
    assert_eq!(
        (&damaged[0]["step"], &damaged[0]["items"]),
        (&json!("count"), &json!(1))
    );

    // Results of a changed run have a folder of their own.
    let files = space.files("runs/pipe").into_iter();
    let mut counts = files.filter(|(name, _)| name.ends_with("/count/count.txt"));
    let (_, count) = counts.next().unwrap();
    rot(&space, &String::from_utf8(count).unwrap());
    let other = "copy.run=\"tac {count}/count.txt > {out}/copy.txt\"";
    let result = space.run("pipe.toml", &["--set", again, "--set", other]);
    assert_eq!(result.code, Some(0), "{}", result.stderr);
    let damaged = result.events_of("result_damaged");
    assert!(
        damaged.iter().any(|event| event["step"] == "count"),
        "{damaged:?}"
    );
    [items.events, result.events].concat()
}

/// A run that waits for a step of another, which continues once that was reported; also gives the other's process.
fn of_two_runs_at_once() -> (Vec<Json>, u32) {
    let slow = "[stage.slow]\nkind = \"command\"\noutputs = [\"slow.txt\"]\n\
                run = \"until [ -e go ]; do sleep 0.05; done; echo slow > {out}/slow.txt\"\n";
    let space = Workspace::with_manifest("pipe.toml", slow);
    let mut command = space.command(&["run", "pipe.toml", "--json"]);
    let mut first = read_until(&mut command, |_, event| event["event"] == "step_started");
    let mut told = Vec::new();
    let mut second = read_until(&mut command, |_, event| {
        told.push(event.clone());
        if event["event"] == "step_waiting" {
            space.write("go", "");
        }
        false
    });
    assert!(first.wait().unwrap().success());
    assert!(second.wait().unwrap().success());
    (told, first.id())
}

/// A run with a program that dies once, and with an item that it refuses at first; and the run that tries it again.
fn of_retries() -> Vec<Json> {
    let space = super::workers::space(
        "[ -e died ] || { touch died; kill -9 $$; }\n\
         [ -e again ] || { touch again; echo '{\"error\": \"not now\"}'; continue; }",
        "",
    );
    let first = space.run("pipe.toml", &["--jobs", "1"]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    let restarted = first.events_of("program_restarted");
    assert_eq!(restarted.len(), 1, "{:?}", first.events);
    assert_eq!(restarted[0]["step"], "copy");
    assert_eq!(restarted[0]["reason"], "it ended with signal 9");
    let bad = first.events_of("item_bad");
    assert_eq!((bad.len(), &bad[0]["permanent"]), (1, &json!(false)));

    let second = space.run_well("pipe.toml");
    let retried = second.events_of("items_retried");
    assert_eq!(retried.len(), 1, "{:?}", second.events);
    assert_eq!(retried[0]["step"], "copy");
    assert_eq!(retried[0]["ids"], json!([bad[0]["id"]]));
    assert_eq!(causes(&second), [("copy", "retry")]);
    // Both are kept, though the steps of both runs have the same keys.
    for (name, run, words) in [
        ("pipe:1", &first, "the program is started again for made/"),
        (
            "pipe:2",
            &second,
            "tries again what failed in the run before: made/",
        ),
    ] {
        assert_eq!(decisions(&log(&space, name)), decisions(&run.events));
        let text = space.stdout(&["show", name, "--log"]);
        assert!(text.contains(words), "{text}");
    }
    assert_eq!(causes(&space.run_well("pipe.toml")), []);
    [first.events, second.events].concat()
}

#[test]
fn every_event_is_reported_by_some_run_and_as_the_schema_says() {
    let schema = schema();
    let told = [
        of_bad_recordings_and_manifests(),
        of_an_interrupted_training(),
        of_a_damaged_cache(),
        of_two_runs_at_once().0,
        of_retries(),
        of_remote_caches(),
    ]
    .concat();
    let seen = names_of(&schema, &told);
    let all = schema["oneOf"].as_array().unwrap().iter();
    let all = all.map(|one| one["$ref"].as_str().unwrap().trim_start_matches("#/$defs/"));
    let lacking: Vec<&str> = all.filter(|name| !seen.contains(name)).collect();
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
    let why = lines_of_json(&space.stdout(&[
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
    let text = space.stdout(&["show", "pipe:1", "--log"]);
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
    let step = space.stdout(&["show", "pipe:2/count", "--log"]);
    assert!(step.contains("count has to run: run: "), "{step}");
    assert!(step.contains("count failed: "), "{step}");
    assert!(!step.contains("speech"), "{step}");

    // A torn line is passed over; a log that is not there is reported.
    let path = space.join("cache/runs/pipe/000002.log");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    assert_eq!(
        log(&space, "pipe:2").len() + 1,
        decisions(&failed.events).len()
    );
    let used = lines_of_json(&space.stdout(&["cache", "du", "--json"]));
    let runs = used.iter().find(|part| part["name"] == "runs").unwrap();
    assert_eq!(runs["files"], 4);
    space.run_well("pipe.toml");
    space.stdout(&["cache", "prune", "--keep-runs", "1"]);
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
    let (told, first) = of_two_runs_at_once();
    let mut waiting = told.iter().filter(|event| event["event"] == "step_waiting");
    assert_eq!(waiting.next().unwrap()["process"], first);
    let finished = told.last().unwrap();
    assert_eq!(finished["event"], "run_finished");
    assert_eq!(finished["steps"]["executed"], 0, "{finished}");
}
