//! Runs whose steps are jobs of a real Slurm, with one node on the loopback.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value as Json;

use super::loopback_slurm::{LoopbackSlurm, ended};
use super::workspace::{Run, Workspace};

/// What each step depended on and made, by the records of a cache.
pub fn records(space: &Workspace, cache: &str) -> BTreeMap<String, (String, Json)> {
    let files = space.files(&format!("{cache}/steps")).into_iter();
    let records = files.map(|(name, content)| {
        // The first line is its digest.
        let text = String::from_utf8(content).unwrap();
        let record: Json = serde_json::from_str(text.split_once('\n').unwrap().1).unwrap();
        let step = record["step"].as_str().unwrap().to_owned();
        (step, (name, record["output"].clone()))
    });
    records.collect()
}

/// A `command` for each of three values, another that takes it, and one over all.
pub fn chain(space: &Workspace, first: &str) -> String {
    let folder = space.path().display();
    format!(
        "[matrix]\nv = [1, 2, 3]\n\
        [stage.first]\nkind = \"command\"\nrun = \"v=${{matrix.v}}; {first} && echo $v > {{out}}/a\"\noutputs = [\"a\"]\n\
        [stage.second]\nkind = \"command\"\ninputs = {{ a = \"first\" }}\n\
        run = \"echo ${{matrix.v}} >> {folder}/ran; cat $(find -L {{a}} -type f) > {{out}}/b\"\noutputs = [\"b\"]\n\
        [stage.third]\nkind = \"command\"\ninputs = {{ b = \"second\" }}\n\
        run = \"cat $(find -L {{b}} -type f | sort) > {{out}}/c\"\noutputs = [\"c\"]\n"
    )
}

/// With a command that tells that it has begun and waits for a file.
pub fn waiting(space: &Workspace) -> String {
    let folder = space.path().display();
    format!("touch {folder}/began-$v; while [ ! -e {folder}/go ]; do sleep 0.1; done")
}

pub fn counted_runs(space: &Workspace) -> usize {
    space.read("ran").lines().count()
}

pub fn all_well(run: &Run) {
    assert_eq!(run.code, Some(0), "{:?}\n{}", run.events, run.stderr);
}

#[test]
fn the_demo_study_ends_with_the_same_digests_as_here() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines/study_demo.toml");
    let text = std::fs::read_to_string(shipped).unwrap();
    // Ten models of one epoch are enough.
    let text = text
        .replace("seed = [1, 2]", "seed = [1]")
        .replace("    { name = \"S\", attribute = \"speaker\" },\n", "")
        .replace("    { name = \"L\", attribute = \"language\" },\n", "")
        .replace("\"MTL S\", ", "")
        .replace("\"MTL L\", ", "")
        .replace("\"GR S\", ", "")
        .replace(", \"GR L\"", "")
        .replace("epochs = 15", "epochs = 1");
    let space = Workspace::with_manifest("study_demo.toml", text);
    let Some(slurm) = LoopbackSlurm::beside(space) else {
        return;
    };
    let space = &slurm.space;
    let here = slurm.run(
        "study_demo.toml",
        &[
            "--executor",
            "local",
            "--cache",
            "here",
            "--runs",
            "runs-here",
        ],
    );
    all_well(&here);
    let there = slurm.run("study_demo.toml", &[]);
    all_well(&there);
    assert_eq!(there.steps(), here.steps());
    assert_eq!(there.items(), here.items());
    let made = records(space, "cache");
    assert!(made.len() > 25, "{:?}", made.keys());
    assert_eq!(made, records(space, "here"));
    assert_eq!(
        space.read("runs/study_demo/report/study.csv"),
        space.read("runs-here/study_demo/report/study.csv")
    );
    // What is in the cache is not submitted, and nothing is left of the jobs.
    assert!(space.files("cache/jobs").keys().all(|name| name == "lock"));
    let again = slurm.pipe(&["run", "study_demo.toml"]).output().unwrap();
    let told = String::from_utf8_lossy(&again.stderr).into_owned();
    assert_eq!(again.status.code(), Some(0), "{told}");
    assert!(!told.contains("submitted"), "{told}");
}

#[test]
fn a_failing_step_cancels_what_needs_it_and_nothing_else() {
    let space = Workspace::new();
    space.write("pipe.toml", chain(&space, "[ $v != 2 ]"));
    let Some(slurm) = LoopbackSlurm::beside(space) else {
        return;
    };
    let run = slurm.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(1), "{:?}\n{}", run.events, run.stderr);
    assert_eq!(run.with_status("failed"), ["first[v=2]"]);
    let mut executed = run.executed();
    executed.sort();
    assert_eq!(
        executed,
        ["first[v=1]", "first[v=3]", "second[v=1]", "second[v=3]"]
    );
    let mut skipped = run.with_status("skipped");
    skipped.sort();
    assert_eq!(skipped, ["second[v=2]", "third"]);
    assert_eq!(
        run.failure()["code"],
        "command::failed",
        "{}",
        run.failure()
    );
    slurm.wait_until("no job is left", || slurm.jobs().is_empty());
    // The same command continues, with another first step.
    slurm.space.edit("pipe.toml", "[ $v != 2 ]", "[ $v != 4 ]");
    let mended = slurm.run("pipe.toml", &[]);
    all_well(&mended);
}

#[test]
fn a_controller_that_is_restarted_midway_is_waited_for() {
    let space = Workspace::new();
    space.write("pipe.toml", chain(&space, &waiting(&space)));
    let Some(slurm) = LoopbackSlurm::beside(space) else {
        return;
    };
    let space = &slurm.space;
    let run = slurm.start_into("told", &["run", "pipe.toml", "--json"]);
    slurm.wait_until("it begins", || space.join("began-1").exists());
    slurm.stop_controller();
    space.write("go", "");
    let is_told = |words: &str| space.read("told").contains(words);
    slurm.wait_until("it is told", || is_told("does not answer"));
    slurm.start_controller();
    assert_eq!(ended(run).status.code(), Some(0), "{}", space.read("told"));
    assert!(is_told("the scheduler answers again"));
    assert!(is_told("\"executed\":7"), "{}", space.read("told"));
    assert_eq!(counted_runs(space), 3);
}

#[test]
fn what_is_killed_is_submitted_again_and_what_somebody_cancels_is_not() {
    let space = Workspace::new();
    space.write("pipe.toml", chain(&space, &waiting(&space)));
    let Some(slurm) = LoopbackSlurm::beside(space) else {
        return;
    };
    let space = &slurm.space;
    let run = slurm.start(&["run", "pipe.toml", "--json"]);
    let began = || (1..=3).all(|v| space.join(&format!("began-{v}")).exists());
    slurm.wait_until("all have begun", began);
    let at_work = slurm.steps_at_work();
    assert_eq!(at_work.len(), 3, "{at_work:?}");
    let kill = Command::new("kill")
        .args(["-KILL", &at_work[0].to_string()])
        .status();
    assert!(kill.unwrap().success());
    let again = || {
        let now = slurm.steps_at_work();
        now.len() == 3 && now.iter().any(|number| !at_work.contains(number))
    };
    slurm.wait_until("it is submitted again", again);
    // One that was not killed.
    let jobs = slurm.jobs();
    let task = jobs
        .iter()
        .find(|job| job.contains("first") && job.ends_with("RUNNING"));
    let task = task.unwrap().split(' ').next().unwrap();
    slurm.says("scancel", &[task]);
    let listed = || slurm.jobs().iter().all(|job| !job.starts_with(task));
    slurm.wait_until("it is cancelled", listed);
    space.write("go", "");
    let run = Run::of(ended(run));
    assert_eq!(run.code, Some(1), "{:?}\n{}", run.events, run.stderr);
    let told = run.warnings().join("\n");
    assert!(
        told.contains("was killed by signal 9; it is submitted again"),
        "{told}"
    );
    assert_eq!(run.with_status("failed").len(), 1);
    assert!(run.error().contains("was cancelled"), "{}", run.error());
    assert_eq!(counted_runs(space), 2);
    // The same command runs the rest.
    let rest = slurm.run("pipe.toml", &[]);
    all_well(&rest);
    assert_eq!(rest.steps().0, 3);
    assert_eq!(counted_runs(space), 3);
}

#[test]
fn a_second_terminal_attaches_and_a_detached_run_can_be_followed_or_cancelled() {
    let space = Workspace::new();
    space.write("pipe.toml", chain(&space, &waiting(&space)));
    let Some(slurm) = LoopbackSlurm::beside(space) else {
        return;
    };
    let space = &slurm.space;
    let first = slurm.start(&["run", "pipe.toml"]);
    slurm.wait_until("it begins", || space.join("began-1").exists());
    let jobs = slurm.jobs().len();
    let second = slurm.start_into("second", &["run", "pipe.toml", "--json"]);
    let follows = || space.read("second").contains("run_started");
    slurm.wait_until("the second one follows", follows);
    // Another run of the same with other options is refused.
    space.edit("pipe.toml", "-L {a}", "-L  {a}");
    let other = slurm.pipe(&["run", "pipe.toml"]).output().unwrap();
    let told = String::from_utf8_lossy(&other.stderr).into_owned();
    assert_eq!(other.status.code(), Some(2), "{told}");
    assert!(told.contains("pipe cancel"), "{told}");
    space.edit("pipe.toml", "-L  {a}", "-L {a}");

    let stop = Command::new("kill")
        .args(["-INT", &first.id().to_string()])
        .status();
    assert!(stop.unwrap().success());
    let first = ended(first);
    let told = String::from_utf8_lossy(&first.stderr).into_owned();
    assert_eq!(first.status.code(), Some(130), "{told}");
    assert!(told.contains("submitted as job"), "{told}");
    assert!(
        told.contains("`pipe attach pipe.toml` follows them"),
        "{told}"
    );
    assert_eq!(slurm.jobs().len(), jobs);

    let attached = slurm.start(&["attach"]);
    space.write("go", "");
    for (name, child) in [("second", second), ("attached", attached)] {
        let output = ended(child);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{name}: {told}");
        assert!(!told.contains("submitted as job"), "{name}: {told}");
    }
    assert_eq!(
        slurm
            .says("squeue", &["--noheader", "--states=all", "--format=%F"])
            .lines()
            .count(),
        7
    );
    assert_eq!(counted_runs(space), 3);
    assert_eq!(space.read("runs/pipe/third/c"), "1\n2\n3\n");

    std::fs::remove_file(space.join("go")).unwrap();
    std::fs::remove_file(space.join("began-1")).unwrap();
    space.edit("pipe.toml", "echo $v >", "echo $v again >");
    let run = slurm.start(&["run", "pipe.toml", "--json"]);
    slurm.wait_until("it begins", || space.join("began-1").exists());
    let cancelled = slurm.pipe(&["cancel", "pipe.toml"]).output().unwrap();
    let told = String::from_utf8_lossy(&cancelled.stdout).into_owned();
    assert_eq!(told, "pipe: 3 jobs cancelled\n");
    let run = Run::of(ended(run));
    assert_eq!(run.code, Some(1), "{:?}", run.events);
    slurm.wait_until("no job is left", || slurm.jobs().is_empty());
}

#[test]
fn what_is_not_as_it_was_planned_is_refused_by_its_job() {
    let space = Workspace::new();
    space.write("pipe.toml", chain(&space, &waiting(&space)));
    let Some(slurm) = LoopbackSlurm::beside(space) else {
        return;
    };
    let space = &slurm.space;
    let run = slurm.start(&["run", "pipe.toml", "--json"]);
    let began = || (1..=3).all(|v| space.join(&format!("began-{v}")).exists());
    slurm.wait_until("all have begun", began);
    space.edit("pipe.toml", "-L {a}", "-L  {a}");
    space.write("go", "");
    let run = Run::of(ended(run));
    assert_eq!(run.code, Some(1), "{:?}\n{}", run.events, run.stderr);
    assert_eq!(run.with_status("failed").len(), 3);
    assert_eq!(run.failure()["code"], "cluster::key", "{}", run.failure());
    assert_eq!(run.executed().len(), 3);
    assert!(!space.join("ran").exists());
}

#[test]
fn jobs_that_are_held_back_are_told_of() {
    let space = Workspace::new();
    space.write("pipe.toml", chain(&space, "true"));
    let Some(slurm) = LoopbackSlurm::beside(space) else {
        return;
    };
    let space = &slurm.space;
    let partition = |state| {
        slurm.says("scontrol", &["update", "PartitionName=all", state]);
    };
    partition("State=DOWN");
    let run = slurm.start_into("told", &["run", "pipe.toml", "--json"]);
    let is_told = || {
        space
            .read("told")
            .contains("the jobs of first are held back: PartitionDown")
    };
    slurm.wait_until("it is told", is_told);
    partition("State=UP");
    assert_eq!(ended(run).status.code(), Some(0), "{}", space.read("told"));
    assert_eq!(
        space.read("told").matches("the jobs of first are").count(),
        1
    );
}
