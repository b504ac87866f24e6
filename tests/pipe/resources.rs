//! Threads, memory and devices that commands declare, and items that they are passed without a copy.

use super::workspace::{Run, Workspace};

const SPEECH: &str = r#"
[stage.speech]
kind = "ingest"
corpora = "made"
split = "train"
"#;

/// A program that must not run twice at once: it fails where another is inside.
const ALONE: &str = "mkdir {folder}/inside && sleep 0.05 && rmdir {folder}/inside";

fn run(space: &Workspace, arguments: &[&str]) -> Run {
    let arguments = [&["run", "pipe.toml", "--json"], arguments].concat();
    let mut command = space.command(&arguments);
    Run::of(command.env("CUDA_VISIBLE_DEVICES", "5,7").output().unwrap())
}

#[test]
fn packs_hold_the_same_bytes_as_files_and_nothing_is_copied() {
    let space = Workspace::with_corpus(5);
    let stage = |name: &str, how: &str, line: &str| {
        format!(
            "[stage.{name}]\nkind = \"command\"\n{how}\ninputs = {{ speech = \"speech\" }}\nrun = '''{line}'''\noutputs = [\"sums.txt\", \"files.txt\"]\n"
        )
    };
    let files = "cd {speech}; tail -n +2 items.tsv | cut -f 1,2 | while read file id; do echo $id $(sha256sum < $file); done > {out}/sums.txt; ls > {out}/files.txt";
    let packs = "cd {speech}; tail -n +2 items.tsv | cut -f 1,2,10,11 | while read file id offset bytes; do echo $id $(tail -c +$((offset + 1)) $file | head -c $bytes | sha256sum); done > {out}/sums.txt; ls > {out}/files.txt";
    // `head` ends before `tail` has written all.
    let packs = format!("set +o pipefail; {packs}");
    let manifest = [
        SPEECH,
        &stage("files", "", files),
        &stage("packs", "items = \"packs\"", &packs),
    ];
    space.write("pipe.toml", manifest.concat());
    space.run_well("pipe.toml");
    let sums = space.read("runs/pipe/files/sums.txt");
    assert_eq!(sums.lines().count(), 5);
    assert_eq!(space.read("runs/pipe/packs/sums.txt"), sums);
    let listed = space.read("runs/pipe/packs/files.txt");
    let names: Vec<&str> = listed.lines().collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names[0].ends_with(".pack") && names[1] == "items.tsv",
        "{names:?}"
    );
}

#[test]
fn a_program_is_reported_of_what_it_declared_and_of_nothing_else() {
    let space = Workspace::with_corpus(2);
    let show = "echo threads {threads} $OMP_NUM_THREADS devices {devices} $CUDA_VISIBLE_DEVICES";
    space.write(
        "pipe.toml",
        format!(
            r#"{SPEECH}
[stage.both]
kind = "command"
threads = 3
devices = 2
run = "{show} > {{out}}/a"
outputs = ["a"]

[stage.own]
kind = "command"
threads = 64
environment = {{ OMP_NUM_THREADS = "1" }}
run = "echo {{threads}} $OMP_NUM_THREADS $CUDA_VISIBLE_DEVICES > {{out}}/a"
outputs = ["a"]

[stage.each]
kind = "command"
for_each = "speech"
threads = 2
devices = 1
run = "{show} > {{output}}"

[stage.shown]
kind = "command"
inputs = {{ each = "each" }}
run = "cat {{each}}/*.safetensors | grep -a -o 'threads.*' | sort -u > {{out}}/a"
outputs = ["a"]
"#
        ),
    );
    // One step after another, so that each can have all cores.
    let run = run(&space, &["--jobs", "4"]);
    assert_eq!(run.code, Some(0), "{:?}", run.events);
    let both = space.read("runs/pipe/both/a");
    let words: Vec<&str> = both.split_whitespace().collect();
    assert_eq!(words[1], words[2]);
    assert!(
        (1..=3).contains(&words[1].parse::<usize>().unwrap()),
        "{both}"
    );
    assert_eq!(words[3..], ["devices", "5,7", "5,7"]);
    let own = space.read("runs/pipe/own/a");
    let words: Vec<&str> = own.split_whitespace().collect();
    assert_eq!(words[1..], ["1", "5,7"], "{own}");
    for line in space.read("runs/pipe/shown/a").lines() {
        assert!(
            ["threads 2 2 devices 5 5", "threads 2 2 devices 7 7"].contains(&line),
            "{line}"
        );
    }
    // None of it is in a key.
    space.edit("pipe.toml", "threads = 3", "threads = 2");
    space.edit("pipe.toml", "devices = 2", "devices = 1");
    let again = self::run(&space, &[]);
    assert_eq!(again.steps(), (0, 5, 0));
}

#[test]
fn what_does_not_fit_side_by_side_runs_one_after_another() {
    for (declared, arguments) in [
        ("memory = \"6GB\"", &["--memory", "10GB"][..]),
        ("devices = 2", &[]),
        ("threads = 4", &[]),
    ] {
        let space = Workspace::with_corpus(6);
        let alone = ALONE.replace("{folder}", &space.path().display().to_string());
        let mut manifest = format!(
            "{SPEECH}[stage.each]\nkind = \"command\"\nfor_each = \"speech\"\n{declared}\nrun = '''{alone} && echo done > {{output}}'''\n"
        );
        // Cores are shared where there are many steps, so only items wait for threads.
        if !declared.starts_with("threads") {
            for number in 0..3 {
                manifest.push_str(&format!(
                    "[stage.whole{number}]\nkind = \"command\"\ninputs = {{ each = \"each\" }}\n{declared}\nrun = '''{alone} && echo {number} > {{out}}/a'''\noutputs = [\"a\"]\n"
                ));
            }
        }
        space.write("pipe.toml", manifest);
        let run = run(&space, &[&["--jobs", "4"], arguments].concat());
        assert_eq!(run.code, Some(0), "{declared}: {:?}", run.events);
        assert_eq!(run.finished()["items"]["bad"], 0, "{declared}");
    }
}

#[test]
fn sizes_and_placeholders_that_mean_nothing_are_refused() {
    let space = Workspace::new();
    for (declared, line, message) in [
        (
            "memory = \"lots\"",
            "echo > {out}/a",
            "`memory` is not a size",
        ),
        ("threads = 0", "echo > {out}/a", "`threads` is out of range"),
        (
            "",
            "echo {threads} > {out}/a",
            "{threads} is not available here",
        ),
        (
            "",
            "echo {devices} > {out}/a",
            "{devices} is not available here",
        ),
    ] {
        space.write(
            "pipe.toml",
            format!(
                "[stage.a]\nkind = \"command\"\n{declared}\nrun = \"{line}\"\noutputs = [\"a\"]\n"
            ),
        );
        let output = space.pipe(&["plan", "pipe.toml"]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(message), "{stderr}");
        assert_eq!(output.status.code(), Some(2), "{stderr}");
    }
}
