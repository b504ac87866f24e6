//! Programs and all that they start end with the run, however it ends, and with the program that started them.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::trust::{entries, is_gone, pid, wait_until};
use super::workspace::{Run, Workspace};

/// A manifest whose only step runs `program`. It continues once there is a file `go`.
fn space(program: &str) -> Workspace {
    let space = Workspace::new();
    space.write("program.sh", program);
    space.write(
        "pipe.toml",
        r#"
[stage.program]
kind = "command"
run = "test -e go || bash program.sh; echo done > {out}/done.txt"
outputs = ["done.txt"]
"#,
    );
    space
}

/// Starts a run and waits until its program has written `held`, a line for each process to watch.
fn start(space: &Workspace) -> (Child, Vec<String>) {
    let mut command = space.command_that_heeds_signals(&["run", "pipe.toml", "--json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.process_group(0).spawn().unwrap();
    wait_until("the program", || space.join("held").exists());
    let held = space.read("held");
    (child, held.lines().map(str::to_owned).collect())
}

pub fn wait_until_gone(held: &[String]) {
    wait_until("the programs to end", || {
        held.iter().all(|process| is_gone(process))
    });
}

/// Nothing is in the way of the next run.
fn finish(space: &Workspace) {
    assert!(entries(&space.join("cache/tmp")).is_empty());
    space.write("go", "");
    assert_eq!(space.run_well("pipe.toml").executed(), ["program"]);
    assert!(space.run_well("pipe.toml").executed().is_empty());
}

/// Lines of a program that starts a child, a grandchild that is an orphan, and one with a session of its own, and waits.
const FAMILY: &str = r#"
sleep 600 & echo $! > held.new
(sleep 600 & echo $! >> held.new)
setsid bash -c 'echo $$ >> held.new; mv held.new held; exec sleep 600' &
wait
"#;

#[test]
fn every_signal_that_ends_the_run_ends_all_descendants_of_its_programs() {
    for (signal, code) in [
        (Signal::INT, 130),
        (Signal::TERM, 143),
        (Signal::HUP, 129),
        (Signal::QUIT, 131),
    ] {
        let space = space(FAMILY);
        let (child, held) = start(&space);
        assert_eq!(held.len(), 3, "{held:?}");
        kill_process(pid(&child), signal).unwrap();
        let run = Run::of(child.wait_with_output().unwrap());
        assert_eq!(run.code, Some(code), "{}", run.stderr);
        assert_eq!(run.steps().2, 0, "stopping is no failure: {:?}", run.events);
        wait_until_gone(&held);
        finish(&space);
    }
}

#[test]
fn a_killed_run_takes_all_descendants_of_its_programs_along() {
    let space = space(FAMILY);
    let (child, held) = start(&space);
    kill_process(pid(&child), Signal::KILL).unwrap();
    child.wait_with_output().unwrap();
    wait_until_gone(&held);
    space.write("go", "");
    assert_eq!(space.run_well("pipe.toml").executed(), ["program"]);
    assert!(entries(&space.join("cache/tmp")).is_empty());
}

#[test]
fn programs_for_items_end_with_a_stopped_or_killed_run_too() {
    for (protocol, signal) in [
        ("", Signal::KILL),
        ("protocol = \"lines\"", Signal::KILL),
        ("protocol = \"lines\"", Signal::INT),
    ] {
        let space = Workspace::with_corpus(3);
        space.write("program.sh", FAMILY);
        space.write(
            "pipe.toml",
            format!(
                "[stage.speech]\nkind = \"ingest\"\ncorpora = \"made\"\nsplit = \"train\"\n\
                 [stage.program]\nkind = \"command\"\nfor_each = \"speech\"\nrun = [\"bash\", \"program.sh\"]\n{protocol}\n"
            ),
        );
        let arguments = ["run", "pipe.toml", "--json", "--jobs", "1"];
        let mut command = space.command_that_heeds_signals(&arguments);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        wait_until("the program", || space.join("held").exists());
        kill_process(pid(&child), signal).unwrap();
        let status = child.wait().unwrap();
        assert!(
            signal != Signal::INT || status.code() == Some(130),
            "{status}"
        );
        let held = space.read("held");
        wait_until_gone(&held.lines().map(str::to_owned).collect::<Vec<_>>());
    }
}

#[test]
fn a_program_may_clean_up_before_it_is_killed() {
    let space = space(
        "trap 'sleep 0.2; echo > cleaned; exit' TERM\necho $$ > held.new; mv held.new held\nwhile :; do sleep 0.05; done\n",
    );
    let (child, held) = start(&space);
    kill_process(pid(&child), Signal::INT).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert!(space.join("cleaned").exists());
    wait_until_gone(&held);
    finish(&space);
}

/// A program that no SIGTERM ends.
const STUBBORN: &str =
    "trap '' TERM INT HUP\necho $$ > held.new; mv held.new held\nwhile :; do sleep 0.05; done\n";

#[test]
fn a_program_that_ignores_sigterm_is_killed() {
    for signal in [Signal::INT, Signal::KILL] {
        let space = space(STUBBORN);
        let (child, held) = start(&space);
        kill_process(pid(&child), signal).unwrap();
        let code = child.wait_with_output().unwrap().status.code();
        assert_eq!(code, (signal == Signal::INT).then_some(130));
        wait_until_gone(&held);
    }
}

#[test]
fn a_second_interrupt_ends_everything_at_once() {
    // Each wait would be nearly the 5 seconds that programs have after the first one, or more on a busy machine.
    let waits = (0..5).map(|_| {
        let space = space(
            "trap 'echo > told' TERM\necho $$ > held.new; mv held.new held\nwhile :; do sleep 0.05; done\n",
        );
        let (child, held) = start(&space);
        kill_process(pid(&child), Signal::INT).unwrap();
        wait_until("the program to be told", || space.join("told").exists());
        let asked = Instant::now();
        kill_process(pid(&child), Signal::INT).unwrap();
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
        wait_until_gone(&held);
        asked.elapsed()
    });
    let waits: Vec<Duration> = waits.collect();
    assert!(
        waits.iter().min() < Some(&Duration::from_secs(3)),
        "{waits:?}"
    );
}

#[test]
fn a_stopped_program_is_ended() {
    let space = space("echo $$ > held.new; mv held.new held; kill -STOP $$\n");
    let (child, held) = start(&space);
    let state = |process: &String| fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    wait_until("the program to stop", || state(&held[0]).contains(") T "));
    kill_process(pid(&child), Signal::INT).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    wait_until_gone(&held);
}

#[test]
fn what_a_program_leaves_running_is_ended_after_it_and_named() {
    let space = space(
        r#"
setsid sleep 600 > /dev/null 2>&1 & echo $! > held
sleep 600 & echo $! >> held
sleep 0.01 &
"#,
    );
    let run = space.run_well("pipe.toml");
    let held = space.read("held");
    for process in held.lines() {
        assert!(is_gone(process), "{process} runs on");
    }
    let warnings = run.events_of("warning");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let told = warnings[0]["message"].as_str().unwrap();
    assert!(
        told.contains("left programs running") && told.contains("sleep, sleep"),
        "{told}"
    );
    assert_eq!(space.read("runs/pipe/program/done.txt"), "done\n");
}

#[test]
fn what_a_failing_program_leaves_running_is_ended_too() {
    let space = space("sleep 600 & echo $! > held; kill -TERM $PPID\n");
    let run = space.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(1), "{:?}", run.events);
    let error = run.failure()["error"].to_string();
    assert!(error.contains("signal 15"), "{error}");
    assert!(is_gone(&space.read("held")));
}

#[test]
fn a_killed_supervisor_fails_the_step_and_its_program_ends() {
    let space = space("echo $$ > held.new; mv held.new held; exec sleep 600\n");
    let (child, held) = start(&space);
    // The program is the child of a shell, and that of the supervisor.
    let parent = |process: &str| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        let fields = stat.rsplit_once(") ").unwrap().1;
        fields.split(' ').nth(1).unwrap().to_owned()
    };
    let supervisor = parent(&parent(&held[0]));
    let supervisor = Pid::from_raw(supervisor.parse().unwrap()).unwrap();
    kill_process(supervisor, Signal::KILL).unwrap();
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(run.failure()["code"], "command::lost");
    wait_until_gone(&held);
    finish(&space);
}

#[test]
fn a_run_that_ignores_hangups_from_the_start_continues() {
    let space =
        space("echo $$ > held.new; mv held.new held; until test -e go; do sleep 0.02; done\n");
    let mut command = space.script("trap '' HUP; exec \"$0\" run pipe.toml --json", &[]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_until("the program", || space.join("held").exists());
    kill_process(pid(&child), Signal::HUP).unwrap();
    space.write("go", "");
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn a_run_whose_terminal_is_gone_ends_as_usual() {
    // Nothing can be written there, as to a terminal that was closed.
    let space = space(FAMILY);
    let nowhere = || fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = space.command_that_heeds_signals(&["run", "pipe.toml"]);
    command.stdout(nowhere()).stderr(nowhere());
    let mut child = command.spawn().unwrap();
    wait_until("the program", || space.join("held").exists());
    kill_process(pid(&child), Signal::HUP).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(129));
    let held = space.read("held");
    wait_until_gone(&held.lines().map(str::to_owned).collect::<Vec<_>>());
    finish(&space);
}

#[test]
fn a_program_has_no_terminal_and_no_input() {
    let space = space(
        "cat; if : < /dev/tty; then exit 3; fi 2> /dev/null; test \"$(cut -d ' ' -f 7 /proc/$$/stat)\" = 0\n",
    );
    space.edit("pipe.toml", "program.sh;", "program.sh &&");
    space.run_well("pipe.toml");
}
