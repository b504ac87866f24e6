//! Tests of the memory of runs.

use std::collections::BTreeMap;

use pipe_foundation::Digest;
use pipe_foundation::system::RealSystem;

use super::*;

fn runs(folder: &Path) -> Runs {
    std::fs::create_dir_all(folder.join("locks")).unwrap();
    Runs::new(
        Arc::new(RealSystem),
        folder.join("runs"),
        folder.join("locks"),
    )
}

fn done(step: &str, text: &str) -> RunRecord {
    RunRecord {
        steps: BTreeMap::from([(step.into(), Digest::of(text.as_bytes()))]),
        ..RunRecord::default()
    }
}

#[test]
fn a_run_that_repeats_the_latest_is_not_remembered_again() {
    let folder = tempfile::tempdir().unwrap();
    let runs = runs(folder.path());
    for text in ["a", "a", "b", "a"] {
        runs.log("demo", "demo.toml", "cpu")
            .end(done("x", text), |_| Ok(()))
            .unwrap();
    }
    let numbers: Vec<u64> = runs
        .all("demo")
        .unwrap()
        .iter()
        .map(|run| run.number)
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    let failed = RunRecord {
        failed: BTreeMap::from([("y".into(), "broken".into())]),
        ..done("x", "a")
    };
    runs.log("demo", "demo.toml", "cpu")
        .end(failed, |_| Ok(()))
        .unwrap();
    assert_eq!(runs.latest("demo").unwrap().unwrap().to_string(), "demo:4");
    runs.log("empty", "empty.toml", "cpu")
        .end(RunRecord::default(), |_| Ok(()))
        .unwrap();
    assert_eq!(runs.manifests().unwrap(), ["demo"]);
}

#[test]
fn a_killed_run_is_remembered_with_what_it_was_at() {
    let folder = tempfile::tempdir().unwrap();
    let runs = runs(folder.path());
    let key = Digest::of(b"train");
    let log = runs.log("demo", "demo.toml", "cpu");
    log.record_start("train", key, key).unwrap();
    let going = runs.latest("demo").unwrap().unwrap();
    assert!(runs.is_going_on(&going).unwrap());
    assert_eq!(going.record.keys().collect::<Vec<_>>(), [&key]);
    // Another run at the same time has a number of its own.
    runs.log("demo", "demo.toml", "cpu")
        .end(done("x", "a"), |_| Ok(()))
        .unwrap();
    assert_eq!(runs.all("demo").unwrap().len(), 2);
    drop(log);
    let killed = runs.all("demo").unwrap().remove(0);
    assert!(!runs.is_going_on(&killed).unwrap());
    assert_eq!(killed.record.ending, Ending::Open);
}

#[test]
fn every_step_that_a_killed_run_had_begun_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let runs = runs(folder.path());
    let of = |number: u32| Digest::of(&number.to_le_bytes());
    let log = runs.log("demo", "demo.toml", "cpu");
    for number in 0..50 {
        let kept = if number % 2 == 0 {
            of(number)
        } else {
            of(1000)
        };
        log.record_start(&format!("train[seed={number}]"), of(number), kept)
            .unwrap();
    }
    let killed = runs.latest("demo").unwrap().unwrap().record;
    assert_eq!(killed.unfinished.len(), 50);
    assert_eq!(killed.unfinished["train[seed=7]"], of(7));
    assert_eq!(killed.kept.len(), 25);
    assert_eq!(killed.kept["train[seed=49]"], of(1000));
    for path in runs.paths().unwrap() {
        assert!(
            run_file::read(&RealSystem, &path)
                .unwrap()
                .whole()
                .is_some()
        );
    }
    log.end(done("train[seed=7]", "a"), |_| Ok(())).unwrap();
    let ended = runs.latest("demo").unwrap().unwrap().record;
    assert_eq!((ended.unfinished.len(), ended.kept.len()), (49, 24));
}

#[test]
fn records_of_the_first_version_are_read() {
    let digest = Digest::of(b"a");
    let text = format!(
        "{{\"started_s\": 5, \"manifest\": \"demo.toml\", \"steps\": {{\"x\": \"{digest}\"}}}}"
    );
    let record: RunRecord = serde_json::from_str(&text).unwrap();
    assert_eq!(record.ending, Ending::Ended);
    assert_eq!((record.seconds, record.pipe_version), (None, None));
}
