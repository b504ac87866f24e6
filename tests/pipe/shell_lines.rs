//! Lines that a shell runs: a pipe fails when any of its programs does, and which shell it is is in the key.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::workspace::{Run, Workspace};

fn space(line: &str) -> Workspace {
    let space = Workspace::new();
    let text = format!(
        "[stage.count]\nkind = \"command\"\nrun = '''{line}'''\noutputs = [\"count.txt\"]\n"
    );
    space.write("pipe.toml", text);
    space
}

#[test]
fn a_line_fails_when_any_program_of_a_pipe_does() {
    for head in ["no-such-program", "(exit 3)", "cat missing.txt"] {
        let space = space(&format!("{head} | tee {{out}}/count.txt"));
        for _ in 0..2 {
            let run = space.run("pipe.toml", &[]);
            assert_eq!(run.code, Some(1), "{head}: {:?}", run.events);
            assert_eq!(run.failure()["code"], "command::failed");
        }
        assert!(!space.join("runs/pipe/count").exists());
    }
}

#[test]
fn a_program_that_writes_into_a_pipe_without_a_reader_fails_unless_the_line_allows_it() {
    let line = "yes | head -n 1 > {out}/count.txt";
    let space = space(line);
    let failed = space.run("pipe.toml", &[]);
    assert_eq!(failed.code, Some(1));
    let error = failed.failure()["error"].to_string();
    assert!(
        error.contains("141") && error.contains("reader had ended"),
        "{error}"
    );
    space.edit("pipe.toml", "yes |", "(yes || true) |");
    space.run_well("pipe.toml");
    assert_eq!(space.read("runs/pipe/count/count.txt"), "y\n");
}

#[test]
fn the_help_of_a_failed_line_can_be_typed() {
    let space = space("echo it\\'s > count.txt; exit 3");
    let run = space.run("pipe.toml", &[]);
    let help = run.failure()["help"].as_str().unwrap();
    let typed = help.strip_prefix("run it by hand: ").unwrap();
    let again = std::process::Command::new("sh")
        .args(["-c", typed])
        .current_dir(space.path())
        .status();
    assert_eq!(again.unwrap().code(), Some(3), "{typed}");
    assert_eq!(space.read("count.txt"), "it's\n");
}

#[test]
fn a_startup_file_of_the_shell_is_not_read() {
    let space = space("echo $WORD > {out}/count.txt");
    space.write("startup.sh", "WORD=inherited\n");
    let mut command = space.command(&["run", "pipe.toml", "--json"]);
    command.env("BASH_ENV", space.join("startup.sh"));
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(space.read("runs/pipe/count/count.txt"), "\n");
}

/// A folder for PATH with the programs of the lines here, and an `sh` that knows no `pipefail` instead of `bash`.
fn without_bash(space: &Workspace) -> std::path::PathBuf {
    let folder = space.join("bin");
    std::fs::create_dir(&folder).unwrap();
    for program in ["tee", "cat"] {
        let place = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(program));
        let place = place.iter().find(|place| place.exists()).unwrap();
        symlink(place, folder.join(program)).unwrap();
    }
    space.write(
        "shell.txt",
        "#!/bin/sh\ntest \"$1\" != -o || exit 2\nexec /bin/sh \"$@\"\n",
    );
    space.install(&space.join("shell.txt"), "bin/sh");
    folder
}

#[test]
fn without_a_shell_that_notices_it_a_warning_says_so_and_the_key_is_another() {
    let space = space("(cat missing.txt; echo 1) | tee {out}/count.txt");
    let usual = space.run_well("pipe.toml").key("count");
    space.edit("pipe.toml", "; echo 1)", ")");
    let text = space.read("pipe.toml");
    let second = text
        .replace("count]", "other]")
        .replace("cat missing", "cat  missing");
    space.write("pipe.toml", format!("{text}{second}"));
    let path = without_bash(&space);
    let plain = |space: &Workspace| {
        let mut command = space.command(&["run", "pipe.toml", "--json"]);
        Run::of(command.env("PATH", &path).output().unwrap())
    };
    let run = plain(&space);
    assert_eq!(run.code, Some(0), "{:?}\n{}", run.events, run.stderr);
    let warnings = run.events_of("warning");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].to_string().contains("pipefail"), "{warnings:?}");
    // With bash, what the other shell took for done is not taken over.
    assert_eq!(space.run("pipe.toml", &["--keep-going"]).steps(), (0, 0, 2));
    space.write(
        "pipe.toml",
        text.replace("missing.txt)", "missing.txt; echo 1)"),
    );
    assert_ne!(plain(&space).key("count"), usual);
    assert_eq!(space.run_well("pipe.toml").key("count"), usual);
}
