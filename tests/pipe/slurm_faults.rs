//! What the scheduler ends by itself on a real Slurm: jobs whose time or memory is over, whose machine fails, and whose place
//! others take. Each run comes to the results of one on this machine, and says what happened.

use std::process::{Command, Stdio};

use super::loopback_slurm::{LoopbackSlurm, ended};
use super::resuming;
use super::slurm::{all_well, chain, counted_runs, records, waiting};
use super::workspace::{Run, Workspace};

/// The results of a run on this machine, with a cache of its own.
fn run_here(slurm: &LoopbackSlurm, manifest: &str) {
    let local = ["--executor", "local", "--cache", "here"];
    let here = slurm.run(manifest, &[&local[..], &["--runs", "runs-here"]].concat());
    all_well(&here);
}

/// The cache has the results that [`run_here`] has come to.
fn has_the_same_results(slurm: &LoopbackSlurm, steps: usize) {
    let made = records(&slurm.space, "cache");
    assert_eq!(made.len(), steps, "{:?}", made.keys());
    assert_eq!(made, records(&slurm.space, "here"));
}

/// A run of which `disturb` ends all jobs that are at work, which has to be told as `expected` of each.
fn disturbed(configured: &str, expected: &str, disturb: fn(&LoopbackSlurm)) {
    let space = Workspace::new();
    space.write("pipe.toml", chain(&space, &waiting(&space)));
    let Some(slurm) = LoopbackSlurm::beside(space) else {
        return;
    };
    slurm.configure(configured);
    let space = &slurm.space;
    let run = slurm.start_into("told", &["run", "pipe.toml", "--json"]);
    let began = || (1..=3).all(|v| space.join(&format!("began-{v}")).exists());
    slurm.wait_until("all have begun", began);
    // What was never seen at work is not missed when it waits again.
    let is_seen = || {
        space
            .read("told")
            .matches("\"event\":\"step_started\"")
            .count()
            >= 3
    };
    slurm.wait_until("all are seen at work", is_seen);
    for v in 1..=3 {
        std::fs::remove_file(space.join(&format!("began-{v}"))).unwrap();
    }
    disturb(&slurm);
    let is_told = || space.read("told").matches(expected).count() == 3;
    slurm.wait_until(expected, is_told);
    slurm.wait_until("all have begun again", || {
        slurm.start_delayed();
        began()
    });
    space.write("go", "");
    let told = ended(run);
    assert_eq!(told.status.code(), Some(0), "{}", space.read("told"));
    assert!(is_told(), "{}", space.read("told"));
    assert_eq!(counted_runs(space), 3);
    run_here(&slurm, "pipe.toml");
    has_the_same_results(&slurm, 7);
}

#[test]
fn what_a_machine_took_with_it_is_done_again() {
    let fail = LoopbackSlurm::fail_node;
    disturbed(
        "",
        "was lost with its machine; the scheduler starts it again",
        fail,
    );
    let alone = "sbatch = [\"--no-requeue\"]";
    disturbed(
        alone,
        "was lost with its machine; it is submitted again",
        fail,
    );
}

#[test]
fn what_others_took_the_place_of_is_done_again() {
    let preempt = LoopbackSlurm::submit_what_is_urgent;
    disturbed("", "was pre-empted; the scheduler starts it again", preempt);
    let scrap = "partition = \"scrap\"";
    disturbed(scrap, "was pre-empted; it is submitted again", preempt);
}

#[test]
fn a_training_whose_time_is_over_goes_on_and_a_program_is_reported() {
    // Many epochs, so that it is at work when its time is over.
    let training = resuming::one().replace("epochs = 8", "epochs = 12");
    let space = Workspace::synthetic("one.toml", &training);
    let folder = space.path().display();
    let program = format!(
        "\n[stage.slow]\nkind = \"command\"\nresources = {{ minutes = 30 }}\noutputs = [\"a\"]\n\
        run = \"touch {folder}/began; while [ ! -e {folder}/go ]; do sleep 0.1; done; echo done > {{out}}/a\"\n"
    );
    space.write("one.toml", training + &program);
    let Some(slurm) = LoopbackSlurm::beside(space) else {
        return;
    };
    // Slurm ends no job before the time that is set, and asks for one to be set.
    slurm.configure("time = \"30\"");
    let space = &slurm.space;
    let run = slurm.start(&["run", "one.toml", "--json"]);
    slurm.wait_until("both are at work", || {
        let unfinished = space.files("cache/unfinished").into_keys();
        let has_checkpoint = unfinished
            .into_iter()
            .any(|name| name.ends_with("/checkpoint"));
        space.join("began").exists() && has_checkpoint
    });
    // It stays where it is until Slurm ends it, which looks for jobs whose time is over twice a minute.
    for process in slurm.steps_at_work() {
        let stop = Command::new("kill")
            .args(["-STOP", &process.to_string()])
            .stderr(Stdio::null())
            .status();
        assert!(stop.is_ok());
    }
    slurm.end_time("train");
    slurm.end_time("slow");
    let run = Run::of(ended(run));
    assert_eq!(run.code, Some(1), "{:?}\n{}", run.events, run.stderr);
    let told = run.warnings().join("\n");
    let again = "took longer than it had asked for; it is submitted again";
    assert_eq!(told.matches(again).count(), 1, "{told}");
    assert_eq!(run.with_status("failed"), ["slow"]);
    let error = run.error();
    assert!(
        error.contains("its job took longer than it had asked for"),
        "{error}"
    );
    // The end of its log is there.
    assert!(error.contains("DUE TO TIME LIMIT"), "{error}");
    assert!(run.executed().contains(&"train".into()));
    space.write("go", "");
    let rest = slurm.run("one.toml", &[]);
    all_well(&rest);
    assert_eq!(rest.executed(), ["slow"]);
    run_here(&slurm, "one.toml");
    has_the_same_results(&slurm, 5);
}

#[test]
fn what_needs_more_memory_is_given_twice_as_much() {
    let space = Workspace::new();
    let folder = space.path().display();
    // The first time it stays at its 150 MB until it is ended.
    let hold = format!("if [ ! -e {folder}/held ]; then touch {folder}/held; sleep 600; fi");
    space.write(
        "pipe.toml",
        format!(
            "[stage.large]\nkind = \"command\"\nresources = {{ memory_gb = 0.12 }}\noutputs = [\"a\"]\n\
            run = \"head -c 150000000 /dev/zero | (cat; {hold}) | tail | wc -c > {{out}}/a\"\n"
        ),
    );
    let Some(slurm) = LoopbackSlurm::beside(space) else {
        return;
    };
    let run = slurm.run("pipe.toml", &[]);
    all_well(&run);
    let told = run.warnings().join("\n");
    let again = "used more memory than it had asked for; it is submitted again";
    assert!(told.contains(again), "{told}");
    run_here(&slurm, "pipe.toml");
    has_the_same_results(&slurm, 1);
    // Where no size was asked for there is none to double: it is reported.
    std::fs::remove_file(slurm.space.join("held")).unwrap();
    slurm
        .space
        .edit("pipe.toml", "resources = { memory_gb = 0.12 }\n", "");
    slurm.space.edit("pipe.toml", "150000000", "150000001");
    slurm.configure("sbatch = [\"--mem=120M\"]");
    let run = slurm.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(1), "{:?}\n{}", run.events, run.stderr);
    let error = run.error();
    assert!(
        error.contains("used more memory than it had asked for"),
        "{error}"
    );
}
