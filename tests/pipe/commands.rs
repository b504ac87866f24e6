//! Programs as stages: once or for each item, what they get, and what is said when they fail.

use super::workspace::{Run, Workspace};

const SPEECH: &str = r#"
[stage.speech]
kind = "ingest"
corpora = "made"
split = "train"
"#;

/// A workspace with a manifest of the ingest stage and `more`.
fn space(utterances: usize, more: &str) -> Workspace {
    let space = Workspace::with_corpus(utterances);
    space.write("pipe.toml", format!("{SPEECH}{more}"));
    space
}

/// What a person reads when the manifest's run fails; it must end with 1.
fn failure(space: &Workspace) -> String {
    let output = space.pipe(&["run", "pipe.toml"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    stderr
}

fn failed_steps(run: &Run) -> (Vec<String>, Vec<String>) {
    (run.with_status("failed"), run.with_status("skipped"))
}

#[test]
fn a_command_runs_once_over_whole_inputs() {
    let space = space(
        5,
        r#"
[stage.count]
kind = "command"
inputs = { speech = "speech" }
run = "cut -f 4 {speech}/items.tsv | tail -n +2 | sort | uniq -c | wc -l > {out}/speakers.txt; ls {speech} | grep -c safetensors > {out}/tables/items.txt"
outputs = ["speakers.txt", "tables/items.txt"]
"#,
    );
    space.edit(
        "pipe.toml",
        "run = \"cut",
        "run = \"mkdir {out}/tables; cut",
    );
    assert_eq!(space.run_well("pipe.toml").steps(), (2, 0, 0));
    assert_eq!(space.read("runs/pipe/count/speakers.txt").trim(), "4");
    assert_eq!(space.read("runs/pipe/count/tables/items.txt").trim(), "5");
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 2, 0));
}

#[test]
fn the_columns_that_utterances_keep_are_in_the_table_of_items() {
    let space = space(
        3,
        r#"
[stage.copy]
kind = "command"
inputs = { speech = "speech" }
run = "cp {speech}/items.tsv {out}/items.txt"
outputs = ["items.txt"]
"#,
    );
    let table = space.read("corpora/made/table.csv");
    let mut lines = table.lines();
    let head = format!("{},device,bytes\n", lines.next().unwrap());
    let rows = lines.enumerate().map(|(number, line)| match number {
        0 => format!("{line},phone,7\n"),
        _ => format!("{line},,\n"),
    });
    space.write("corpora/made/table.csv", head + &rows.collect::<String>());
    space.edit(
        "pipe.toml",
        "corpora = \"made\"",
        "corpora = \"made\"\ncolumns = [\"device\", \"bytes\"]",
    );
    space.run_well("pipe.toml");
    let items = space.read("runs/pipe/copy/items.txt");
    let lines: Vec<&str> = items.lines().collect();
    assert!(
        lines[0].ends_with("\tsplit\tcolumn_bytes\tdevice"),
        "{items}"
    );
    assert!(lines[1].ends_with("\ttrain\t7\tphone"), "{items}");
    assert!(lines[2].ends_with("\ttrain\t\t"), "{items}");
}

#[test]
fn a_command_runs_for_each_item_and_one_changed_item_costs_one() {
    let space = space(
        6,
        r#"
[stage.copy]
kind = "command"
for_each = "speech"
makes = "audio"
run = ["cp", "{input}", "{output}"]

[stage.fbank]
kind = "fbank"
input = "copy"

[stage.same]
kind = "command"
for_each = "fbank"
makes = "features"
run = "cat {input} > {output}"

[stage.size]
kind = "command"
for_each = "same"
run = "wc -c < '{input}' > \"{output}\""

[stage.all]
kind = "command"
inputs = { sizes = "size" }
run = "ls {sizes} | wc -l > {out}/count.txt"
outputs = ["count.txt"]
"#,
    );
    let first = space.run_well("pipe.toml");
    assert_eq!((first.steps(), first.items()), ((6, 0, 0), (30, 0)));
    assert_eq!(space.read("runs/pipe/all/count.txt").trim(), "7");
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 6, 0));
    space.tone("corpora/made/audio/0002.wav", 16_000, 0.3, 900.0);
    assert_eq!(space.run_well("pipe.toml").items(), (5, 25));
}

#[test]
fn a_command_for_each_item_is_repeated_for_each_variant() {
    let space = space(
        3,
        r#"
[stage.louder]
kind = "augment"
input = "speech"
keep_original = false
seed = "${matrix.seed}"

[stage.copy]
kind = "command"
for_each = "louder"
makes = "audio"
run = ["cp", "{input}", "{output}"]

[matrix]
seed = [1, 2]
"#,
    );
    let run = space.run_well("pipe.toml");
    let mut executed = run.executed();
    executed.sort();
    assert_eq!(
        executed,
        [
            "copy[seed=1]",
            "copy[seed=2]",
            "louder[seed=1]",
            "louder[seed=2]",
            "speech"
        ]
    );
}

#[test]
fn a_command_for_each_item_takes_the_items_of_several_stages() {
    let space = space(
        4,
        r#"
[stage.more]
kind = "augment"
input = "speech"
keep_original = false
[stage.size]
kind = "command"
for_each = ["speech", "more"]
run = "wc -c < {input} > {output}"
[stage.all]
kind = "command"
inputs = { size = "size" }
run = "ls {size} | grep -v items.tsv | wc -l > {out}/count.txt"
outputs = ["count.txt"]
"#,
    );
    space.run_well("pipe.toml");
    assert_eq!(space.read("runs/pipe/all/count.txt").trim(), "8");
}

#[test]
fn a_failing_program_is_reported_with_its_last_words() {
    let space = space(
        2,
        r#"
[stage.fails]
kind = "command"
inputs = { speech = "speech" }
run = "for i in $(seq 100); do echo line $i >&2; done; echo no such voice >&2; exit 3"
outputs = ["never.txt"]

[stage.after]
kind = "command"
inputs = { fails = "fails" }
run = "cp {fails}/never.txt {out}/"
outputs = ["never.txt"]
"#,
    );
    let told = failure(&space);
    for expected in [
        "fails failed",
        "command::failed",
        "exit code 3",
        "no such voice",
        "line 99",
        "help:",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert!(!told.contains("line 12\n"), "only the last lines: {told}");
    let run = space.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        failed_steps(&run),
        (vec!["fails".into()], vec!["after".into()])
    );
    space.edit("pipe.toml", "exit 3", "echo there > {out}/never.txt");
    space.run_well("pipe.toml");
    assert_eq!(space.read("runs/pipe/after/never.txt").trim(), "there");
}

#[test]
fn a_program_that_is_not_there_and_an_output_that_was_not_written_are_named() {
    let space = space(
        2,
        r#"
[stage.count]
kind = "command"
inputs = { speech = "speech" }
run = ["no-such-program", "{speech}"]
outputs = ["count.txt", "more.txt"]
"#,
    );
    let told = failure(&space);
    assert!(told.contains("cannot start `no-such-program`"), "{told}");
    assert!(told.contains("on the PATH"), "{told}");
    space.edit(
        "pipe.toml",
        "run = [\"no-such-program\", \"{speech}\"]",
        "run = \"echo 1 > {out}/count.txt\"",
    );
    let told = failure(&space);
    assert!(told.contains("did not write `more.txt`"), "{told}");
    assert!(told.contains("help:"), "{told}");
    assert!(
        !space.join("runs/pipe/count").exists(),
        "half a result was shown"
    );
}

#[test]
fn an_item_whose_program_fails_is_set_aside_with_the_reason() {
    let space = space(
        4,
        r#"
[stage.copy]
kind = "command"
for_each = "speech"
makes = "audio"
max_bad = 0.5
run = "if [ $(wc -c < {input}) -gt 60000 ]; then echo too long >&2; exit 4; fi; cp {input} {output}"
"#,
    );
    space.tone("corpora/made/audio/0001.wav", 16_000, 1.5, 200.0);
    let run = space.run_well("pipe.toml");
    let bad = run.events_of("item_bad");
    assert_eq!(bad.len(), 1);
    let item = bad[0].to_string();
    assert!(
        item.contains("made/audio/0001")
            && item.contains("too long")
            && item.contains("exit code 4"),
        "{item}"
    );
    space.edit("pipe.toml", "max_bad = 0.5", "max_bad = 0");
    let told = failure(&space);
    assert!(
        told.contains("copy failed") && told.contains("made/audio/0001"),
        "{told}"
    );
}

#[test]
fn an_edited_script_runs_again_and_an_untouched_one_does_not() {
    let space = space(
        2,
        r#"
[stage.count]
kind = "command"
inputs = { speech = "speech" }
files = ["tools/count.sh"]
run = ["sh", "tools/count.sh", "{speech}", "{out}"]
outputs = ["count.txt"]
"#,
    );
    space.write("tools/count.sh", "ls \"$1\" | wc -l > \"$2/count.txt\"\n");
    assert_eq!(space.run_well("pipe.toml").steps(), (2, 0, 0));
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 2, 0));
    space.write("tools/count.sh", "echo none > \"$2/count.txt\"\n");
    let run = space.run_well("pipe.toml");
    assert_eq!(run.executed(), ["count"]);
    assert_eq!(space.read("runs/pipe/count/count.txt").trim(), "none");
    let why = space.stdout(&["why", "pipe.toml", "--step", "count"]);
    assert!(why.contains("file.tools/count.sh"), "{why}");
}

#[test]
fn paths_with_spaces_and_quotes_reach_the_program_whole() {
    let space = space(
        2,
        r#"
[stage.bare]
kind = "command"
inputs = { speech = "speech" }
run = "ls {speech} | wc -l > {out}/count.txt"
outputs = ["count.txt"]

[stage.quoted]
kind = "command"
inputs = { speech = "speech" }
run = "ls \"{speech}\" | wc -l > '{out}/count.txt'"
outputs = ["count.txt"]

[stage.listed]
kind = "command"
inputs = { speech = "speech" }
run = ["cp", "{speech}/items.tsv", "{out}/count.txt"]
outputs = ["count.txt"]
"#,
    );
    let run = space.run(
        "pipe.toml",
        &["--cache", "it's a $HOME \"cache\"", "--runs", "my runs"],
    );
    assert_eq!(run.code, Some(0), "{:?}\n{}", run.events, run.stderr);
    for stage in ["bare", "quoted"] {
        assert_eq!(
            space
                .read(&format!("my runs/pipe/{stage}/count.txt"))
                .trim(),
            "3"
        );
    }
}

#[test]
fn a_command_gathers_all_variants_of_its_inputs() {
    let space = space(
        3,
        r#"
[stage.fbank]
kind = "fbank"
input = "speech"
bins = "${matrix.bins}"

[stage.count]
kind = "command"
inputs = { features = "fbank" }
run = "cd {features}; ls -d */ | tr -d '/' > {out}/folders.txt; cat */items.tsv | wc -l > {out}/rows.txt"
outputs = ["folders.txt", "rows.txt"]

[matrix]
bins = [20, 23]
"#,
    );
    assert_eq!(space.run_well("pipe.toml").steps(), (4, 0, 0));
    assert_eq!(
        space.read("runs/pipe/count/folders.txt"),
        "bins=20\nbins=23\n"
    );
    assert_eq!(space.read("runs/pipe/count/rows.txt").trim(), "8");
}
