//! What is said of a split before anything is computed from it: leaks, names alike, parts without data.

use super::folds::acted;
use super::manifests::{ENCODER, REPORT, TEST, front_end};
use super::workspace::Workspace;

fn manifest(split: &str) -> String {
    format!(
        "[stage.speech]\nkind = \"ingest\"\ncorpora = \"acted\"\n{split}\n{}\
         [stage.train]\nkind = \"train\"\ninput = \"fbank\"\nepochs = 1\nbatch = 6\nlearning_rate = 0.02\n{ENCODER}{TEST}{REPORT}",
        front_end("\"speech\"")
    )
}

const FRACTIONS: &str = "split = { train = 0.5, validation = 0.25, test = 0.25 }";

#[test]
fn segments_that_overlap_across_splits_are_a_leak() {
    let space = acted(1, manifest(FRACTIONS));
    let mut table = String::from("file,start,end,speaker,gender,label\n");
    for talk in 0..4 {
        space.tone(
            &format!("acted/talk{talk}.wav"),
            16_000,
            6.0,
            150.0 + f64::from(talk),
        );
        for second in 0..5 {
            let label = ["joy", "neutral", "anger"][second % 3];
            let end = second + 1;
            table += &format!("talk{talk}.wav,{second},{end},A{talk},female,{label}\n");
            table += &format!("talk{talk}.wav,{second}.25,{end}.25,B{talk},male,{label}\n");
        }
    }
    space.write("acted/labels.csv", table);
    let run = space.run("p.toml", &[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let error = run.error();
    assert!(error.contains("share 0.250 to 1.000 s of talk"), "{error}");
    // All utterances of a recording in one split: nothing is shared.
    space.edit(
        "p.toml",
        "test = 0.25 }",
        "test = 0.25, groups = [\"speaker\", \"recording\"] }",
    );
    let plan = space.stdout(&["plan", "p.toml"]);
    assert!(!plan.contains("share"), "{plan}");
}

#[test]
fn speakers_that_differ_in_case_alone_are_reported() {
    let space = acted(6, manifest(FRACTIONS));
    let table = space
        .read("acted/labels.csv")
        .replace("04aanger.wav,04,", "04aanger.wav,s A,");
    space.write(
        "acted/labels.csv",
        table.replace("04banger.wav,04,", "04banger.wav,Sa,"),
    );
    let output = space.pipe(&["plan", "p.toml"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("acted/Sa and acted/s A"), "{told}");
    assert!(
        told.contains("differ only in case, blanks or Unicode form"),
        "{told}"
    );
}

#[test]
fn a_corpus_that_a_fold_leaves_out_is_meant_to_have_nothing_in_training() {
    let split = "split = { leave_one_out = \"corpus\", fold = \"again\", validation = 0.3 }";
    let space = acted(4, manifest(split));
    let corpora = space.read("corpora.toml");
    let again = corpora[corpora.find("[corpus.acted]").unwrap()..]
        .replace("[corpus.acted]", "[corpus.again]");
    space.write("corpora.toml", format!("{corpora}\n{again}"));
    space.edit(
        "p.toml",
        "corpora = \"acted\"",
        "corpora = [\"acted\", \"again\"]",
    );
    // The same recordings twice: what that is worth is not asked here.
    space.edit("p.toml", split, &format!("{split}\nleaks = \"warn\""));
    for kind in ["train", "evaluate"] {
        let kind = format!("kind = \"{kind}\"");
        space.edit("p.toml", &kind, &format!("{kind}\nleaks = \"warn\""));
    }
    let warned = |space: &Workspace| {
        let output = space.pipe(&["plan", "p.toml"]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let told = warned(&space);
    assert!(!told.contains("too few"), "{told}");
    // A speaker is of one corpus, so that the other has nothing in test.
    space.edit(
        "p.toml",
        "leave_one_out = \"corpus\", fold = \"again\"",
        "leave_one_out = \"speaker\", fold = \"acted/00\"",
    );
    let told = warned(&space);
    assert!(!told.contains("too few"), "{told}");
}

#[test]
fn parts_without_data_are_reported_before_training() {
    let space = acted(
        2,
        manifest("split = { train = 0.8, validation = 0.1, test = 0.1 }"),
    );
    let output = space.pipe(&["plan", "p.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("! test"), "{told}");
    assert!(
        told.contains("no utterance is in test (acted has speakers: 1 in train, 1 in validation)"),
        "{told}"
    );
    let warned = String::from_utf8(output.stderr).unwrap();
    assert!(
        warned.contains("acted has 2 speakers, too few for 3 splits"),
        "{warned}"
    );
    let run = space.run("p.toml", &[]);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.steps(),
        (0, 0, 1),
        "nothing was computed: {}",
        run.stderr
    );
    // What does not need it is computed all the same if that is asked for.
    let run = space.run("p.toml", &["--keep-going"]);
    assert!(run.executed().contains(&"train".into()), "{}", run.stderr);
    // Without training data, the training itself is refused.
    space.edit(
        "p.toml",
        "split = { train = 0.8, validation = 0.1, test = 0.1 }",
        "split = \"test\"",
    );
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    assert!(
        told.contains("no utterance is in train or in validation"),
        "{told}"
    );
}

#[test]
fn validation_of_one_class_is_reported_before_training() {
    let space = acted(6, manifest(FRACTIONS));
    space.run_well("p.toml");
    let split = space.read("runs/p/speech/split.tsv");
    space.write("pin.tsv", &split);
    let mut table = String::new();
    for line in space.read("acted/labels.csv").lines() {
        let speaker = line.split(',').nth(1).unwrap();
        let is_held = split.contains(&format!("acted/{speaker}\tvalidation"));
        if !is_held || line.contains(",joy,") {
            table += &format!("{line}\n");
        }
    }
    space.write("acted/labels.csv", table);
    space.edit("p.toml", FRACTIONS, "split_file = \"pin.tsv\"");
    let output = space.pipe(&["plan", "p.toml"]);
    assert_eq!(output.status.code(), Some(0));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("train: validation has one class alone, positive"),
        "{told}"
    );
    let run = space.run("p.toml", &[]);
    assert_eq!(run.code, Some(1));
    let warnings = run.warnings();
    assert!(
        warnings[0].contains("validation has no utterance of negative, neutral")
            && warnings[1].contains("one class alone"),
        "{warnings:?}"
    );
    assert!(run.error().contains("one class"), "{}", run.error());
}

#[test]
fn a_split_table_that_is_not_understood_is_named() {
    let space = acted(4, manifest(FRACTIONS));
    space.write("mine.tsv", "name\tpart\nacted/00\ttrain\n");
    space.edit("p.toml", FRACTIONS, "split_file = \"mine.tsv\"");
    let told = space.stdout_of_exit(&["plan", "p.toml"], 1);
    assert!(
        told.contains("mine.tsv: line 1 of the split table: `part` is not one of"),
        "{told}"
    );
}

#[test]
fn a_class_that_a_part_lacks_is_reported_with_its_speakers() {
    let space: Workspace = acted(6, manifest(FRACTIONS));
    space.run_well("p.toml");
    let split = space.read("runs/p/speech/split.tsv");
    let mut table = String::new();
    for line in space.read("acted/labels.csv").lines() {
        let speaker = line.split(',').nth(1).unwrap();
        // The split depends on hours, so a short file takes the place of each that goes.
        let is_tested = split.contains(&format!("acted/{speaker}\ttest"));
        table += &match is_tested {
            true => format!("{}\n", line.replace(",anger,", ",joy,")),
            false => format!("{line}\n"),
        };
    }
    space.write("acted/labels.csv", table);
    let output = space.pipe(&["plan", "p.toml"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("test has no utterance of negative ("),
        "{told}"
    );
}

#[test]
fn classes_that_training_or_validation_lacks_are_reported_for_every_kind_of_split() {
    // Texts tell the emotion here, so that leaving one out leaves out a class.
    let by_text = "split = { leave_one_out = \"text\", fold = \"b\", validation = 0.2, groups = [\"text\"] }\nleaks = \"warn\"";
    let space = acted(3, manifest(by_text));
    let table = space.read("acted/labels.csv");
    let texts = table
        .replace(",joy,a,", ",joy,b,")
        .replace(",neutral,b,", ",neutral,a,")
        .replace(",anger,b,", ",anger,c,")
        .replace(",anger,a,", ",anger,c,");
    space.write("acted/labels.csv", texts);
    let told = space.warned(&["plan", "p.toml"]);
    assert!(told.contains("train has no utterance of"), "{told}");

    let lists = "split = { lists = { train = \"train.txt\", validation = \"dev.txt\", test = \"test.txt\" } }\nleaks = \"warn\"";
    space.write("p.toml", manifest(lists));
    space.write("train.txt", "00ajoy.wav\n00aneutral.wav\n00aanger.wav\n");
    space.write("dev.txt", "01ajoy.wav\n01aneutral.wav\n");
    space.write("test.txt", "02ajoy.wav\n02aneutral.wav\n02aanger.wav\n");
    let told = space.warned(&["plan", "p.toml"]);
    assert!(
        told.contains("validation has no utterance of negative (1 speaker there)"),
        "{told}"
    );
    assert!(!told.contains("train has no utterance"), "{told}");
}

#[test]
fn what_connects_groups_is_reported() {
    let split =
        "split = { train = 0.6, validation = 0.2, test = 0.2, groups = [\"speaker\", \"text\"] }";
    let space = acted(8, manifest(split));
    let told = space.warned(&["plan", "p.toml"]);
    assert!(
        told.contains(
            "acted has 1 group by speaker or text (8 by speaker alone, 2 by text alone: utterances that share either are \
             connected), too few for 3 splits of whole groups"
        ),
        "{told}"
    );
    space.edit(
        "p.toml",
        "[\"speaker\", \"text\"] }",
        "[\"text\"] }\nleaks = \"warn\"",
    );
    let told = space.warned(&["plan", "p.toml"]);
    assert!(
        told.contains("acted has 2 groups by text, too few for 3 splits of whole groups"),
        "{told}"
    );
}
