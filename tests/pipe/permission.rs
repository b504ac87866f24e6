//! Manifests of a project that the user has not trusted start no programs and name no files outside of it.

use std::fs;
use std::process::{Command, Stdio};

use super::workspace::{Run, Workspace};

/// A user's own configuration.
pub struct Configuration(tempfile::TempDir);

impl Configuration {
    pub fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn command(&self, space: &Workspace, arguments: &[&str]) -> Command {
        let mut command = space.command(arguments);
        command.env("XDG_CONFIG_HOME", self.0.path());
        command
    }

    pub fn run(&self, space: &Workspace, more: &[&str]) -> Run {
        let arguments = [&["run", "pipe.toml", "--json"], more].concat();
        Run::of(self.command(space, &arguments).output().unwrap())
    }

    /// Standard output, standard error and the exit code.
    pub fn says(&self, space: &Workspace, arguments: &[&str]) -> (String, String, i32) {
        let output = self.command(space, arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        (text(output.stdout), text(output.stderr), code)
    }
}

fn with_program() -> Workspace {
    Workspace::with_manifest(
        "pipe.toml",
        "[stage.greet]\nkind = \"command\"\nrun = \"echo hello > {out}/a.txt\"\noutputs = [\"a.txt\"]\n",
    )
}

#[test]
fn programs_of_a_project_that_is_not_trusted_do_not_start() {
    let (space, user) = (with_program(), Configuration::empty());
    let (_, stderr, code) = user.says(&space, &["run", "pipe.toml"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("trust::commands"), "{stderr}");
    assert!(
        stderr.contains("greet: echo hello > {out}/a.txt"),
        "{stderr}"
    );
    assert!(stderr.contains("pipe trust /"), "{stderr}");
    assert!(!space.join("cache").exists() && !space.join("runs").exists());
    // To look is free.
    let (stdout, _, code) = user.says(&space, &["plan", "pipe.toml"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("$ echo hello > {out}/a.txt"), "{stdout}");

    // For once.
    let once = user.run(&space, &["--allow-commands"]);
    assert_eq!((once.code, once.steps()), (Some(0), (1, 0, 0)));
    assert_eq!(user.run(&space, &[]).code, Some(2));

    // For good, and no longer.
    assert_eq!(user.says(&space, &["trust", "."]).2, 0);
    assert_eq!(user.run(&space, &[]).steps(), (0, 1, 0));
    let (listed, _, _) = user.says(&space, &["trust"]);
    let real = space.path().canonicalize().unwrap();
    assert_eq!(listed.trim(), real.display().to_string());
    assert_eq!(user.says(&space, &["trust", ".", "--remove"]).2, 0);
    assert_eq!(user.run(&space, &[]).code, Some(2));
}

#[test]
fn trust_in_a_folder_covers_those_below_and_no_unpacked_bundle() {
    let (space, user) = (Workspace::new(), Configuration::empty());
    let manifest = with_program().read("pipe.toml");
    space.write("mine/pipelines/pipe.toml", &manifest);
    space.write("received/pipelines/pipe.toml", &manifest);
    space.write("received/bundle.json", "{}");
    assert_eq!(user.says(&space, &["trust", "."]).2, 0);
    let code_of = |folder: &str| {
        let path = format!("{folder}/pipelines/pipe.toml");
        user.says(&space, &["run", &path]).2
    };
    assert_eq!(code_of("mine"), 0);
    assert_eq!(code_of("received"), 2);
    assert_eq!(user.says(&space, &["trust", "received"]).2, 0);
    assert_eq!(code_of("received"), 0);
}

#[test]
fn paths_that_lead_out_of_the_project_are_refused_without_a_look_at_the_files() {
    let (space, user) = (Workspace::new(), Configuration::empty());
    space.write("secret.toml", "password = hunter2\n");
    space.write("secret.csv", "hunter2\n");
    space.write("project/corpora.toml", "folder = \"corpora\"\n");
    let secret = space.join("secret.csv");
    let secret = secret.display();
    let stage = "[stage.a]\nkind = \"command\"\nrun = \"echo > {out}/a\"\noutputs = [\"a\"]\n";
    let ingest = "[stage.a]\nkind = \"ingest\"\ncorpora = [\"synthetic\"]\n";
    for (text, places) in [
        (format!("include = \"../secret.toml\"\n{stage}"), 1),
        (format!("corpora = \"../secret.toml\"\n{stage}"), 1),
        (
            format!("{stage}files = [\"pipe.toml\", \"../secret.csv\", \"{secret}\"]\n"),
            2,
        ),
        (format!("{ingest}split_file = \"{secret}\"\n"), 1),
    ] {
        space.write("project/pipe.toml", &text);
        for subcommand in ["run", "plan", "why", "graph", "report"] {
            let (stdout, stderr, code) = user.says(&space, &[subcommand, "project/pipe.toml"]);
            assert_eq!(code, 2, "{subcommand} {text}: {stderr}");
            assert_eq!(
                stderr.matches("leads out of the project").count(),
                places,
                "{stderr}"
            );
            assert!(!format!("{stdout}{stderr}").contains("hunter2"), "{stderr}");
        }
    }
    assert!(!space.join("cache").exists());

    space.write("a.txt", "a");
    let files = format!("{stage}files = [\"../a.txt\"]\n");
    space.write("project/pipe.toml", files);
    let allowed = ["--allow-paths", "--allow-commands"];
    for (more, code) in [
        (&allowed[..0], 2),
        (&allowed[1..], 2),
        (&allowed[..1], 2),
        (&allowed[..], 0),
    ] {
        let arguments = [&["run", "project/pipe.toml"], more].concat();
        let (_, stderr, found) = user.says(&space, &arguments);
        assert_eq!(found, code, "{arguments:?}: {stderr}");
    }
    assert_eq!(user.says(&space, &["trust", "project"]).2, 0);
    assert_eq!(user.says(&space, &["run", "project/pipe.toml"]).2, 0);
}

#[test]
fn what_the_command_line_names_may_be_anywhere() {
    let (space, user) = (Workspace::with_corpus(4), Configuration::empty());
    fs::rename(space.join("corpora.toml"), space.join("elsewhere.toml")).unwrap();
    space.write("project/corpora.toml", "");
    space.write("split.tsv", "no table\n");
    space.write("project/pipe.toml", super::manifests::chain());
    let set = format!(
        "speech.split_file=\"{}\"",
        space.join("split.tsv").display()
    );
    let arguments = [
        "plan",
        "project/pipe.toml",
        "--corpora",
        "elsewhere.toml",
        "--set",
        &set,
    ];
    let (stdout, stderr, _) = user.says(&space, &arguments);
    assert!(!stderr.contains("leads out"), "{stderr}");
    assert!(stdout.contains("cannot run: "), "{stdout}{stderr}");
}

/// Runs the binary in a terminal of its own, with `answer` typed.
pub fn at_a_terminal(
    user: &Configuration,
    space: &Workspace,
    line: &str,
    answer: &str,
) -> (String, i32) {
    let pipe = env!("CARGO_BIN_EXE_pipe");
    let mut command = Command::new("script");
    command.args([
        "--quiet",
        "--return",
        "--command",
        &format!("{pipe} {line}"),
        "/dev/null",
    ]);
    command
        .current_dir(space.path())
        .env("XDG_CONFIG_HOME", user.0.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), answer.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    (shown, output.status.code().unwrap())
}

#[test]
fn on_a_terminal_the_user_is_asked_once() {
    let (space, user) = (with_program(), Configuration::empty());
    let (shown, code) = at_a_terminal(&user, &space, "run pipe.toml", "n\n");
    assert!(shown.contains("greet: echo hello > {out}/a.txt"), "{shown}");
    assert!(shown.contains("Do you trust"), "{shown}");
    assert_eq!(code, 2, "{shown}");
    let (shown, code) = at_a_terminal(&user, &space, "run pipe.toml", "y\n");
    assert_eq!(code, 0, "{shown}");
    let (shown, code) = at_a_terminal(&user, &space, "run pipe.toml", "");
    assert!(!shown.contains("Do you trust"), "{shown}");
    assert_eq!(code, 0, "{shown}");
}

#[test]
fn a_configuration_that_cannot_be_read_trusts_nobody_and_says_so() {
    let (space, user) = (with_program(), Configuration::empty());
    fs::create_dir(user.0.path().join("pipe")).unwrap();
    fs::write(user.0.path().join("pipe/trust.toml"), "folders = 3\n").unwrap();
    let (_, stderr, code) = user.says(&space, &["run", "pipe.toml"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("trust::unreadable"), "{stderr}");
    assert!(!space.join("runs").exists());
    let allowed = ["--allow-commands", "--allow-paths"];
    assert_eq!(user.run(&space, &allowed).code, Some(0));
}

/// What needs no trust needs no file that says who is trusted.
#[test]
fn a_configuration_that_cannot_be_read_is_no_matter_where_nothing_has_to_be_trusted() {
    let (space, user) = (Workspace::with_corpus(3), Configuration::empty());
    fs::create_dir(user.0.path().join("pipe")).unwrap();
    fs::write(user.0.path().join("pipe/trust.toml"), "folders = 3\n").unwrap();
    space.write("pipe.toml", super::manifests::MADE);
    assert_eq!(user.run(&space, &[]).code, Some(0));
    space.write(
        "pipe.toml",
        "corpora = \"../c.toml\"\n".to_owned() + super::manifests::MADE,
    );
    let (_, stderr, code) = user.says(&space, &["run", "pipe.toml"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("trust::unreadable"), "{stderr}");
}

/// Whoever lets a manifest read files elsewhere does not show them to all who see its errors.
#[test]
fn nothing_is_shown_of_a_file_outside_that_cannot_be_parsed_or_does_not_belong_there() {
    let (space, user) = (Workspace::new(), Configuration::empty());
    space.write("project/corpora.toml", "folder = \"corpora\"\n");
    let stage = "[stage.a]\nkind = \"command\"\nrun = \"echo > {out}/a\"\noutputs = [\"a\"]\n";
    for (key, secret) in [
        ("include", "root:hunter2:0:0\n"),
        ("include", "password = hunter2\n"),
        ("include", "password = \"hunter2\"\n"),
        ("include", "[stage.b]\nkind = \"hunter2\"\n"),
        ("corpora", "root:hunter2:0:0\n"),
        ("corpora", "password = \"hunter2\"\n"),
    ] {
        space.write("secret", secret);
        space.write(
            "project/pipe.toml",
            format!("{key} = \"../secret\"\n{stage}"),
        );
        for json in [&[][..], &["--json"]] {
            let arguments = [&["plan", "project/pipe.toml", "--allow-paths"], json].concat();
            let (stdout, stderr, code) = user.says(&space, &arguments);
            let told = format!("{stdout}{stderr}");
            assert_eq!(code, 2, "{told}");
            let kind = secret.contains("kind");
            assert!(!told.contains("password = "), "{told}");
            assert!(kind || !told.contains("hunter2"), "{told}");
            assert!(told.contains("secret"), "{told}");
        }
    }
}

#[test]
fn a_sandbox_lets_programs_write_their_outputs_and_nothing_else() {
    if !Command::new("bwrap")
        .args(["--ro-bind", "/", "/", "--unshare-all", "true"])
        .status()
        .is_ok_and(|status| status.success())
    {
        pipe_foundation::test_support::skipped(
            "bubblewrap is not installed, or may not make user namespaces",
        );
        return;
    }
    let script = "echo x > {out}/a.txt; echo y > $TMPDIR/b; echo z > elsewhere.txt; ls -A ~/.ssh | wc -l > {out}/keys.txt; \
        wc -l < /proc/net/dev > {out}/net.txt; cat /proc/[0-9]*/cmdline > {out}/processes.txt";
    let manifest = |run: &str| {
        format!("[stage.one]\nkind = \"command\"\nrun = \"\"\"{run}\"\"\"\noutputs = [\"a.txt\"]\n")
    };
    let space = Workspace::with_manifest("pipe.toml", manifest(&format!("{script} || true")));
    space.write("home/.ssh/id", "a key");
    let run = |more: &[&str]| {
        let mut command = space.command(&[&["run", "pipe.toml", "--json"], more].concat());
        Run::of(command.env("HOME", space.join("home")).output().unwrap())
    };
    let boxed = run(&["--sandbox"]);
    assert_eq!(boxed.code, Some(0), "{:?}", boxed.events);
    assert!(!space.join("elsewhere.txt").exists());
    let read = |name: &str| space.read(&format!("runs/pipe/one/{name}"));
    assert_eq!(read("keys.txt").trim(), "0");
    // Two lines of heading, and the loopback.
    assert_eq!(read("net.txt").trim(), "3");
    assert!(
        !read("processes.txt").contains("--sandbox"),
        "{}",
        read("processes.txt")
    );
    // The same key with and without.
    assert_eq!(run(&[]).steps(), (0, 1, 0));

    space.write("pipe.toml", manifest("echo z > elsewhere.txt"));
    let failed = run(&["--sandbox"]);
    assert_eq!(failed.code, Some(1));
    assert!(
        failed.error().contains("Read-only file system"),
        "{}",
        failed.error()
    );
    assert!(!failed.error().contains("bwrap"), "{}", failed.error());
}
