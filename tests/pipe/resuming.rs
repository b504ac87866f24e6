//! Trainings that are killed, fail or are made longer, through the real binary.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;

use super::manifests::{ENCODER, NEAR_AND_FAR, front_end};
use super::workspace::{Run, Workspace};

const TRAIN: &str = r#"[stage.train]
kind = "train"
input = "fbank"
heads = [{ attribute = "corpus", mode = "grad_reverse" }, { attribute = "gender", mode = "discriminator" }]
alpha = { start = 0.0, end = 0.4 }
optimiser = "adam"
learning_rate = 0.002
learning_rate_schedule = { shape = "cosine" }
patience = 0
epochs = 8
batch = 8
"#;

/// One training with a reversed head, Adam and a schedule, so that everything has a state.
pub fn one() -> String {
    [NEAR_AND_FAR, &front_end(r#""speech""#), TRAIN, ENCODER].concat()
}

pub fn space(manifest: &str) -> Workspace {
    Workspace::synthetic("one.toml", manifest)
}

/// As [`one`], with nothing that depends on the number of epochs.
pub fn plain() -> String {
    let alpha = "alpha = { start = 0.0, end = 0.4 }";
    one()
        .replace(alpha, "alpha = 0.3")
        .replace("{ shape = \"cosine\" }", "{ shape = \"constant\" }")
}

/// Starts a run and reads its events until `enough` says so.
fn until(space: &Workspace, enough: impl FnMut(&Child, &Json) -> bool) -> Child {
    read_until(&mut space.command(&["run", "one.toml", "--json"]), enough)
}

/// Starts a `pipe run --json` and reads its events until `enough` says so.
pub fn read_until(command: &mut Command, mut enough: impl FnMut(&Child, &Json) -> bool) -> Child {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let events = BufReader::new(child.stdout.take().unwrap());
    for line in events.lines() {
        let event: Json = serde_json::from_str(&line.unwrap()).unwrap();
        if enough(&child, &event) {
            break;
        }
    }
    child
}

fn results(space: &Workspace) -> Vec<Vec<u8>> {
    ["model.safetensors", "history.jsonl", "summary.json"]
        .iter()
        .map(|name| std::fs::read(space.join("runs/one/train").join(name)).unwrap())
        .collect()
}

pub fn first_epoch(run: &Run) -> u64 {
    run.events_of("epoch")[0]["epoch"].as_u64().unwrap()
}

#[test]
fn a_training_killed_at_any_moment_ends_with_the_bytes_of_one_never_killed() {
    // Many epochs, so that a busy machine on which this test is late still kills in the middle.
    let manifest = one().replace("epochs = 8", "epochs = 24");
    let whole = space(&manifest);
    assert_eq!(whole.run_well("one.toml").events_of("epoch").len(), 24);
    let killed = space(&manifest);
    // At once after the checkpoint of an epoch, inside the next epoch, around its checkpoint.
    for (epoch, wait_ms) in [(0, 0), (1, 3), (2, 17), (4, 40)] {
        let mut child = until(&killed, |_, event| {
            event["event"] == "epoch" && event["epoch"].as_u64() >= Some(epoch)
        });
        std::thread::sleep(Duration::from_millis(wait_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        let unfinished = killed.files("cache/unfinished");
        assert!(
            unfinished.keys().any(|name| name.ends_with("/checkpoint")),
            "{:?}",
            unfinished.keys()
        );
    }
    let last = killed.run_well("one.toml");
    assert!(first_epoch(&last) >= 5, "{:?}", last.events_of("epoch"));
    assert!(results(&killed) == results(&whole));
    assert!(killed.files("cache/unfinished").is_empty());
    assert_eq!(killed.run_well("one.toml").steps(), (0, 4, 0));
}

#[test]
fn a_damaged_checkpoint_costs_a_warning_and_time() {
    let killed = space(&one());
    let mut child = until(&killed, |_, event| event["event"] == "epoch");
    child.kill().unwrap();
    child.wait().unwrap();
    let mut names = killed.files("cache/unfinished").into_keys();
    let name = names.find(|name| name.ends_with("/checkpoint"));
    let path = killed.join("cache/unfinished").join(name.unwrap());
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
    let run = killed.run_well("one.toml");
    assert_eq!(first_epoch(&run), 0);
    let warnings = run.events_of("warning");
    let told = |event: &&Json| event["message"].as_str().unwrap().contains("checkpoint");
    assert!(warnings.iter().any(told), "{warnings:?}");
    let whole = space(&one());
    whole.run_well("one.toml");
    assert!(results(&killed) == results(&whole));
}

#[test]
fn a_loss_that_blows_up_names_where_and_keeps_the_history() {
    let space = space(&plain().replace("learning_rate = 0.002", "learning_rate = 1e6"));
    space.edit("one.toml", "optimiser = \"adam\"\n", "");
    let run = space.run("one.toml", &[]);
    assert_eq!(run.code, Some(1), "{:?}", run.events);
    let failures = run.events_of("step_failed");
    let said = |field: &str| failures[0][field].as_str().unwrap().to_string();
    let text = said("error") + " " + &said("help");
    for part in [
        "is not finite at epoch",
        "batch",
        "(utterances",
        "near/",
        "runs/one/train/failed",
    ] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    assert!(space.join("runs/one/train/failed/history.jsonl").is_file());
    space.edit("one.toml", "learning_rate = 1e6", "learning_rate = 0.002");
    space.run_well("one.toml");
    assert!(!space.join("runs/one/train/failed").exists());
}

#[test]
fn raised_epochs_of_a_finished_run_continue_and_why_says_so() {
    let longer = space(&plain());
    longer.run_well("one.toml");
    longer.edit("one.toml", "epochs = 8", "epochs = 11");
    let why = longer.pipe(&["why", "one.toml", "--step", "train"]);
    let why = String::from_utf8(why.stdout).unwrap();
    assert!(
        why.contains("epochs: 8 -> 11 (continues from the finished training)"),
        "{why}"
    );
    let run = longer.run_well("one.toml");
    assert_eq!((first_epoch(&run), run.events_of("epoch").len()), (8, 3));
    let fresh = space(&plain().replace("epochs = 8", "epochs = 11"));
    fresh.run_well("one.toml");
    assert!(results(&longer) == results(&fresh));
    // Back to fewer: that result is still in the cache.
    longer.edit("one.toml", "epochs = 11", "epochs = 8");
    assert_eq!(longer.run_well("one.toml").steps(), (0, 4, 0));
}

#[test]
fn raised_epochs_train_anew_where_alpha_depends_on_them_and_why_says_so() {
    let longer = space(&one());
    longer.run_well("one.toml");
    longer.edit("one.toml", "epochs = 8", "epochs = 9");
    let why = longer.pipe(&["why", "one.toml", "--step", "train"]);
    let why = String::from_utf8(why.stdout).unwrap();
    assert!(
        why.contains("epochs: 8 -> 9 (alpha depends on it: training starts over)"),
        "{why}"
    );
    let run = longer.run_well("one.toml");
    assert_eq!((first_epoch(&run), run.events_of("epoch").len()), (0, 9));
}

#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_over_200_steps() {
    let space = space(&plain().replace("epochs = 8", "epochs = 30"));
    let mut resident = Vec::new();
    let mut child = until(&space, |child, event| {
        if event["event"] == "epoch" {
            let statm = std::fs::read_to_string(format!("/proc/{}/statm", child.id()));
            // The process may be at its end already.
            let pages = statm.ok().and_then(|text| {
                let mut fields = text.split_whitespace().skip(1);
                let mut next = || fields.next()?.parse::<u64>().ok();
                // Pages of files come and go as the system likes.
                next()?.checked_sub(next()?).filter(|pages| *pages > 0)
            });
            resident.extend(pages.map(|pages| pages * 4096));
        }
        false
    });
    assert!(child.wait().unwrap().success());
    let summary: Json = serde_json::from_str(&space.read("runs/one/train/summary.json")).unwrap();
    assert!(summary["updates"].as_u64().unwrap() >= 200, "{summary}");
    assert!(resident.len() > 20, "{resident:?}");
    // What the system takes away for a while and gives back is no growth.
    let mut most = resident[8];
    let mut steps = Vec::new();
    for &bytes in &resident[9..] {
        steps.push(bytes.saturating_sub(most));
        most = most.max(bytes);
    }
    // The allocator may take another arena once or twice; what is left behind comes with every epoch. One batch of
    // features, about 0.2 MB, would come to more.
    steps.sort_unstable();
    let grown: u64 = steps[..steps.len() - 2].iter().sum();
    assert!(grown < 1 << 20, "{resident:?}");
}

#[test]
fn portable_arithmetic_gives_the_same_bits_and_is_recorded() {
    let manifest = plain().replace("epochs = 8", "epochs = 2");
    let (fast, portable) = (space(&manifest), space(&manifest));
    fast.run_well("one.toml");
    let run = portable.run("one.toml", &["--portable"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(
        run.key("train"),
        Run::of(fast.pipe(&["run", "one.toml", "--json"])).key("train")
    );
    assert!(results(&portable) == results(&fast));
    let records = |space: &Workspace| {
        let texts = space.files("cache/steps").into_values();
        let told = texts.filter(|text| String::from_utf8_lossy(text).contains(", portable"));
        told.count()
    };
    assert_eq!((records(&portable), records(&fast)), (4, 0));
}
