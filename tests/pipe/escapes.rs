//! What strangers write reaches the terminal with control characters shown, not executed.

use pipe_foundation::test_support::skipped;

use super::workspace::Workspace;

/// Clears the screen, sets the title, moves back, turns text around, and hides it: black on black.
const ATTACK: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{8}\u{9b}31m\u{202e}evil\u{1b}[30;40mhidden\u{1b}[0m";

fn no_controls(text: &str) {
    for bad in ['\u{1b}', '\u{7}', '\u{8}', '\u{9b}', '\u{202e}'] {
        assert!(!text.contains(bad), "{text:?}");
    }
}

#[test]
fn the_output_of_a_failing_program_is_shown_and_not_executed() {
    let space = Workspace::new();
    space.write("attack.txt", ATTACK);
    space.write(
        "pipe.toml",
        "[stage.a]\nkind = \"command\"\nrun = \"cat attack.txt >&2; exit 1\"\noutputs = [\"a\"]\n",
    );
    let output = space.pipe(&["run", "pipe.toml"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    no_controls(&stderr);
    assert!(stderr.contains("\\u001b[2J"), "{stderr}");
    assert!(
        stderr.contains("\\u202eevil\\u001b[30;40mhidden"),
        "{stderr}"
    );
    let shown = space.pipe(&["runs", "pipe"]);
    no_controls(&String::from_utf8(shown.stdout).unwrap());
}

#[test]
fn a_command_that_a_terminal_would_not_show_is_refused() {
    let space = Workspace::new();
    for run in [
        r#""echo > {out}/a \u001b[30;40m; touch b""#,
        r#"["touch", "{out}/a", "\r"]"#,
    ] {
        space.write(
            "pipe.toml",
            format!("[stage.a]\nkind = \"command\"\nrun = {run}\noutputs = [\"a\"]\n"),
        );
        let told = space.refused(&["plan", "pipe.toml"]);
        assert!(
            told.contains("contains the control character U+00"),
            "{told}"
        );
        no_controls(&told);
    }
    // Line breaks and tabs are shown.
    space.write(
        "pipe.toml",
        "[stage.a]\nkind = \"command\"\nrun = \"true\\n\\ttouch {out}/a\"\noutputs = [\"a\"]\n",
    );
    space.run_well("pipe.toml");
}

#[test]
fn errors_in_manifests_and_what_is_listed_show_their_controls() {
    let space = Workspace::new();
    for text in [
        format!("[stage.a]\nkind = \"command\" # {ATTACK}\n"),
        "[stage.a]\nkind = \"\\u001b[2J\\u202e\"\n".to_owned(),
        "[vars]\nx = \"\\u001b[2J\"\n[stage.\"\\u001b[2J\"]\nkind = \"command\"\n".to_owned(),
        "[matrix]\nx = [\"\\u001b[2J\", \"b\"]\n[stage.a]\nkind = \"command\"\nrun = \"echo '${matrix.x}' > {out}/a\"\noutputs = [\"a\"]\n".to_owned(),
    ] {
        space.write("pipe.toml", &text);
        for command in ["plan", "graph", "why"] {
            let output = space.pipe(&[command, "pipe.toml"]);
            no_controls(&String::from_utf8_lossy(&output.stderr));
            no_controls(&String::from_utf8_lossy(&output.stdout));
        }
    }
}

/// On a terminal there are colours, all of them the program's own.
#[test]
fn on_a_terminal_only_our_own_colours_are_obeyed() {
    let space = Workspace::new();
    space.write("attack.txt", ATTACK);
    space.write(
        "pipe.toml",
        "[stage.a]\nkind = \"command\"\nrun = \"cat attack.txt >&2; exit 1\"\noutputs = [\"a\"]\n",
    );
    space.write(
        "bad.toml",
        "[stage.\"\\u001b[30;40m\"]\nkind = 3 # \u{1b}[30;40m\n",
    );
    let mut coloured = 0;
    for arguments in ["run pipe.toml", "plan bad.toml", "runs pipe", "show pipe"] {
        let script =
            format!("unset NO_COLOR; TERM=xterm exec script -qec \"$0 {arguments}\" /dev/null");
        let mut command = space.script(&script, &[]);
        let Ok(output) = command.env_remove("NO_COLOR").output() else {
            return skipped("`script` is not there");
        };
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!told.contains("\u{1b}[30;40m"), "{told:?}");
        assert!(!told.contains("\u{1b}]0;"), "{told:?}");
        coloured += usize::from(told.contains("\u{1b}[31m"));
    }
    assert!(coloured > 0, "nothing was in colour");
}

/// Every form of predictions, on a terminal; for programs the names are as they are.
#[test]
fn names_of_recordings_are_shown_and_not_obeyed_on_a_terminal() {
    let space = super::predicting::trained();
    let evil = format!("a{}.wav", ATTACK.replace('\u{7}', ""));
    std::fs::copy(space.join("corpora/made/audio/0000.wav"), space.join(&evil)).unwrap();
    let absent = "b\u{1b}[30;40m\u{202e}.wav";
    for format in ["table", "csv", "json"] {
        let line = format!(
            "$0 predict {} --format {format} a*.wav {absent:?}",
            super::predicting::MODEL
        );
        let script = format!("TERM=xterm exec script -qec '{line}' /dev/null");
        let Ok(output) = space
            .script(&script.replace("$0", env!("CARGO_BIN_EXE_pipe")), &[])
            .output()
        else {
            return skipped("`script` is not there");
        };
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains("\\u202eevil"), "{format}: {told:?}");
        no_controls(&told);
        let output = space.pipe(&[
            "predict",
            super::predicting::MODEL,
            "--format",
            format,
            &evil,
        ]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            told.contains(ATTACK_START),
            format == "csv",
            "{format}: {told:?}"
        );
    }
}

/// What a path starts with that programs find again as it is.
const ATTACK_START: &str = "\u{1b}[2J\u{1b}]0;owned";

#[test]
fn arguments_that_are_refused_are_shown_and_not_obeyed() {
    let space = Workspace::new();
    let output = space.pipe(&["plan", "a.toml", "\u{202e}b\u{7}.toml"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    no_controls(&told);
    assert!(told.contains("\\u202eb"), "{told}");
}
