//! Runs that are killed, stopped, or run at the same time: the next one finishes the work, and does none twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use pipe_engine::cache::items::ItemIndex;
use pipe_engine::cache::log::Log;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::manifests::MADE;
use super::workspace::{Run, Workspace};

/// A program that takes its time for each item, and a program over all that item-wise stages made.
const SLOW: &str = r#"
[stage.slow]
kind = "command"
for_each = "audio"
run = "sleep 0.08; sha256sum < {input} > {output}"

[stage.sum]
kind = "command"
inputs = { features = "fbank", slow = "slow" }
run = "sleep 0.2; cat {features}/* {slow}/* | sha256sum > {out}/sum.txt"
outputs = ["sum.txt"]
"#;

const STEPS: [&str; 5] = ["speech", "audio", "fbank", "slow", "sum"];

fn slow_space(utterances: usize) -> Workspace {
    let space = Workspace::with_corpus(utterances);
    space.write("pipe.toml", [MADE, SLOW].concat());
    space
}

/// A run that has begun, in a process group of its own.
fn start(space: &Workspace) -> Child {
    use std::os::unix::process::CommandExt;
    let mut command =
        space.command_that_heeds_signals(&["run", "pipe.toml", "--json", "--jobs", "2"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).spawn().unwrap()
}

pub fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id() as i32).unwrap()
}

fn wait(child: Child) -> Output {
    child.wait_with_output().unwrap()
}

/// What must be the same however a run came to its end: keys, and results for people.
fn result(space: &Workspace, run: &Run) -> (Vec<String>, BTreeMap<String, Vec<u8>>) {
    let keys = STEPS.iter().map(|step| run.key(step)).collect();
    (keys, space.files("runs"))
}

fn indexed_items(space: &Workspace) -> u64 {
    let log = Log::new(space.join("cache/items.log"));
    ItemIndex::load(&log).unwrap().iter().count() as u64
}

pub fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Kills runs of their own at many times and runs again; returns how many items each had kept.
fn kill_often(kill: fn(Pid)) -> Vec<u64> {
    const UTTERANCES: usize = 28;
    let undisturbed = slow_space(UTTERANCES);
    let wanted = result(&undisturbed, &undisturbed.run_well("pipe.toml"));
    let times: Vec<u64> = (0..20).map(|n| 5 + n * n * 4 + n * 14).collect();
    let one_kill = |after_ms: u64| -> u64 {
        let space = slow_space(UTTERANCES);
        let child = start(&space);
        std::thread::sleep(Duration::from_millis(after_ms));
        kill(pid(&child));
        wait(child);
        let kept = indexed_items(&space);
        let run = space.run("pipe.toml", &["--jobs", "2"]);
        assert_eq!(
            run.code,
            Some(0),
            "killed after {after_ms} ms: {}",
            run.stderr
        );
        assert!(run.events_of("step_waiting").is_empty(), "a stale lock");
        assert_eq!(
            run.items().0,
            4 * UTTERANCES as u64 - kept,
            "killed after {after_ms} ms with {kept} items kept"
        );
        assert!(
            result(&space, &run) == wanted,
            "killed after {after_ms} ms: other results"
        );
        let left = entries(&space.join("cache/tmp"));
        assert!(left.is_empty(), "killed after {after_ms} ms: {left:?} left");
        assert_eq!(space.run_well("pipe.toml").steps(), (0, 5, 0));
        kept
    };
    // Mostly asleep, so several at a time.
    std::thread::scope(|scope| {
        let threads: Vec<_> = times
            .chunks(4)
            .map(|times| scope.spawn(|| times.iter().map(|&t| one_kill(t)).collect::<Vec<_>>()))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    })
}

#[test]
fn an_engine_killed_at_any_time_leaves_nothing_in_the_way() {
    let kept = kill_often(|pid| kill_process(pid, Signal::KILL).unwrap());
    assert!(kept.contains(&0), "none was killed early: {kept:?}");
    assert!(
        kept.iter().any(|&kept| kept > 0 && kept < 4 * 28),
        "none was killed with a part of the items done: {kept:?}"
    );
}

#[test]
fn a_process_group_killed_at_any_time_leaves_nothing_in_the_way() {
    kill_often(|pid| kill_process_group(pid, Signal::KILL).unwrap());
}

/// True once the process is gone, or only waits for its parent to look.
pub fn is_gone(pid: &str) -> bool {
    match fs::read_to_string(format!("/proc/{}/stat", pid.trim())) {
        Err(_) => true,
        Ok(stat) => stat
            .rsplit_once(')')
            .is_some_and(|(_, rest)| rest.trim_start().starts_with('Z')),
    }
}

pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "waited for {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn signals_stop_the_run_and_its_programs_within_two_seconds() {
    // The programs wait until they are told to continue; a child of theirs must be reached too.
    let hold = "test -e go || { sleep 60 & echo $! > held.new; mv held.new held; wait; }";
    let cases = [
        ("sleep 0.08", Signal::INT, 130),
        ("sleep 0.08", Signal::TERM, 143),
        ("sleep 0.2", Signal::INT, 130),
        ("sleep 0.2", Signal::TERM, 143),
    ];
    // On a busy machine one of them may be held up; the programs themselves would sleep for a minute.
    let mut waits = Vec::new();
    for (place, signal, code) in cases {
        let space = slow_space(4);
        space.edit("pipe.toml", place, hold);
        let child = start(&space);
        wait_until("the program", || space.join("held").exists());
        let asked = Instant::now();
        kill_process(pid(&child), signal).unwrap();
        let run = Run::of(wait(child));
        waits.push(asked.elapsed());
        assert_eq!(run.code, Some(code), "{}", run.stderr);
        assert_eq!(run.steps().2, 0, "stopping is no failure: {:?}", run.events);
        let held = space.read("held");
        wait_until("the program's child to end", || is_gone(&held));
        assert!(entries(&space.join("cache/tmp")).is_empty());
        space.write("go", "");
        let rerun = space.run_well("pipe.toml");
        assert!(rerun.steps().0 > 0);
        assert_eq!(space.run_well("pipe.toml").steps(), (0, 5, 0));
    }
    waits.sort();
    assert!(
        waits[1] < Duration::from_secs(2) && waits[3] < Duration::from_secs(20),
        "{waits:?}"
    );
}

#[test]
fn programs_left_behind_do_not_hold_the_run_up() {
    let space = Workspace::with_manifest(
        "pipe.toml",
        r#"
[stage.quick]
kind = "command"
run = "sleep 60 & echo $! > left; echo done > {out}/done.txt"
outputs = ["done.txt"]
"#,
    );
    let started = Instant::now();
    space.run_well("pipe.toml");
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "waited for its minute"
    );
    let left = space.read("left");
    wait_until("the program left behind to end", || is_gone(&left));
}

fn run_at_once(runs: usize) {
    let space = slow_space(8);
    let children: Vec<Child> = (0..runs).map(|_| start(&space)).collect();
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let threads: Vec<_> = children
            .into_iter()
            .map(|child| scope.spawn(|| Run::of(wait(child))))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    for run in &runs {
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(result(&space, run).0, result(&space, &runs[0]).0);
    }
    let computed: Vec<u64> = runs.iter().map(|run| run.items().0).collect();
    assert_eq!(computed.iter().sum::<u64>(), 4 * 8, "{computed:?}");
    let summed = runs
        .iter()
        .filter(|run| run.executed().contains(&"sum".to_string()));
    assert_eq!(summed.count(), 1, "the last step ran once");
    let waited = runs
        .iter()
        .filter(|run| !run.events_of("step_waiting").is_empty());
    // All but one for the items, and then perhaps that one for the last step.
    assert!(waited.count() >= runs.len() - 1);
    let alone = slow_space(8);
    let wanted = result(&alone, &alone.run_well("pipe.toml"));
    assert!(result(&space, &runs[0]) == wanted);
    assert!(entries(&space.join("cache/tmp")).is_empty());
}

#[test]
fn two_runs_at_once_share_the_work() {
    run_at_once(2);
}

#[test]
fn eight_runs_at_once_share_the_work() {
    run_at_once(8);
}
