//! Proposals for made folders.

use std::fs;

use crate::corpus::list;

use super::*;

const FILE_BYTES: Limit = Limit {
    name: "file_bytes",
    most: 1 << 20,
};

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = folder.path().join("Our Calls").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The text for what is at `path`, which is read again and lists as many utterances as wanted.
#[track_caller]
fn proposed(folder: &tempfile::TempDir, path: &str, utterances: usize) -> String {
    let path = folder.path().join("Our Calls").join(path);
    let proposal = propose(&path, &Corpora::default(), FILE_BYTES).unwrap();
    let text = proposal.to_toml(folder.path());
    let corpora = Corpora::parse(&format!("folder = '.'\n{text}"));
    let corpora = corpora.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let config = &corpora.corpora["our-calls"];
    let listing = list(
        "our-calls",
        config,
        folder.path(),
        &ListOptions::default(),
        FILE_BYTES,
    );
    assert_eq!(listing.unwrap().entries.len(), utterances, "{text}");
    text
}

#[test]
fn a_table_is_described_column_by_column() {
    let folder = folder(&[
        ("wav/a.wav", ""),
        ("wav/b.wav", ""),
        ("wav/c.wav", ""),
        ("wav/d.wav", ""),
        (
            "meta/labels.csv",
            "sep=;\nClip;Speaker ID;Sex;Mood\na;anna;f;Freude\nb;ben;m;Wut\nc;ben;m;meh\nd;ben;m;neutral\ne;ben;m;neutral\n",
        ),
    ]);
    let wanted = "\
# meta/labels.csv has 5 rows.
# 4 utterances of 2 speakers, 1 female and 1 male; 1 left out.
# Left out: meta/labels.csv:7: the file does not exist: wav/e.wav; the nearest is wav/b.wav.
[corpus.our-calls]
root = \"Our Calls\"
reader = \"table\"
title = \"our-calls\" # what people call it
language = \"und\" # TO DO: set the tag, such as \"en\"
licence = \"not stated\" # TO DO: in a few words
source = \"not stated\" # TO DO: where to get it

# What the labels mean, in words that class maps share.
[corpus.our-calls.names]
Freude = \"happiness\"
Wut = \"anger\"

# TO DO: these labels are left out until they are in one of the lists, or in `dropped`: \"meh\" (1).
[corpus.our-calls.labels]
positive = [\"Freude\"] # 1 utterance
neutral = [\"neutral\"] # 1 utterance
negative = [\"Wut\"] # 1 utterance

[corpus.our-calls.options]
audio_extension = \"wav\" # which its paths lack
audio_folder = \"wav\" # where its paths start
table = \"meta/labels.csv\"

[corpus.our-calls.options.columns]
path = \"Clip\" # 4 of 5 rows have a file that is there
speaker = \"Speaker ID\" # 2 speakers: anna, ben
emotion = \"Mood\" # 4 labels
gender = \"Sex\" # f, m
";
    assert_eq!(proposed(&folder, "", 3), wanted);
    assert_eq!(proposed(&folder, "meta/labels.csv", 3), wanted);
}

#[test]
fn what_a_table_lacks_is_said() {
    let folder = folder(&[("a.wav", ""), ("t.tsv", "file\temotion\na.wav\tjoy\n")]);
    let path = folder.path().join("Our Calls");
    let text = propose(&path, &Corpora::default(), FILE_BYTES)
        .unwrap()
        .to_toml(&path);
    for wanted in [
        "# TO DO: no column for speaker was found among file, emotion: set columns.speaker, or constants.speaker if one person speaks.\n",
        "# The gender of no speaker was found: where it is known, add [corpus.our-calls.genders]",
        "# 1 utterance of 1 speaker, 0 female and 0 male; 0 left out.\n",
    ] {
        assert!(text.contains(wanted), "{text}");
    }
}

#[test]
fn layouts_of_tools_are_known() {
    let kaldi = folder(&[
        ("a.wav", ""),
        ("data/train/wav.scp", "a a.wav\n"),
        ("data/train/utt2spk", "a anna\n"),
        ("data/train/utt2emo", "a sad\n"),
    ]);
    let text = proposed(&kaldi, "", 1);
    assert!(text.contains("reader = \"kaldi\""), "{text}");
    assert!(text.contains("folder = \"data/train\""), "{text}");
    let hugging_face = folder(&[
        ("train/a.wav", ""),
        (
            "train/metadata.csv",
            "file_name,who,Speaker,mood\na.wav,x,anna,sad\n",
        ),
    ]);
    let path = hugging_face.path().join("Our Calls");
    let text = propose(&path, &Corpora::default(), FILE_BYTES)
        .unwrap()
        .to_toml(&path);
    assert!(text.contains("reader = \"huggingface\""), "{text}");
    assert!(
        text.contains("speaker = \"Speaker\" # 1 speaker: anna"),
        "{text}"
    );
    // The column with the files is none that utterances keep.
    assert!(text.contains("can keep: who, mood.\n"), "{text}");
    let audformat = folder(&[
        ("a.wav", ""),
        (
            "db.yaml",
            "tables:\n  t:\n    type: filewise\n    columns: {emotion: , speaker: }\n",
        ),
        ("db.t.csv", "file,emotion,speaker\na.wav,anger,s1\n"),
    ]);
    let text = proposed(&audformat, "", 1);
    assert!(text.contains("reader = \"audformat\""), "{text}");
}

#[test]
fn folders_of_classes_are_known_with_and_without_speakers() {
    let names = ["anna_1", "anna_2", "ben_1", "ben_2"];
    let files: Vec<String> = ["happy", "sad"]
        .iter()
        .flat_map(|label| names.map(|name| format!("{label}/{name}.wav")))
        .collect();
    let with_speakers: Vec<(&str, &str)> = files.iter().map(|file| (file.as_str(), "")).collect();
    let text = proposed(&folder(&with_speakers), "", 8);
    assert!(
        text.contains("pattern = \"**/{emotion}/{speaker}_*\" # names begin with anna, ben: check that these are the 2 speakers"),
        "{text}"
    );
    let above = folder(&[("anna/happy/1.wav", ""), ("ben/sad/1.wav", "")]);
    let text = proposed(&above, "", 2);
    assert!(
        text.contains("pattern = \"{speaker}/{emotion}/*\""),
        "{text}"
    );
    let text = proposed(&folder(&[("happy/1.wav", ""), ("sad/2.wav", "")]), "", 2);
    assert!(text.contains("speaker = \"file\""), "{text}");
    assert!(
        text.contains("# TO DO: nothing tells the speakers apart"),
        "{text}"
    );
}

#[test]
fn folders_that_are_no_known_words_are_taken_for_labels_and_marked() {
    let stress = folder(&[
        ("stressed/stressed_1.wav", ""),
        ("stressed/stressed_2.wav", ""),
        ("unstressed/unstressed_1.wav", ""),
        ("unstressed/unstressed_2.wav", ""),
    ]);
    let text = proposed_below(&stress, "");
    for wanted in [
        "# TO DO: the folders stressed, unstressed were taken for labels because recordings lie in them,",
        "reader = \"folders\"",
        "pattern = \"**/{emotion}/*\"",
        "speaker = \"file\"",
        "# TO DO: these labels are left out until they are in one of the lists, or in `dropped`: \"stressed\" (2), \"unstressed\" (2).",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing:\n{text}");
    }
    // Speakers above, numbered folders of sessions and splits are no labels.
    let speakers = folder(&[("anna/high/1.wav", ""), ("ben/low/1.wav", "")]);
    let text = proposed_below(&speakers, "");
    assert!(
        text.contains("pattern = \"{speaker}/{emotion}/*\""),
        "{text}"
    );
    let sessions = folder(&[
        ("high/s1/1.wav", ""),
        ("low/s2/1.wav", ""),
        ("middle/s1/2.wav", ""),
    ]);
    let text = proposed_below(&sessions, "");
    assert!(
        text.contains("the folders high, low, middle were taken"),
        "{text}"
    );
    let splits = folder(&[("high/train/1.wav", ""), ("low/test/1.wav", "")]);
    let text = proposed_below(&splits, "");
    assert!(text.contains("the folders high, low were taken"), "{text}");
    // One folder tells nothing.
    let one = folder(&[("calls/1.wav", ""), ("calls/2.wav", "")]);
    let path = one.path().join("Our Calls");
    assert!(propose(&path, &Corpora::default(), FILE_BYTES).is_err());
}

#[test]
fn folders_of_speakers_are_no_labels() {
    let named = folder(&[
        ("anna/happy_1.wav", ""),
        ("anna/sad_1.wav", ""),
        ("ben/happy_1.wav", ""),
        ("ben/angry_1.wav", ""),
    ]);
    let text = proposed_below(&named, "");
    for wanted in [
        "# TO DO: the folders anna, ben were taken for speakers, and angry, happy, sad in the names of files for labels: check both.",
        "# 4 utterances of 2 speakers",
        "pattern = \"**/{speaker}/{emotion}_*\"",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing:\n{text}");
    }
    let numbered = folder(&[
        ("spk01/1.wav", ""),
        ("spk01/2.wav", ""),
        ("spk02/1.wav", ""),
    ]);
    let text = proposed_below(&numbered, "");
    for wanted in [
        "# TO DO: the folders spk01, spk02 were taken for speakers: check that they are.",
        "# TO DO: nothing tells the labels.",
        "# 3 utterances of 2 speakers",
        "pattern = \"**/{speaker}/*\"",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing:\n{text}");
    }
}

#[test]
fn folders_of_splits_are_no_speakers() {
    let splits = folder(&[
        ("train/happy/1.wav", ""),
        ("train/sad/2.wav", ""),
        ("dev/happy/3.wav", ""),
        ("test/sad/4.wav", ""),
    ]);
    let text = proposed(&splits, "", 4);
    for wanted in [
        "pattern = \"**/{split}/{emotion}/*\"",
        "speaker = \"file\"",
        "# The folders dev, test, train are splits of its publisher, not speakers:",
        "# TO DO: nothing tells the speakers apart",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing:\n{text}");
    }
    let names = folder(&[
        ("happy/train_1.wav", ""),
        ("happy/test_1.wav", ""),
        ("sad/train_2.wav", ""),
        ("sad/test_2.wav", ""),
    ]);
    assert!(proposed(&names, "", 4).contains("speaker = \"file\""));
}

#[test]
fn tables_of_windows_and_of_votes_are_understood_and_further_columns_named() {
    let folder = folder(&[("a.wav", ""), ("b.wav", "")]);
    let path = folder.path().join("Our Calls");
    fs::write(
        path.join("t.csv"),
        b"file;speaker;emotion;arousal;note\na.wav;J\xfcrgen;joy;1,5;x\nb.wav;anna;anger;2;\n"
            .as_slice(),
    )
    .unwrap();
    let text = proposed(&folder, "", 2);
    for wanted in [
        "encoding = \"windows-1252\" # it is not UTF-8",
        "speaker = \"speaker\" # 2 speakers: Jürgen, anna",
        "# Further columns, which `columns` of an ingest stage can keep: arousal (numbers), note.\n",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing:\n{text}");
    }
    fs::write(
        path.join("t.csv"),
        "file,speaker,rater,emotion\na.wav,ben,1,joy\na.wav,ben,2,joy\na.wav,ben,3,fear\nb.wav,ben,1,anger\n",
    )
    .unwrap();
    let text = propose(&path, &Corpora::default(), FILE_BYTES)
        .unwrap()
        .to_toml(folder.path());
    for wanted in [
        "# TO DO: 1 utterance has rows with different labels or numbers (a is joy (t.csv:2), joy (t.csv:3), fear (t.csv:4)). If these are votes of annotators, set `votes`",
        "# 2 utterances of 1 speaker, 0 female and 0 male; 0 left out.",
        "negative = [\"anger\", \"fear\"] # 1 utterance",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing:\n{text}");
    }
}

#[test]
fn a_data_folder_of_kaldi_that_is_not_used_is_reported() {
    let folder = folder(&[
        ("wav/happy/a.wav", ""),
        ("wav/sad/b.wav", ""),
        ("data/other/wav.scp", "a audio/a.wav\n"),
        ("data/train/wav.scp", "a wav/happy/a.wav\n"),
    ]);
    let text = proposed_below(&folder, "wav");
    assert!(
        text.contains("data/train is a data folder of Kaldi: where it is of these recordings, `pipe corpora add "),
        "{text}"
    );
}

/// The text for what is at `path`.
fn proposed_below(folder: &tempfile::TempDir, path: &str) -> String {
    let path = folder.path().join("Our Calls").join(path);
    let proposal = propose(&path, &Corpora::default(), FILE_BYTES).unwrap();
    proposal.to_toml(folder.path())
}

#[test]
fn a_known_corpus_gets_its_own_entry() {
    let folder = folder(&[
        ("wav/03a01Fa.wav", ""),
        ("wav/03a01Wa.wav", ""),
        ("readme.txt", ""),
    ]);
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpora.toml");
    let shipped = Corpora::parse(&fs::read_to_string(shipped).unwrap()).unwrap();
    let path = folder.path().join("Our Calls");
    let proposal = propose(&path, &shipped, FILE_BYTES).unwrap();
    assert_eq!(proposal.name, "emo-db");
    let text = proposal.to_toml(folder.path());
    let read = Corpora::parse(&format!("folder = '.'\n{text}")).unwrap();
    let mut wanted = shipped.corpora["emo-db"].clone();
    wanted.root = "Our Calls".into();
    assert_eq!(read.corpora["emo-db"], wanted);
}

#[test]
fn what_is_no_corpus_is_reported_with_what_was_seen() {
    let folder = folder(&[("a.avi", ""), ("b.avi", ""), ("t.csv", "x,y\n1,2\n")]);
    let told = |path: &str| {
        let path = folder.path().join("Our Calls").join(path);
        let told = propose(&path, &Corpora::default(), FILE_BYTES)
            .unwrap_err()
            .to_string();
        told.replace(&folder.path().display().to_string(), "")
    };
    assert_eq!(
        told(""),
        "nothing in /Our Calls/ looks like a corpus: it has 2 .avi, 1 .csv"
    );
    assert!(
        told("t.csv").ends_with("t.csv has the columns x, y, and none of them names one of the 0 recordings in /Our Calls"),
        "{}",
        told("t.csv")
    );
    assert!(told("gone").contains("cannot be read"));
}
