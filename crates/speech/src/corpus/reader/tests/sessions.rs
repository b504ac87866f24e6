//! Corpora whose labels are in files next to the audio: IEMOCAP and EPST.

use proptest::prelude::*;

use super::*;

const EVALUATION: &str = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n\
[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\n\
C-E2:\tNeutral;\t()\nA-E3:\tval 3; act 2; dom  2;\t()\n\n\
[10.0100 - 11.3925]\tSes01F_impro01_M001\tfru\t[2.5, 2.5, 2.5]\n\
[12.0 - 13.0]\tSes01F_impro01_F002\txxx\t[2.5, 2.5, 2.5]\n\
[12.0 - 13.0]\tSes01F_impro01_F003\tsad\t[2.5, 2.5, 2.5]\n\
[12.0 - 13.0] broken\n";

fn iemocap() -> Tree {
    let tree = Tree::new(
        "iemocap",
        &[
            "IEMOCAP_full_release/Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav",
            "IEMOCAP_full_release/Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M001.wav",
            "IEMOCAP_full_release/Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F002.wav",
            "IEMOCAP_full_release/Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F009.wav",
            "IEMOCAP_full_release/Session1/sentences/wav/Ses01F_impro01/notes.wav",
            "IEMOCAP_full_release/Session1/sentences/MOCAP_hand/x/Ses01F_impro01_F000.wav",
            "IEMOCAP_full_release/Session1/dialog/wav/Ses01F_impro01.wav",
        ],
    );
    let folder = "IEMOCAP_full_release/Session1/dialog/EmoEvaluation";
    tree.write(&format!("{folder}/Ses01F_impro01.txt"), EVALUATION);
    tree.write(&format!("{folder}/._Ses01F_impro01.txt"), "junk");
    for below in ["Categorical", "Attribute", "Self-evaluation", "Other"] {
        tree.write(
            &format!("{folder}/{below}/Ses01F_impro01_e2_cat.txt"),
            "[12.0 - 13.0]\tSes01F_impro01_F009\tang\t[2.5, 2.5, 2.5]\n",
        );
    }
    tree
}

#[test]
fn iemocap_speakers_are_those_of_the_last_token() {
    let listing = iemocap().list();
    let below = "IEMOCAP_full_release/Session1/sentences/wav/Ses01F_impro01";
    let (first, second) = (
        format!("{below}/Ses01F_impro01_F000"),
        format!("{below}/Ses01F_impro01_M001"),
    );
    assert_eq!(
        facts(&listing),
        [
            (first.as_str(), "Ses01F", F, "neu", "neutral"),
            (second.as_str(), "Ses01M", M, "fru", "negative"),
        ]
    );
    assert_eq!(listing.labels.values().sum::<usize>(), 3);
}

#[test]
fn iemocap_sets_aside_what_has_no_partner() {
    let listing = iemocap().list();
    let reasons: Vec<(&str, &str)> = dropped(&listing)
        .into_iter()
        .map(|(what, reason)| (what.rsplit('/').next().unwrap(), reason))
        .collect();
    let labels = "IEMOCAP_full_release/Session1/dialog/EmoEvaluation/Ses01F_impro01.txt";
    assert_eq!(
        reasons,
        [
            ("Ses01F_impro01_F002.wav", "label xxx is mapped to dropped"),
            (
                "Ses01F_impro01_F009.wav",
                "no file in EmoEvaluation labels this turn"
            ),
            (
                "notes.wav",
                "its name is not that of a turn, such as Ses01F_impro01_M003"
            ),
            (
                "Ses01F_impro01_F003",
                &*format!("{labels}:9 labels it, but it has no audio")
            ),
        ]
    );
    assert_eq!(listing.warnings.len(), 1);
    assert_warns(&listing, &format!("{labels}:10: not `[start - end]`"));
}

#[test]
fn iemocap_labels_that_contradict_each_other_are_reported() {
    let tree = iemocap();
    tree.write(
        "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt",
        "[6.2 - 8.2]\tSes01F_impro01_F000\tang\t[2.5, 2.5, 2.5]\n",
    );
    assert_warns(
        &tree.list(),
        "turn Ses01F_impro01_F000 is ang here and neu in",
    );
}

#[test]
fn iemocap_session_folders_are_compared() {
    let tree = Tree::new(
        "iemocap",
        &["Session2/sentences/wav/d/Ses01M_script01_1_F019.wav"],
    );
    tree.write(
        "Session1/dialog/EmoEvaluation/d.txt",
        "[6.2 - 8.2]\tSes01M_script01_1_F019\thap\t[2.5, 2.5, 2.5]\r\n",
    );
    let listing = tree.list();
    assert_eq!(facts(&listing)[0].1, "Ses01F");
    assert_warns(&listing, "names say session 1");
}

#[test]
fn epst_utterances_are_segments_of_a_channel() {
    let mut tree = Tree::new(
        "epst",
        &["data/speech/cc_001.sph", "data/speech/mm_002.sph"],
    );
    tree.write(
        "data/transcr/cc_001.txt",
        "0.00 100.00 A: [MISC]\n\n12.34 13.60 A: Hot-Anger, December first\n\
         14.00 15.2 A: (cough)\n15.2 16 A: Emotion category: happy\n16.0 17.5 A: happy, March, second\n\
         18.0 19.0 A: hapy, May third\n20 19 A: happy, May third\nnonsense\n",
    );
    tree.write("data/transcr/gg_001.txt", "1 2 A: happy, x\n");
    tree.write("doc/readme.txt", "not a transcript");
    tree.config.genders.insert("cc".to_string(), Gender::Female);
    let listing = tree.list();
    assert_eq!(
        facts(&listing),
        [
            (
                "data/speech/cc_001/00012340-00013600",
                "cc",
                F,
                "hot anger",
                "negative"
            ),
            (
                "data/speech/cc_001/00016000-00017500",
                "cc",
                F,
                "happy",
                "positive"
            ),
        ]
    );
    let AudioSource::File {
        segment_s, channel, ..
    } = &listing.entries[0].source
    else {
        panic!("a file was expected");
    };
    assert_eq!((*segment_s, *channel), (Some((12.34, 13.6)), Some(0)));
    assert_eq!(
        dropped(&listing),
        [
            (
                "data/speech/mm_002.sph",
                "it has no transcript with this name"
            ),
            ("data/transcr/cc_001.txt:7", "label hapy is not listed"),
            (
                "data/transcr/cc_001.txt:8",
                "its times are not 0 <= start < end"
            ),
            (
                "data/transcr/cc_001.txt:9",
                "not `start end A: emotion, words`"
            ),
            (
                "data/transcr/gg_001.txt",
                "it is the transcript of a missing session"
            ),
        ]
    );
    assert_warns(
        &listing,
        "data/transcr/cc_001.txt:7: `hapy` is not a known emotion",
    );
    assert_warns(&listing, "data/transcr/cc_001.txt:8: its times");

    let second = tree.option("channel", serde_json::json!(1)).list();
    let AudioSource::File { channel, .. } = &second.entries[0].source else {
        panic!("a file was expected");
    };
    assert_eq!(*channel, Some(1));
}

#[test]
fn epst_copies_of_the_tree_keep_to_their_transcripts() {
    let tree = Tree::new("epst", &["a/cc_001.sph", "b/cc_001.sph"]);
    tree.write("a/cc_001.txt", "1 2 A: happy, x\n");
    tree.write("b/cc_001.txt", b"1 2 A: sadness, \xff\n");
    let listing = tree.list();
    assert_eq!(listing.entries.len(), 2);
    assert_eq!(&*listing.entries[0].utterance.label, "happy");
    assert_eq!(&*listing.entries[1].utterance.label, "sadness");
    assert_warns(
        &listing,
        "the gender of these speakers is unknown: cc; add them to [corpus.epst.genders]",
    );
}

proptest! {
    #[test]
    fn any_label_file_is_read(text in "(\\[|\\]|\t|\n|Ses0|1|F|M|_|[a-z .é-]){0,120}") {
        for (number, turn, label, _) in iemocap::parse_labels(&text).flatten() {
            prop_assert!(number >= 1 && !turn.is_empty() && !label.is_empty());
        }
    }
}
