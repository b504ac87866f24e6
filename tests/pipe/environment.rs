//! What a program gets of the caller's environment, and how long it may run.

use std::time::{Duration, Instant};

use super::workspace::{Run, Workspace};

fn space(more: &str) -> Workspace {
    Workspace::with_manifest(
        "pipe.toml",
        format!(
            "[stage.seen]\nkind = \"command\"\nrun = \"env > {{out}}/seen.txt\"\noutputs = [\"seen.txt\"]\n{more}"
        ),
    )
}

fn run(space: &Workspace) -> Run {
    let mut command = space.command(&["run", "pipe.toml", "--json"]);
    command
        .env("SERVICE_TOKEN", "a secret")
        .env("AWS_SECRET_ACCESS_KEY", "another secret")
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC");
    Run::of(command.output().unwrap())
}

fn seen(space: &Workspace) -> Vec<(String, String)> {
    let text = space.read("runs/pipe/seen/seen.txt");
    let variables = text.lines().filter_map(|line| line.split_once('='));
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn programs_see_no_secrets_that_they_did_not_ask_for() {
    let space = space("");
    assert_eq!(run(&space).code, Some(0));
    let seen = seen(&space);
    let value = |name: &str| {
        let found = seen.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(value("LC_ALL"), Some("C.UTF-8"));
    assert_eq!(value("TZ"), Some("UTC"));
    assert!(value("PATH").is_some());
    assert!(!space.read("runs/pipe/seen/seen.txt").contains("secret"));
    assert_eq!(value("NO_COLOR"), None);
}

#[test]
fn what_a_manifest_names_is_passed_and_what_it_sets_counts_more() {
    let space = space(
        "inherit = [\"SERVICE_TOKEN\", \"ABSENT\"]\nenvironment = { TZ = \"Europe/Rome\", LEVEL = \"3\" }\n",
    );
    let first = run(&space);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    let seen = seen(&space);
    for (name, value) in [
        ("SERVICE_TOKEN", "a secret"),
        ("TZ", "Europe/Rome"),
        ("LEVEL", "3"),
    ] {
        assert!(
            seen.contains(&(name.into(), value.into())),
            "{name}: {seen:?}"
        );
    }
    assert!(
        !space
            .read("runs/pipe/seen/seen.txt")
            .contains("another secret")
    );
    // The value of a token is no part of the key.
    let mut command = space.command(&["run", "pipe.toml", "--json"]);
    let other = Run::of(command.env("SERVICE_TOKEN", "new").output().unwrap());
    assert_eq!(other.steps(), (0, 1, 0));
}

#[test]
fn a_program_that_runs_too_long_is_ended_with_all_that_it_started() {
    let space = Workspace::with_manifest(
        "pipe.toml",
        "[stage.slow]\nkind = \"command\"\nrun = \"setsid sleep 600 & echo $! > held; sleep 600\"\noutputs = [\"a\"]\ntimeout_s = 1\n",
    );
    let started = Instant::now();
    let run = space.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(
        run.error(),
        "the command was ended after 1 s, its `timeout_s`"
    );
    assert_eq!(run.failure()["code"], "command::timeout");
    assert!(started.elapsed() < Duration::from_secs(300));
    let held = space.read("held");
    super::programs::wait_until_gone(&[held.trim().to_owned()]);
    // It changes no key.
    space.edit("pipe.toml", "sleep 600\"", "echo done > {out}/a\"");
    space.edit("pipe.toml", "timeout_s = 1\n", "timeout_s = 1000\n");
    let done = space.run_well("pipe.toml");
    space.edit("pipe.toml", "timeout_s = 1000\n", "");
    let unlimited = space.run_well("pipe.toml");
    assert_eq!(done.key("slow"), unlimited.key("slow"));
    assert_eq!(unlimited.steps(), (0, 1, 0));
}

#[test]
fn a_plan_shows_every_program() {
    let space = space(
        "\n[stage.listed]\nkind = \"command\"\nrun = [\"touch\", \"{out}/a b\"]\noutputs = [\"a b\"]\n",
    );
    let plan = space.stdout(&["plan", "pipe.toml"]);
    assert!(plan.contains("\n      $ env > {out}/seen.txt\n"), "{plan}");
    assert!(
        plan.contains("\n      $ [\"touch\",\"{out}/a b\"]\n"),
        "{plan}"
    );
    let json = space.stdout(&["plan", "pipe.toml", "--json"]);
    assert!(json.contains("\"run\":\"env > {out}/seen.txt\""), "{json}");
}

#[test]
fn variables_that_are_declared_are_set_and_enter_the_key() {
    let said = "environment = { VOICE = \"a b\" }\n";
    let space = space(said);
    let voice = |space: &Workspace| {
        let variables = seen(space).into_iter();
        variables
            .filter(|(name, _)| name == "VOICE")
            .map(|(_, value)| value)
            .collect::<String>()
    };
    space.run_well("pipe.toml");
    assert_eq!(voice(&space), "a b");
    space.edit("pipe.toml", "a b", "c");
    assert_eq!(space.run_well("pipe.toml").executed(), ["seen"]);
    assert_eq!(voice(&space), "c");
}
