//! Rows that name an utterance again: contradictions, or votes of several annotators.

use super::tasks::{UTTERANCES, space};
use super::workspace::Workspace;

/// The lines of the table once more, with other labels for some of them: another annotator.
fn second_annotator(space: &Workspace) {
    let table = space.read("corpora/made/table.csv");
    let again: Vec<String> = table
        .lines()
        .skip(1)
        .enumerate()
        .map(|(index, line)| match index % 4 {
            0 => line.replace(",happy,", ",sad,"),
            _ => line.to_owned(),
        })
        .collect();
    let whole = format!("{table}{}\n{}\n", again.join("\n"), again.join("\n"));
    space.write("corpora/made/table.csv", whole);
}

#[test]
fn rows_that_disagree_are_a_mistake_unless_they_are_votes() {
    let space = space("[]", "");
    space.edit("task.toml", "epochs = 15", "epochs = 2");
    space.run_well("task.toml");
    let plain = space.read("runs/task/train/history.jsonl");
    second_annotator(&space);
    let run = space.run("task.toml", &[]);
    let error = run.error();
    for text in [
        "4 utterances have different labels",
        "happy (table.csv:2)",
        "sad (table.csv:50)",
    ] {
        assert!(error.contains(text), "{text} is missing: {error}");
    }
    // Two of three say sad.
    space.edit(
        "task.toml",
        "corpora = \"made\"",
        "corpora = \"made\"\nvotes = \"majority\"",
    );
    let run = space.run_well("task.toml");
    let majority = space.read("runs/task/train/history.jsonl");
    assert_ne!(plain, majority);
    // Rows whose votes counted are not left out.
    assert!(
        !run.warnings().iter().any(|told| told.contains("left out")),
        "{:?}",
        run.warnings()
    );
    assert!(
        !space
            .read("runs/task/speech/dropped.tsv")
            .contains("earlier row")
    );
    let predictions = space.read("runs/task/test/predictions.csv");
    let of = |id: &str| {
        predictions
            .lines()
            .find(|line| line.starts_with(id))
            .map(str::to_owned)
    };
    let first = of("made/audio/0000,");
    assert!(
        first.is_none_or(|line| line.contains(",negative,")),
        "{predictions}"
    );
    space.edit("task.toml", "\"majority\"", "\"soft\"");
    space.run_well("task.toml");
    assert_ne!(majority, space.read("runs/task/train/history.jsonl"));
    // Two annotators of whom one says happy and one sad: no majority.
    let table = space.read("corpora/made/table.csv");
    let two: Vec<&str> = table.lines().take(1 + 2 * UTTERANCES).collect();
    space.write("corpora/made/table.csv", two.join("\n") + "\n");
    space.edit("task.toml", "\"soft\"", "\"majority\"");
    let run = space.run_well("task.toml");
    let told = run.warnings().join("\n");
    for text in [
        "the votes on 4 utterances are tied, and left out: audio/0000 (1 negative, 1 positive); ",
        "votes = \"soft\" would learn the share of each class",
    ] {
        assert!(told.contains(text), "{text} is missing: {told}");
    }
    let dropped = space.read("runs/task/speech/dropped.tsv");
    assert!(
        dropped.contains("votes on audio/0000 are tied: 1 negative, 1 positive"),
        "{dropped}"
    );
}

#[test]
fn rows_of_one_utterance_that_name_different_speakers_are_reported() {
    let space = space("[]", "votes = \"majority\"");
    let table = space.read("corpora/made/table.csv");
    let again = table
        .lines()
        .nth(1)
        .unwrap()
        .replace(",s0,female,", ",s5,male,");
    space.write("corpora/made/table.csv", format!("{table}{again}\n"));
    let told = space.warned(&["plan", "task.toml"]);
    for text in [
        "the rows of 1 utterance differ in speaker, and the first row counts: audio/0000 (s0 in table.csv:2, s5 in table.csv:50)",
        "the rows of 1 utterance differ in gender, and the first row counts: audio/0000 (female in table.csv:2, male in table.csv:50)",
    ] {
        assert!(told.contains(text), "{text} is missing: {told}");
    }
}

#[test]
fn labels_that_no_class_lists_have_votes_too() {
    let classes = "classes = { negative = [\"sad\"], positive = [\"happy\"] }";
    let space = space("[]", &format!("votes = \"majority\"\n{classes}"));
    space.edit("task.toml", "epochs = 15", "epochs = 2");
    let table = space.read("corpora/made/table.csv");
    let lines: Vec<&str> = table.lines().skip(1).collect();
    let again = |line: &str, label: &str| line.replace(",happy,", label).replace(",sad,", label);
    let whole = format!(
        "{table}{}\n{}\n{}\n",
        again(lines[0], ",fear,"),
        again(lines[0], ",fear,"),
        again(lines[2], ",fear,")
    );
    space.write("corpora/made/table.csv", whole);
    space.stdout(&["run", "task.toml"]);
    let dropped = space.read("runs/task/speech/dropped.tsv");
    assert!(
        dropped.contains("label fear is mapped to dropped"),
        "{dropped}"
    );
    assert!(
        dropped.contains("are tied: 1 negative, 1 fear"),
        "{dropped}"
    );
    space.edit("task.toml", "\"majority\"", "\"soft\"");
    let told = space.run_well("task.toml").warnings().join("\n");
    let text = "3 votes on 2 utterances are for labels that count as no class, and the shares that training learns are those of the other votes: `fear` (3)";
    assert!(told.contains(text), "{told}");
    // Where labels are to be listed, one that is not is a mistake.
    space.edit("task.toml", classes, "");
    space.edit("task.toml", "\"soft\"", "\"majority\"");
    let told = space.warned(&["plan", "task.toml"]);
    let text = "label `fear` is not listed in [corpus.made.labels] and is left out";
    assert!(told.contains(text), "{told}");
}
