//! Two people who share an object store: what one has computed the other fetches. The store is a folder, so that this is
//! fast; `remote_s3.rs` has one with a server.

use std::fs;
use std::path::Path;
use std::process::Command;

use minisign::KeyPair;
use pipe_foundation::test_support::skipped;
use serde_json::Value as Json;

use super::workspace::{Run, TRUST, Workspace, lines_of_json};

/// A person with a project of their own, whose configuration names the store.
pub struct Person {
    /// The project.
    pub space: Workspace,
}

impl Person {
    /// With so many recordings, and this text as the section `[cache]` of the configuration.
    pub fn new(recordings: usize, cache: &str) -> Self {
        let space = Workspace::with_corpus(recordings);
        space.write("configuration/pipe/trust.toml", TRUST);
        let person = Self { space };
        person.configure(cache);
        person
    }

    /// Writes the configuration.
    pub fn configure(&self, cache: &str) {
        let text = format!("[cache]\n{cache}");
        self.space.write("configuration/pipe/config.toml", text);
    }

    /// The binary with their configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.space.command(arguments);
        command.env("XDG_CONFIG_HOME", self.space.join("configuration"));
        command
    }

    /// Runs the manifest, which must end well.
    pub fn run(&self, more: &[&str]) -> Run {
        let arguments = [&["run", "pipe.toml", "--json"], more].concat();
        ended_well(&mut self.command(&arguments))
    }

    /// Standard output of a command that must exit with `code`.
    pub fn stdout(&self, arguments: &[&str], code: i32) -> String {
        let output = self.command(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The events of a run that ends well.
pub fn ended_well(command: &mut Command) -> Run {
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, Some(0), "{:?}\n{}", run.events, run.stderr);
    run
}

/// How many steps of a run came from the store.
pub fn fetched(run: &Run) -> u64 {
    run.finished()["steps"]["fetched"].as_u64().unwrap_or(0)
}

fn named(store: &Path) -> String {
    format!("remote = \"file://{}\"\n", store.display())
}

/// Results for people, by name.
pub fn results(person: &Person) -> Vec<(String, Vec<u8>)> {
    person.space.files("runs").into_iter().collect()
}

/// Events of runs with a store that gives and takes, has what nobody trusts, is damaged, and is not there.
pub fn of_remote_caches() -> Vec<Json> {
    let folder = tempfile::tempdir().unwrap();
    let store = named(folder.path());
    let mut events = Person::new(2, &store).run(&[]).events;
    events.extend(Person::new(2, &store).run(&[]).events);
    let reader = Person::new(2, "");
    let public = key(&reader, "key");
    reader.configure(&format!("{store}trusted_keys = [\"{public}\"]\n"));
    events.extend(reader.run(&[]).events);
    for pack in fs::read_dir(folder.path().join("packs")).unwrap() {
        let path = pack.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, vec![0; bytes.len()]).unwrap();
    }
    events.extend(Person::new(2, &store).run(&[]).events);
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let nowhere = format!("{}patience_s = 1\n", named(&file.join("store")));
    events.extend(Person::new(2, &nowhere).run(&[]).events);
    events
}

#[test]
fn a_damaged_store_costs_what_was_in_it_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = named(folder.path());
    let first = Person::new(4, &store);
    first.run(&[]);
    for pack in fs::read_dir(folder.path().join("packs")).unwrap() {
        fs::write(pack.unwrap().path(), "").unwrap();
    }
    let second = Person::new(4, &store);
    let run = second.run(&[]);
    assert_eq!(results(&second), results(&first));
    let warnings = run.warnings().join("\n");
    assert!(warnings.contains("remote cache"), "{warnings}");
}

#[test]
fn a_colleague_fetches_what_is_there_and_computes_only_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let store = named(folder.path());
    let (first, second) = (Person::new(6, &store), Person::new(6, &store));
    let run = first.run(&[]);
    assert_eq!((run.steps(), fetched(&run)), ((4, 0, 0), 0));
    assert_eq!(run.events_of("remote_pushed").len(), 1);
    let run = second.run(&[]);
    assert_eq!((run.steps(), fetched(&run)), ((0, 4, 0), 4));
    assert_eq!(results(&second), results(&first));
    // One more recording: the items of the others come, and only what is made of it is computed.
    let third = Person::new(7, &store);
    let run = third.run(&[]);
    assert_eq!(run.items(), (3, 18));
    let moved = &run.events_of("remote_fetched")[0];
    assert_eq!(moved["items"], 18);
    // Nobody is asked where everything is here.
    fs::remove_dir_all(folder.path()).unwrap();
    let run = third.run(&[]);
    assert_eq!((run.steps(), run.warnings().len()), ((0, 4, 0), 0));
}

#[test]
fn the_command_line_names_a_store_or_does_without() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = Person::new(3, &named(one.path()));
    first.run(&["--remote", "none"]);
    assert!(fs::read_dir(one.path()).unwrap().next().is_none());
    let path = other.path().to_str().unwrap();
    first.run(&["--remote", path]);
    assert!(fs::read_dir(one.path()).unwrap().next().is_none());
    let second = Person::new(3, "");
    let planned = second.stdout(&["plan", "pipe.toml", "--remote", path], 0);
    assert!(planned.contains("4 to fetch, 0 to run"), "{planned}");
    assert!(planned.contains("the remote cache has it"), "{planned}");
    assert!(!second.space.join("cache").exists());
    assert_eq!(fetched(&second.run(&["--remote", path])), 4);
    for wrong in ["nothing", "ftp://host/x"] {
        let told = second
            .command(&["run", "pipe.toml", "--remote", wrong])
            .output()
            .unwrap();
        assert_eq!(told.status.code(), Some(2));
        let told = String::from_utf8(told.stderr).unwrap();
        assert!(told.contains("s3://BUCKET/PREFIX"), "{told}");
    }
}

#[test]
fn push_and_pull_move_results_without_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let store = named(folder.path());
    let (first, second) = (Person::new(4, ""), Person::new(4, &store));
    first.run(&[]);
    let told = first.stdout(&["cache", "push", "pipe.toml", "--remote", "none"], 2);
    assert_eq!(told, "");
    first.configure(&store);
    let told = first.stdout(&["cache", "push", "pipe.toml"], 0);
    assert!(told.starts_with("4 of 4 results at file://"), "{told}");
    let json = second.stdout(&["cache", "pull", "pipe.toml", "--json"], 0);
    let line = lines_of_json(&json).pop().unwrap();
    assert_eq!((&line["results"], &line["missing"]), (&4.into(), &0.into()));
    // Everything is here now.
    fs::remove_dir_all(folder.path()).unwrap();
    let run = second.run(&["--remote", "none"]);
    assert_eq!(run.steps(), (0, 4, 0));
    let features = second.space.bytes("cache/packs");
    assert!(features > 1_000, "{features}");
    let told = second.stdout(&["cache", "verify"], 0);
    assert!(!told.contains("damaged"), "{told}");
}

#[test]
fn a_mode_and_a_wrong_configuration_are_heeded() {
    let folder = tempfile::tempdir().unwrap();
    let store = named(folder.path());
    let first = Person::new(3, &format!("{store}mode = \"pull\"\n"));
    first.run(&[]);
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    first.configure(&format!("{store}mode = \"push\"\n"));
    // What was computed before is sent by the next run.
    first.run(&[]);
    assert!(folder.path().join("index").exists());
    let second = Person::new(3, &format!("{store}mode = \"push\"\n"));
    assert_eq!(second.run(&[]).steps(), (4, 0, 0));
    second.configure(&format!("{store}mode = \"sometimes\"\n"));
    let told = second.command(&["run", "pipe.toml"]).output().unwrap();
    assert_eq!(told.status.code(), Some(2));
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(
        told.contains("`sometimes`") && told.contains("both"),
        "{told}"
    );
}

#[test]
fn a_store_that_cannot_be_written_costs_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let person = Person::new(
        3,
        &format!("{}patience_s = 2\n", named(&file.join("store"))),
    );
    let run = person.run(&[]);
    assert_eq!(run.steps(), (4, 0, 0));
    let warnings = run.warnings();
    let about = warnings.iter().filter(|text| text.contains("remote cache"));
    assert_eq!(about.count(), 1, "{warnings:?}");
    assert_eq!(run.events_of("remote_off").len(), 1);
}

/// A key without a password in a file; gives the public key.
fn key(person: &Person, name: &str) -> String {
    let keys = KeyPair::generate_unencrypted_keypair().unwrap();
    let secret = keys.sk.to_box(None).unwrap().to_string();
    person.space.write(name, secret);
    keys.pk.to_base64()
}

#[test]
fn entries_count_only_for_trusted_keys_and_others_are_told_of_and_computed() {
    let folder = tempfile::tempdir().unwrap();
    let store = named(folder.path());
    let (friend, stranger) = (Person::new(3, ""), Person::new(3, ""));
    let public = key(&friend, "friend.key");
    key(&stranger, "stranger.key");
    let sign = |person: &Person, name: &str| {
        let path = person.space.join(name);
        person.configure(&format!("{store}sign_with = \"{}\"\n", path.display()));
    };
    sign(&stranger, "stranger.key");
    stranger.run(&[]);
    let trusting = format!("{store}trusted_keys = [\"{public}\"]\n");
    let reader = Person::new(3, &trusting);
    let run = reader.run(&[]);
    assert_eq!((run.steps(), fetched(&run)), ((4, 0, 0), 0));
    let refused = run.events_of("remote_refused");
    assert!(!refused.is_empty());
    let warnings = run.warnings().join("\n");
    assert!(
        warnings.contains("not signed with a trusted key"),
        "{warnings}"
    );
    // Whoever trusts only signed entries sends none without a key.
    let told = reader
        .command(&["cache", "push", "pipe.toml"])
        .output()
        .unwrap();
    assert_eq!(told.status.code(), Some(2));

    sign(&friend, "friend.key");
    // Signed by a friend, the same results count, though those of the stranger lie beside them.
    friend.run(&["--remote", "none"]);
    friend.configure(&format!(
        "{store}sign_with = \"{}\"\ntrusted_keys = [\"{public}\"]\n",
        friend.space.join("friend.key").display()
    ));
    friend.stdout(&["cache", "push", "pipe.toml"], 0);
    let reader = Person::new(3, &trusting);
    let run = reader.run(&[]);
    assert_eq!((run.steps(), fetched(&run)), ((0, 4, 0), 4));
}

#[test]
fn the_doctor_says_whether_the_store_answers() {
    let folder = tempfile::tempdir().unwrap();
    let person = Person::new(1, "");
    let found = |person: &Person| {
        let lines = lines_of_json(&person.stdout(&["doctor", "--json"], 0));
        let own = lines
            .into_iter()
            .find(|line| line["name"] == "remote cache");
        own.unwrap()
    };
    assert_eq!(found(&person)["found"], "none is configured");
    person.configure(&named(folder.path()));
    let check = found(&person);
    assert!(
        check["found"].as_str().unwrap().contains("answers in"),
        "{check}"
    );
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    person.configure(&named(&file.join("store")));
    let check = found(&person);
    if check["state"] == "good" {
        skipped("a folder below a file can be listed here");
    }
}
