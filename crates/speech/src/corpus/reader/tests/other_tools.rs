//! Corpora as other tools lay them out: audformat, Kaldi, Nkululeko, Hugging Face, folders of classes.

use miette::Diagnostic as _;
use serde_json::json;

use super::*;

/// A corpus of nEMO's labels in another layout.
fn made(reader: &str, files: &[&str]) -> Tree {
    let mut tree = Tree::new("nemo", files);
    tree.config.reader = reader.to_string();
    tree.config.options.clear();
    tree
}

/// What is wrong, and what to do.
#[track_caller]
fn refused(tree: &Tree) -> (String, String) {
    let error = tree.try_list().unwrap_err();
    let help = error.help().map(|help| help.to_string());
    let root = tree.folder.path().display().to_string() + "/";
    (
        error.to_string().replace(&root, ""),
        help.unwrap_or_default().replace(&root, ""),
    )
}

fn told(listing: &Listing) -> Vec<(&str, &str, Option<Gender>, &str)> {
    let all = facts(listing);
    all.into_iter().map(|f| (f.0, f.1, f.2, f.3)).collect()
}

const HEADER: &str = "\
name: made
languages: [deu]
schemes:
  emotion: {dtype: str, labels: [anger, happiness, neutral]}
  speaker: {dtype: str, labels: speaker}
  gender: {dtype: str, labels: [female, male]}
tables:
  emotion:
    type: filewise
    columns:
      emotion: {scheme_id: emotion, rater_id: gold}
      emotion.confidence: {}
  files:
    type: filewise
    columns:
      speaker: {scheme_id: speaker}
      text:
misc_tables:
  speaker:
    levels: {speaker: str}
    columns:
      sex: {scheme_id: gender}
";

#[test]
fn audformat_joins_its_tables() {
    let tree = made("audformat", &["wav/a.wav", "wav/b.wav", "wav/c.wav"]);
    tree.write("db.yaml", HEADER);
    tree.write(
        "db.emotion.csv",
        "file,emotion,emotion.confidence\nwav/a.wav,anger,1\nwav/b.wav,happiness,1\nwav/c.wav,,0\n",
    );
    tree.write(
        "db.files.csv",
        "file,speaker,text\nwav/b.wav,03,so\nwav/a.wav,08,so\nwav/c.wav,08,so\n",
    );
    tree.write("db.speaker.csv", "speaker,sex\n03,male\n08,female\n");
    let listing = tree.list();
    assert_eq!(
        told(&listing),
        [("wav/a", "08", F, "anger"), ("wav/b", "03", M, "happiness")]
    );
    assert_eq!(
        dropped(&listing),
        [("db.emotion.csv:4", "emotion is empty")]
    );
}

#[test]
fn audformat_has_segments_and_genders_in_its_header() {
    let tree = made("audformat", &["a.wav"]);
    let header = HEADER.replace(
        "type: filewise\n    columns:\n      emotion:",
        "type: segmented\n    columns:\n      emotion:",
    );
    let header = header.replace(
        "labels: speaker",
        "labels: {'03': {gender: male}, 8: {gender: female}}",
    );
    tree.write("db.yaml", header);
    tree.write(
        "db.emotion.csv",
        "file,start,end,emotion,emotion.confidence\na.wav,0 days 00:00:00,0 days 00:00:01.500000,anger,1\n\
         a.wav,0 days 00:00:01.500000,,neutral,1\na.wav,0 days 00:00:02,0 days 00:00:01,anger,1\n",
    );
    tree.write("db.files.csv", "file,speaker,text\na.wav,8,so\n");
    let listing = tree.list();
    assert_eq!(
        told(&listing),
        [
            ("a/00000000-00001500", "8", F, "anger"),
            ("a/00001500-end", "8", F, "neutral")
        ]
    );
    assert_eq!(
        dropped(&listing),
        [(
            "db.emotion.csv:4",
            "end is not after start: from 2 s to 1 s"
        )]
    );
}

#[test]
fn audformat_says_what_it_lacks() {
    let tree = made("audformat", &["a.wav"]);
    let (reason, help) = refused(&tree);
    assert!(
        reason.starts_with("corpus nemo: table nemo/db.yaml cannot be read"),
        "{reason}"
    );
    assert!(
        help.contains("`root` is the folder of the database"),
        "{help}"
    );
    tree.write("db.yaml", "tables: [\n");
    let (reason, _) = refused(&tree);
    assert!(reason.contains("is not a header of audformat"), "{reason}");
    tree.write("db.yaml", HEADER);
    tree.write("db.emotion.parquet", "PAR1");
    tree.write("db.files.csv", "file,speaker,text\n");
    tree.write("db.speaker.csv", "speaker,sex\n");
    let (reason, help) = refused(&tree);
    assert_eq!(
        reason,
        "corpus nemo: table nemo/db.emotion.parquet is not CSV, which is the only format of such tables that is read"
    );
    assert!(help.contains("storage_format=\"csv\""), "{help}");
    let tree = tree.option("columns", json!({ "emotion": "mood" }));
    assert_eq!(
        refused(&tree),
        (
            "corpus nemo: table nemo/db.yaml has no column mood for emotion".to_string(),
            "set columns.emotion to one of its columns (emotion has emotion, emotion.confidence; files has speaker, text), or set constants.emotion".to_string()
        )
    );
    let two = HEADER.replace(
        "  files:\n",
        "  again:\n    type: filewise\n    columns: {emotion: {scheme_id: emotion}}\n  files:\n",
    );
    let tree = made("audformat", &["a.wav"]);
    tree.write("db.yaml", two);
    let (reason, help) = refused(&tree);
    assert!(
        reason.ends_with("`tables` is missing, and 2 tables have a column emotion"),
        "{reason}"
    );
    assert!(
        help.ends_with("tables = [\"again\", \"emotion\"]"),
        "{help}"
    );
    let (reason, help) = refused(&tree.option("tables", json!(["emotions"])));
    assert!(
        reason.ends_with("names no table of db.yaml: emotions"),
        "{reason}"
    );
    assert!(help.starts_with("tables: emotion, "), "{help}");
}

#[test]
fn kaldi_folders_are_joined_by_utterance() {
    let tree = made("kaldi", &["wav/r1.wav", "wav/r2.wav"]).option("folder", json!("data"));
    tree.write(
        "data/wav.scp",
        "r1 /home/me/nemo/wav/r1.wav\nr2 wav/r2.wav\nr3 sox wav/r3.mp3 -t wav - |\nr4 raw.ark:17\n",
    );
    tree.write("data/segments", "u1 r1 0 1.5\nu2 r1 1.5 -1\nu3 r2 0 -1\nu4 r3 0 1\nu5 r5 0 1\nu6 r2\nu1 r2 1 2\nu7 r2 0 9\nu8 r4 0 1\n");
    tree.write(
        "data/utt2spk",
        "u1 anna\nu2 anna\nu3 ben\nu4 ben\nu5 ben\nu6 ben\nu8 ben\n",
    );
    tree.write("data/spk2gender", "anna f\nben m\n");
    tree.write(
        "data/utt2emo",
        "u1 anger\nu2 neutral\nu3 fear\nu4 fear\nu5 fear\nu6 fear\nu7 fear\nu8 fear\n",
    );
    let listing = tree.list();
    assert_eq!(
        told(&listing),
        [
            ("wav/r1/00000000-00001500", "anna", F, "anger"),
            ("wav/r1/00001500-end", "anna", F, "neutral"),
            ("wav/r2", "ben", M, "fear"),
        ]
    );
    assert_eq!(
        dropped(&listing),
        [
            (
                "data/segments:4",
                "wav.scp has a command where a file is needed; run it once and name what it writes: sox wav/r3.mp3 -t wav - |"
            ),
            ("data/segments:5", "its recording is not in wav.scp: r5"),
            (
                "data/segments:6",
                "it is not an utterance, a recording, a start and an end"
            ),
            ("data/segments:7", "the same key is in an earlier line: u1"),
            ("data/segments:8", "it is not in utt2spk: u7"),
            (
                "data/segments:9",
                "wav.scp has a place in an archive where a file is needed: raw.ark:17"
            ),
        ]
    );
}

#[test]
fn kaldi_folders_say_what_they_lack() {
    let tree = made("kaldi", &["a.wav"]);
    tree.write("utt2mood", "a fear\n");
    let (reason, help) = refused(&tree);
    assert!(reason.ends_with("option `labels` is missing"), "{reason}");
    assert!(help.ends_with("there are utt2mood"), "{help}");
    let tree = tree.option("labels", json!("utt2mood"));
    assert_eq!(
        refused(&tree).0,
        "corpus nemo: the folder nemo/ has no wav.scp"
    );
    tree.write("wav.scp", "a a.wav\n");
    let (reason, help) = refused(&tree);
    assert!(reason.ends_with("has no utt2spk"), "{reason}");
    assert_eq!(help, "set constants.speaker if there is one speaker");
    let tree = tree.option("constants", json!({ "speaker": "me" }));
    assert_eq!(told(&tree.list()), [("a", "me", None, "fear")]);
    tree.write("wav.scp", b"a a.wav\nb \xff\n");
    assert!(refused(&tree).0.ends_with("wav.scp is not UTF-8 in line 2"));
}

#[test]
fn nkululeko_names_its_columns() {
    let tree = made("nkululeko", &["wav/a.wav"]).option("table", json!("train.csv"));
    tree.write(
        "train.csv",
        "file,start,end,speaker,gender,emotion\nwav/a.wav,0 days,0 days 00:00:01,s1,female,anger\nwav/a.wav,0 days 00:00:01,NaT,s1,female,neutral\n",
    );
    let listing = tree.list();
    assert_eq!(
        told(&listing),
        [
            ("wav/a/00000000-00001000", "s1", F, "anger"),
            ("wav/a/00001000-end", "s1", F, "neutral")
        ]
    );
    tree.write("train.csv", "file,speaker,valence\n");
    let (reason, help) = refused(&tree);
    assert!(
        reason.ends_with("train.csv has no column for emotion"),
        "{reason}"
    );
    assert!(
        help.contains("set columns.emotion to one of its columns"),
        "{help}"
    );
}

#[test]
fn metadata_of_hugging_face_is_found_in_the_folders_of_splits() {
    let tree = made("huggingface", &["train/a.wav", "test/x/b.wav"]);
    tree.write(
        "train/metadata.csv",
        "file_name,label,speaker_id\na.wav,anger,s1\n",
    );
    tree.write(
        "test/metadata.jsonl",
        "{\"file_name\": \"x/b.wav\", \"label\": \"fear\", \"speaker_id\": \"s2\", \"gender\": \"male\"}\n{\"file_name\": \"c.wav\", \"label\": \"fear\", \"speaker_id\": \"s2\"}\n",
    );
    let listing = tree.list();
    assert_eq!(
        told(&listing),
        [
            ("test/x/b", "s2", M, "fear"),
            ("train/a", "s1", None, "anger")
        ]
    );
    assert_eq!(
        dropped(&listing),
        [(
            "test/metadata.jsonl:2",
            "the file does not exist: test/c.wav; the nearest is test/x/b.wav"
        )]
    );
    let tree = made("huggingface", &["data/train-0.parquet"]);
    let (reason, help) = refused(&tree);
    assert!(
        reason.ends_with("has Parquet files, such as data/train-0.parquet, which are not read"),
        "{reason}"
    );
    assert!(help.contains("metadata.csv"), "{help}");
    let (reason, _) = refused(&made("huggingface", &["a.wav"]));
    assert!(
        reason.ends_with("has no metadata.csv and no metadata.jsonl"),
        "{reason}"
    );
}

#[test]
fn folders_tell_the_class_and_names_the_speaker() {
    let files = [
        "x/anger/anna_1.wav",
        "x/fear/ben_1.wav",
        "x/joy/ben_2.wav",
        "top.wav",
    ];
    let tree = made("folders", &files).option("pattern", json!("**/{emotion}/{speaker}_*"));
    let listing = tree.list();
    assert_eq!(
        told(&listing),
        [
            ("x/anger/anna_1", "anna", None, "anger"),
            ("x/fear/ben_1", "ben", None, "fear")
        ]
    );
    assert_eq!(
        dropped(&listing),
        [
            (
                "top.wav",
                "its path does not match the pattern **/{emotion}/{speaker}_*"
            ),
            ("x/joy/ben_2.wav", "label joy is not listed"),
        ]
    );
    let tree = made("folders", &files);
    let (reason, help) = refused(&tree);
    assert!(
        reason.ends_with("option `speaker` is missing, and `pattern` has no {speaker}"),
        "{reason}"
    );
    assert!(help.contains("speaker = \"file\""), "{help}");
    let tree = tree.option("speaker", json!("file"));
    assert_eq!(told(&tree.list())[0].1, "x/anger/anna_1");
    let tree = tree.option("pattern", json!("{gender}/{emotion}/*"));
    assert_warns(
        &tree.list(),
        "gender `x` is not recognised: 3 times, first at x/anger/anna_1.wav",
    );
    let (reason, _) = refused(&tree.option("pattern", json!("{mood}/*")));
    assert!(
        reason.ends_with("option `pattern` has no {emotion}"),
        "{reason}"
    );
}
