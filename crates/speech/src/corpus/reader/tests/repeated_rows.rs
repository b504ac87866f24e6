//! Rows that name an utterance again and disagree in a column that is kept.

use super::*;

/// The ages that utterances get, and the warnings, where `rows` are those of the table.
fn ages(rows: &str, votes: VoteRule) -> (Vec<Option<String>>, Listing) {
    let tree = Tree::new("nemo", &["samples/a.wav", "samples/b.wav"]);
    let header = "file_id\temotion\traw_text\tspeaker_id\tgender\tage\n";
    let line = |row: &str| {
        let (file, age) = row.split_once(' ').unwrap();
        format!("{file}.wav\tfear\tx\tA\tf\t{age}\n")
    };
    let lines: String = rows.split(", ").map(line).collect();
    tree.write("data.tsv", format!("{header}{lines}"));
    let options = ListOptions {
        columns: KeptColumns::Named(["age".to_owned()].into()),
        votes,
        ..ListOptions::default()
    };
    let listing = tree.list_with(&options).unwrap();
    let entries = listing.entries.iter();
    let ages = entries.map(|entry| entry.utterance.column("age").map(str::to_owned));
    (ages.collect(), listing)
}

#[test]
fn the_first_row_counts_where_rows_are_no_votes_and_that_is_reported() {
    let (ages, listing) = ages("a 20s, a 30s, a 30s, b 40s, b 40s, b ", VoteRule::Error);
    assert_eq!(ages, [Some("20s".to_owned()), Some("40s".to_owned())]);
    assert_eq!(
        listing.warnings,
        [
            "the rows of 1 utterance differ in age, and the first row counts: samples/a (20s in data.tsv:2, 30s in data.tsv:3)"
        ]
    );
}

#[test]
fn the_most_frequent_value_counts_where_rows_are_votes() {
    for votes in [VoteRule::Majority, VoteRule::Soft] {
        let (ages, listing) = ages("a 20s, b , a 30s, a 30s, b 50s, b 40s", votes);
        assert_eq!(ages, [Some("30s".to_owned()), Some("50s".to_owned())]);
        assert_eq!(
            listing.warnings,
            [
                "the rows of 1 utterance differ in age, and the most frequent value counts: samples/a (20s in data.tsv:2, 30s in data.tsv:4)",
                "the rows of 1 utterance differ in age, and of the values that are equally frequent in them, the first in the table counts: samples/b (50s in data.tsv:6, 40s in data.tsv:7)",
            ]
        );
    }
}

#[test]
fn numbers_are_averaged_without_a_warning() {
    let (ages, listing) = ages("a 20, a 30, b 7, b 7.0", VoteRule::Majority);
    assert_eq!(ages, [Some("25".to_owned()), Some("7".to_owned())]);
    assert_eq!(listing.warnings, [""; 0]);
}

#[test]
fn files_that_differ_in_their_extensions_alone_are_reported() {
    let tree = Tree::new("nemo", &["samples/a.mp3", "samples/a.ogg"]);
    tree.write(
        "data.tsv",
        "file_id\temotion\traw_text\tspeaker_id\tgender\tage\n\
         a.mp3\tfear\tx\tA\tf\t\na.ogg\tfear\tx\tA\tf\t\n",
    );
    let listing = tree.list();
    assert_eq!(listing.entries.len(), 1);
    assert_eq!(
        listing.warnings,
        [
            "files that differ in their extensions alone are one utterance, and the first is read: samples/a (a.mp3 in data.tsv:2, a.ogg in data.tsv:3)"
        ]
    );
}
