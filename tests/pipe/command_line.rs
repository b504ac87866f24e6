//! What is made of the one definition of the command line: completions, manual pages, the reference.

use std::process::{Command, Stdio};

use super::workspace::Workspace;

/// Whether `program` is there; a test that needs it says so otherwise.
fn is_there(program: &str) -> bool {
    let started = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if started.is_err() {
        pipe_foundation::test_support::skipped(format_args!("{program} is not installed"));
    }
    started.is_ok()
}

/// What `program` prints for a script, which must go well.
fn shell(space: &Workspace, program: &str, arguments: &[&str], script: &str) -> String {
    let mut command = Command::new(program);
    command.args(arguments).args(["-c", script]);
    let output = command.current_dir(space.path()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn bash_completes_commands_options_and_their_values() {
    if !is_there("bash") {
        return;
    }
    let space = Workspace::new();
    space.write("pipe.bash", space.stdout(&["completions", "bash"]));
    let registered = shell(
        &space,
        "bash",
        &["--norc", "--noprofile"],
        "source pipe.bash; complete -p pipe",
    );
    assert!(registered.trim_end().ends_with(" pipe"), "{registered}");
    // As bash calls the function that `complete -p` names: the command, the word, and the one before it.
    let completed = |words: &[&str]| {
        let (word, before) = (words[words.len() - 1], words[words.len() - 2]);
        let script = format!(
            "source pipe.bash; COMP_WORDS=({}); COMP_CWORD={}; _pipe pipe '{word}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words
                .iter()
                .map(|word| format!("'{word}'"))
                .collect::<Vec<_>>()
                .join(" "),
            words.len() - 1,
        );
        let text = shell(&space, "bash", &["--norc", "--noprofile"], &script);
        text.lines().map(str::to_owned).collect::<Vec<String>>()
    };
    assert_eq!(completed(&["pipe", "ru"]), ["run", "runs"]);
    assert_eq!(completed(&["pipe", "run", "--targ"]), ["--target"]);
    assert_eq!(completed(&["pipe", "cache", "pru"]), ["prune"]);
    assert_eq!(
        completed(&["pipe", "completions", ""])
            .iter()
            .filter(|word| ["bash", "zsh", "fish"].contains(&word.as_str()))
            .count(),
        3
    );
    assert_eq!(
        completed(&["pipe", "graph", "--format", "mer"]),
        ["mermaid"]
    );
}

#[test]
fn fish_completes_commands_and_options() {
    if !is_there("fish") {
        return;
    }
    let space = Workspace::new();
    space.write("pipe.fish", space.stdout(&["completions", "fish"]));
    let commands = shell(
        &space,
        "fish",
        &["--no-config"],
        "source pipe.fish; complete -C 'pipe ru'",
    );
    let names: Vec<&str> = commands
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    assert_eq!(names, ["run", "runs"]);
    let options = shell(
        &space,
        "fish",
        &["--no-config"],
        "source pipe.fish; complete -C 'pipe run --targ'",
    );
    assert!(options.starts_with("--target\t"), "{options}");
}

#[test]
fn zsh_takes_the_script() {
    if !is_there("zsh") {
        return;
    }
    let space = Workspace::new();
    space.write("_pipe", space.stdout(&["completions", "zsh"]));
    let script =
        "fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -d dump; print $_comps[pipe]";
    assert_eq!(shell(&space, "zsh", &["-f"], script).trim(), "_pipe");
}

#[test]
fn every_command_has_a_page_of_man() {
    let space = Workspace::new();
    let wrote = space.stdout(&["man", "pages/man1"]);
    let pages = space.files("pages/man1");
    assert!(wrote.contains(&format!("{} pages", pages.len())), "{wrote}");
    for (name, about) in [
        ("pipe.1", "manifests"),
        ("pipe-run.1", "Bring every step"),
        ("pipe-cache-prune.1", "prune"),
        ("pipe-bundle-export.1", "one file"),
    ] {
        let page = String::from_utf8_lossy(&pages[name]);
        assert!(
            page.contains(".TH ") && page.contains(about),
            "{name}: {page}"
        );
    }
    // Every command of the help has one.
    let help = space.stdout(&["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: Vec<&str> = names
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(pages.contains_key(&format!("pipe-{name}.1")), "{name}");
    }
    if is_there("groff") {
        let script = "for page in pages/man1/*.1; do groff -man -Tutf8 -ww \"$page\" > \"$page.txt\"; done; cat pages/man1/pipe-run.1.txt";
        let text = shell(&space, "sh", &[], script);
        assert!(text.contains("Change a value: stage.key=value"), "{text}");
    }
}

#[test]
fn the_reference_in_the_documents_is_that_of_the_program() {
    let space = Workspace::new();
    space.stdout(&["man", "--format", "markdown", "."]);
    let own = space.read("reference.md");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md");
    let documented = std::fs::read_to_string(path).unwrap_or_default();
    let differs = own
        .lines()
        .zip(documented.lines())
        .find(|(own, other)| own != other);
    assert!(
        own == documented,
        "docs/reference.md is not what `pipe man --format markdown docs` writes; the first difference: {differs:?}"
    );
}
