//! What `plan` and the start of a run say of a study by what is listed alone, before anything is computed.

use super::manifests::{ENCODER, NEAR_AND_FAR, TEST, front_end};
use super::tasks::space;
use super::workspace::{Workspace, lines_of_json};

/// A training on `near`, and a test on the same corpus that another stage lists, in a chain of its own.
fn two_chains() -> Workspace {
    let others = front_end("\"unseen\"")
        .replace("stage.audio", "stage.audio2")
        .replace("\"audio\"", "\"audio2\"")
        .replace("stage.fbank", "stage.fbank2");
    let manifest = [
        NEAR_AND_FAR,
        &front_end("\"speech\""),
        "[stage.train]\nkind = \"train\"\ninput = \"fbank\"\nepochs = 1\nheads = []\n",
        ENCODER,
        "[stage.unseen]\nkind = \"ingest\"\ncorpora = \"near\"\nsplit = \"test\"\n",
        &others,
        &TEST.replace("\"fbank\"", "\"fbank2\""),
    ]
    .concat();
    Workspace::synthetic("p.toml", manifest)
}

#[test]
fn speakers_that_separate_chains_share_are_found_before_anything_is_computed() {
    let space = two_chains();
    let plan = space.stdout_of_exit(&["plan", "p.toml"], 1);
    for text in [
        "training and held-out data overlap [shared_audio, shared_speaker]",
        "speaker near/",
        "was in training",
        "[data::leak, p.toml:",
        "leaks = { shared_audio = \"warn\", shared_speaker = \"warn\" }",
    ] {
        assert!(plan.contains(text), "{text} is missing:\n{plan}");
    }
    let told = space.stdout_of_exit(&["plan", "p.toml", "--json"], 1);
    let test = lines_of_json(&told);
    let test = test.iter().find(|line| line["step"] == "test").unwrap();
    assert_eq!(test["forecast"]["code"], "data::leak");
    assert!(
        test["forecast"]["place"]
            .as_str()
            .unwrap()
            .starts_with("p.toml:")
    );

    let run = space.run("p.toml", &[]);
    assert_eq!(run.failure()["code"], "data::leak");
    assert!(run.executed().is_empty(), "{:?}", run.executed());

    space.edit(
        "p.toml",
        "kind = \"evaluate\"",
        "kind = \"evaluate\"\nleaks = \"warn\"",
    );
    let warned = space.warned(&["plan", "p.toml"]);
    assert!(
        warned.contains("warning: test: training and held-out data overlap, which `leaks` puts up with: speaker near/"),
        "{warned}"
    );
}

#[test]
fn training_and_validation_of_separate_stages_that_share_speakers_are_found_too() {
    let space = two_chains();
    space.edit("p.toml", "split = \"test\"", "split = \"validation\"");
    space.edit(
        "p.toml",
        "input = \"fbank\"\nepochs",
        "input = [\"fbank\", \"fbank2\"]\nepochs",
    );
    let plan = space.stdout_of_exit(&["plan", "p.toml"], 1);
    assert!(
        plan.contains("! train") && plan.contains("is in train (") && plan.contains("validation ("),
        "{plan}"
    );
}

const ATTRIBUTE: &str = r#"[{ attribute = "gender", mode = "shared" }]"#;
const NUMBER: &str = r#"[{ task = "hardness" }, { task = "emotion" }]"#;

/// Rewrites a column of the made table, whose cells are in `cell` by their row.
fn with_column(space: &Workspace, column: usize, cell: impl Fn(usize) -> String) {
    let table = space.read("corpora/made/table.csv");
    let mut lines = table.lines();
    let mut written = lines.next().unwrap().to_owned() + "\n";
    for (row, line) in lines.enumerate() {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells[column] = cell(row);
        written += &(cells.join(",") + "\n");
    }
    space.write("corpora/made/table.csv", written);
}

#[test]
fn heads_that_have_nothing_to_learn_are_refused_by_plan_where_they_are_written() {
    const GENDER: usize = 2;
    const EMOTION: usize = 3;
    const HARDNESS: usize = 5;
    type Column = (usize, fn(usize) -> String);
    let cases: [(&str, Column, &[&str]); 6] = [
        (
            ATTRIBUTE,
            (GENDER, |_| String::new()),
            &[
                "no gender is known",
                "train::labels",
                "genders = {",
                "remove this head",
            ],
        ),
        (
            ATTRIBUTE,
            (GENDER, |_| "female".into()),
            &[
                "the gender of every utterance of training is female",
                "train::labels",
            ],
        ),
        (
            NUMBER,
            (HARDNESS, |_| "3".into()),
            &[
                "the column `hardness` is 3 for all",
                "nothing to learn",
                "train::target",
            ],
        ),
        (
            NUMBER,
            (HARDNESS, |_| "n/a".into()),
            &[
                "no utterance of training has a number in the column `hardness`",
                "train::target",
            ],
        ),
        (
            NUMBER,
            (HARDNESS, |row| {
                if row == 4 {
                    "hard".into()
                } else {
                    row.to_string()
                }
            }),
            &[
                "`hardness` of made/audio/0004, table.csv:6 is `hard`",
                "train::number",
            ],
        ),
        (
            "[]",
            (EMOTION, |_| "happy".into()),
            &["training has one class alone, positive", "train::classes"],
        ),
    ];
    for (heads, (column, cell), told) in cases {
        let space = space(heads, "columns = [\"hardness\"]");
        with_column(&space, column, cell);
        let plan = space.stdout_of_exit(&["plan", "task.toml"], 1);
        for text in told.iter().chain(&["! train", "task.toml:", "help: "]) {
            assert!(plan.contains(text), "{text} is missing:\n{plan}");
        }
        let run = space.run("task.toml", &[]);
        assert!(run.executed().is_empty(), "{:?}", run.executed());
        assert!(
            run.failure()["code"]
                .as_str()
                .unwrap()
                .starts_with("train::")
        );
    }
}

#[test]
fn free_text_taken_for_categories_is_reported_of() {
    const EMOTION: usize = 3;
    const DEVICE: usize = 6;
    let head = r#"[{ attribute = "device", mode = "shared" }]"#;
    let space = space(head, "columns = [\"device\"]");
    with_column(&space, DEVICE, |row| format!("a sentence about {row}"));
    space.edit(
        "task.toml",
        "train = 0.5, validation = 0.25, test = 0.25",
        "train = 0.75, validation = 0.125, test = 0.125",
    );
    let warned = space.warned(&["plan", "task.toml"]);
    assert!(
        warned.contains(
            "the attribute device has 36 values in training, 36 of them once: is it free text?"
        ),
        "{warned}"
    );
    with_column(&space, EMOTION, |row| format!("what was said in {row}"));
    space.edit("task.toml", "columns =", "classes = \"native\"\ncolumns =");
    let warned = space.warned(&["plan", "task.toml"]);
    assert!(
        warned.contains(
            "training has 36 classes, 36 of them with one utterance: are the labels free text?"
        ),
        "{warned}"
    );
}

#[test]
fn what_a_model_cannot_be_tested_on_is_reported_before_it_is_trained() {
    let space = space(
        r#"[{ task = "hardness" }, { task = "emotion" }]"#,
        "columns = [\"hardness\"]",
    );
    let chain = front_end("\"others\"")
        .replace("stage.audio", "stage.audio2")
        .replace("\"audio\"", "\"audio2\"")
        .replace("stage.fbank", "stage.fbank2")
        .replace("kind = \"fbank\"", "kind = \"fbank\"\nnormalise = \"mean\"");
    let others = "[stage.others]\nkind = \"ingest\"\ncorpora = \"others\"\ncolumns = [\"hardness\"]\nsplit = \"test\"\n";
    let manifest = space.read("task.toml");
    let manifest = manifest.replace(
        "model = \"train\"\ninput = \"fbank\"",
        "model = \"train\"\ninput = \"fbank2\"",
    );
    space.write("task.toml", manifest + others + &chain);
    let corpora = space.read("corpora.toml");
    let section = corpora[corpora.find("[corpus.made]").unwrap()..].replace("made", "others");
    space.write("corpora.toml", format!("{corpora}\n{section}"));
    let table = |hardness: &str| {
        let rows = (0..6).map(|row| {
            space.tone(
                &format!("corpora/others/{row}.wav"),
                16_000,
                0.3,
                400.0 + f64::from(row),
            );
            let emotion = ["happy", "neutral", "sad"][row as usize % 3];
            format!("{row}.wav,o{row},female,{emotion},{hardness}\n")
        });
        let head = "path,speaker,gender,emotion,hardness\n".to_owned();
        space.write("corpora/others/table.csv", head + &rows.collect::<String>());
    };
    table("soft");
    let plan = space.stdout_of_exit(&["plan", "task.toml"], 1);
    for text in [
        "! test",
        "`hardness` of others/0, table.csv:2 is `soft`, which is not a number, and 5 more cells are no numbers",
        "task.toml:",
    ] {
        assert!(plan.contains(text), "{text} is missing:\n{plan}");
    }
    table("1");
    space.stdout(&["plan", "task.toml"]);
    space.edit(
        "task.toml",
        others,
        &format!("{others}classes = \"native\"\n"),
    );
    let plan = space.stdout_of_exit(&["plan", "task.toml"], 1);
    assert!(
        plan.contains(
            "the model has no class `happy`, the class of others/0, and no class for 3 more"
        ),
        "{plan}"
    );
    // In one training, they would be two tasks.
    space.edit(
        "task.toml",
        "kind = \"train\"\ninput = \"fbank\"",
        "kind = \"train\"\ninput = [\"fbank\", \"fbank2\"]",
    );
    let plan = space.stdout_of_exit(&["plan", "task.toml"], 1);
    assert!(
        plan.contains("the inputs have different classes: positive, neutral, negative; and happy, neutral, sad"),
        "{plan}"
    );
}
