//! Standard output on a full disk: every command says so in a sentence and an exit code. A reader that goes away is none.

use super::bounded::{Ended, run_script};
use super::workspace::Workspace;

/// A command for each subcommand that prints; `RUN.tar.zst` is a bundle.
const COMMANDS: [&str; 32] = [
    "--help",
    "--version",
    "run --help",
    "run pipe.toml",
    "plan pipe.toml",
    "why pipe.toml --step count",
    "runs",
    "runs pipe",
    "whence runs/pipe/count/count.txt",
    "diff pipe:1 pipe:2",
    "show pipe",
    "show pipe --log",
    "show pipe count",
    "graph pipe.toml",
    "corpora",
    "corpora made",
    "audit made",
    "doctor",
    "cache du",
    "cache verify",
    "cache gc --max-size 1000000000000 --dry-run",
    "cache prune --dry-run",
    "cache pin pipe",
    "trust",
    "explain",
    "explain manifest::type",
    "schema",
    "schema fbank",
    "lock pipe.toml",
    "bundle export pipe.toml -o OTHER.tar.zst",
    "bundle import RUN.tar.zst -o $(mktemp -u -p .)",
    "reproduce RUN.tar.zst --allow-commands",
];

fn space() -> Workspace {
    let space = Workspace::with_corpus(4);
    space.run_well("pipe.toml");
    space.edit("pipe.toml", "bins = 23", "bins = 22");
    space.run_well("pipe.toml");
    space.stdout(&["bundle", "export", "pipe.toml", "-o", "RUN.tar.zst"]);
    space
}

fn to(space: &Workspace, command: &str, more: &str) -> Ended {
    run_script(space, &format!("\"$0\" {command} {more}"), &[])
}

#[test]
fn every_command_tells_that_standard_output_is_full() {
    let space = space();
    for command in COMMANDS {
        for json in ["", "--json"] {
            // What it tells people goes to standard error.
            if command == "run pipe.toml" && json.is_empty() {
                continue;
            }
            let ended = to(&space, command, &format!("{json} > /dev/full"));
            let place = format!("{command} {json}");
            assert_eq!(ended.code, Some(1), "{place}: {}", ended.stderr);
            let told = ended.stderr.contains("standard output");
            assert!(told, "{place}: {}", ended.stderr);
            assert!(ended.stderr.contains("No space left"), "{place}");
        }
    }
}

#[test]
fn errors_that_cannot_go_to_standard_output_go_to_standard_error() {
    let space = space();
    for command in ["plan absent.toml", "show absent"] {
        let ended = to(&space, command, "--json > /dev/full");
        assert_eq!(ended.code, Some(2), "{command}");
        assert!(
            ended.stderr.contains("absent"),
            "{command}: {}",
            ended.stderr
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let space = space();
    for command in COMMANDS {
        let ended = to(&space, command, "2> errors | true; cat errors >&2");
        assert_eq!(ended.code, Some(0), "{command}");
        assert!(
            !ended.stderr.contains("standard output"),
            "{command}: {}",
            ended.stderr
        );
        assert!(
            !ended.stderr.contains("internal"),
            "{command}: {}",
            ended.stderr
        );
    }
}

/// What goes past that one way could be lost without a word.
#[test]
fn nothing_else_writes_to_standard_output() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["src", "crates/engine/src", "crates/stages/src"].map(|name| root.join(name));
    let mut files = 0;
    for entry in sources.iter().flat_map(walkdir::WalkDir::new) {
        let path = entry.unwrap().into_path();
        let is_source = path.extension().is_some_and(|end| end == "rs");
        if !is_source || path.ends_with("cli/console.rs") {
            continue;
        }
        files += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.replace("eprint", "");
        for past in [
            "stdout().lock()",
            "print!(",
            "println!(",
            "(std::io::stdout())",
        ] {
            assert!(!code.contains(past), "{past} in {}", path.display());
        }
    }
    assert!(files > 200, "{files}");
}

/// The exit code stays that of the run, and standard output says what standard error could not.
#[test]
fn that_standard_error_is_full_is_said_on_standard_output() {
    let space = space();
    let ended = to(&space, "run pipe.toml", "2> /dev/full");
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    assert!(
        ended
            .stdout
            .contains("messages could not be written to standard error: No space left"),
        "{}",
        ended.stdout
    );
    for (command, code) in [("run absent.toml", 2), ("plan pipe.toml", 0)] {
        let ended = to(&space, command, "2> /dev/full");
        assert_eq!(ended.code, Some(code), "{command}");
        let told = ended.stdout.contains("standard error");
        assert_eq!(told, code != 0, "{command}: {}", ended.stdout);
    }
    // Where nobody can be told anything, that is no success.
    let ended = to(&space, "run pipe.toml", "> /dev/full 2> /dev/full");
    assert_eq!(ended.code, Some(1));
    // What programs read says it all.
    let ended = to(&space, "run pipe.toml --json", "2> /dev/full");
    assert_eq!(ended.code, Some(0));
    assert!(!ended.stdout.contains("standard error"));
}
