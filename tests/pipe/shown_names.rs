//! Names of stages and matrix values that a program or a report shows: renamed, they are shown anew.

use super::keys::{MANIFEST, write_files};
use super::workspace::Workspace;

#[test]
fn a_renamed_value_of_an_axis_reaches_the_program() {
    let space = Workspace::with_corpus(3);
    space.write(
        "pipe.toml",
        r#"
[matrix]
mel = [{ name = "few", bins = 20 }, { name = "many", bins = 23 }]

[stage.speech]
kind = "ingest"
corpora = "made"
split = "train"

[stage.fbank]
kind = "fbank"
input = "speech"
bins = "${matrix.mel.bins}"

[stage.list]
kind = "command"
inputs = { features = "fbank" }
run = "ls {features} > {out}/list.txt"
outputs = ["list.txt"]
"#,
    );
    space.run_well("pipe.toml");
    assert_eq!(space.read("runs/pipe/list/list.txt"), "mel=few\nmel=many\n");
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 4, 0));
    space.edit("pipe.toml", "\"many\"", "\"most\"");
    let renamed = space.run_well("pipe.toml");
    assert_eq!(renamed.executed(), ["list"]);
    assert_eq!(space.read("runs/pipe/list/list.txt"), "mel=few\nmel=most\n");
    let why = space.stdout(&["why", "pipe.toml", "--step", "list"]);
    assert!(
        why.contains("mel=many") && why.contains("mel=most"),
        "{why}"
    );
    space.edit("pipe.toml", "mel = [", "scale = [");
    space.edit("pipe.toml", "matrix.mel", "matrix.scale");
    assert_eq!(space.run_well("pipe.toml").executed(), ["list"]);
}

#[test]
fn a_report_that_lacks_a_step_names_it_as_it_is_called_now() {
    let space = Workspace::with_corpus(16);
    let broken = MANIFEST.replace(
        "[stage.test]\n",
        "[stage.loose]\nkind = \"evaluate\"\nmodel = \"network\"\ninput = \"loud\"\n\n[stage.loud]\nkind = \"fbank\"\ninput = \"tested\"\nsample_rate_hz = 8000\nbins = 20\n\n[stage.test]\n",
    );
    space.write(
        "pipe.toml",
        broken.replace("[\"test\", \"again\"]", "[\"test\", \"loose\"]"),
    );
    write_files(&space);
    let report = |space: &Workspace| {
        let run = space.run("pipe.toml", &["--keep-going"]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        space.read("runs/pipe/report/report.md").replace('\\', "")
    };
    assert!(
        report(&space).contains("loose[size=large]"),
        "{}",
        report(&space)
    );
    space.edit("pipe.toml", "size = [", "width = [");
    space.edit("pipe.toml", "matrix.size", "matrix.width");
    assert!(
        report(&space).contains("loose[width=large]"),
        "{}",
        report(&space)
    );
}
