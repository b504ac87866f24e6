//! Folds and groups: everything is tested once, groups stay whole, classes are shared out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use crate::corpus::{AudioSource, Entry, Gender, Split, Utterance};

use super::*;

/// An utterance of a speaker in a session, with a class.
fn entry(number: usize, speaker: usize, session: &str, class: &str) -> Entry {
    let columns: BTreeMap<String, String> = [("session".to_owned(), session.to_owned())].into();
    Entry {
        utterance: Utterance {
            id: format!("c/{number:04}"),
            corpus: "c".into(),
            speaker: format!("c/{speaker:02}").into(),
            gender: Some(if speaker.is_multiple_of(2) {
                Gender::Female
            } else {
                Gender::Male
            }),
            language: "en".into(),
            label: class.into(),
            class: Some(class.into()),
            columns: Some(Arc::new(columns)),
            votes: None,
            split: Split::Train,
        },
        source: AudioSource::File {
            path: format!("{}.wav", number / 3).into(),
            segment_s: Some((number as f64, number as f64 + 1.0)),
            channel: None,
        },
        content: None,
        place: None,
    }
}

/// `speakers` speakers with 12 utterances each; the rarer class has a quarter of them.
fn data(speakers: usize) -> Vec<Entry> {
    (0..speakers * 12)
        .map(|number| {
            let speaker = number / 12;
            let class = if number.is_multiple_of(4) {
                "sad"
            } else {
                "calm"
            };
            entry(number, speaker, &(speaker / 2).to_string(), class)
        })
        .collect()
}

fn references(entries: &[Entry]) -> Vec<&Entry> {
    entries.iter().collect()
}

fn by(attributes: &[&str]) -> Vec<String> {
    attributes.iter().map(ToString::to_string).collect()
}

const DEALING: Dealing = Dealing {
    stratify: true,
    seed: 0,
};

#[test]
fn groups_of_several_attributes_are_connected() {
    let mut entries = data(6);
    let groups = Groups::by(&references(&entries), &by(&["speaker"]));
    assert_eq!(groups.names.len(), 6);
    assert_eq!(groups.names[0], "c/00");
    let groups = Groups::by(&references(&entries), &by(&["session"]));
    assert_eq!(groups.names, ["c/0", "c/1", "c/2"]);
    // One utterance of speaker 2 in a session of speakers 0 and 1 joins both pairs.
    entries[30] = entry(30, 2, "0", "calm");
    let joined = Groups::by(&references(&entries), &by(&["speaker", "session"]));
    assert_eq!(joined.names.len(), 2);
    assert_eq!(joined.of[0], joined.of[47]);
    assert_ne!(joined.of[0], joined.of[48]);
    // Files of three utterances each.
    let groups = Groups::by(&references(&entries), &by(&["recording"]));
    assert_eq!(groups.names.len(), 24);
    // What is not documented is kept together by speaker.
    let groups = Groups::by(&references(&entries), &by(&["text"]));
    assert_eq!((groups.names.len(), groups.undocumented["text"]), (6, 72));
}

#[test]
fn too_few_groups_are_reported() {
    let entries = data(3);
    let known = references(&entries);
    let groups = Groups::by(&known, &by(&["speaker"]));
    let durations = vec![1.0; known.len()];
    let error = folds_of(&known, &durations, &groups, 5, DEALING).unwrap_err();
    assert_eq!(
        error.to_string(),
        "c has 3 groups by speaker that must stay whole, too few for 5 folds"
    );
    let groups = Groups::by(&known, &by(&["speaker", "label"]));
    let error = folds_of(&known, &durations, &groups, 2, DEALING).unwrap_err();
    let told = error.to_string();
    assert!(
        told.starts_with("c has 1 group by speaker or label (3 by speaker alone, ")
            && told.contains(
                "by label alone: utterances that share either are connected) that must stay whole"
            ),
        "{told}"
    );
}

#[test]
fn left_out_values_are_sorted_and_short_where_there_is_one_corpus() {
    let entries = data(4);
    let known = references(&entries);
    let (names, fold_of) = left_out_values(&known, "speaker").unwrap();
    assert_eq!(names, ["00", "01", "02", "03"]);
    assert_eq!((fold_of[0], fold_of[47]), (0, 3));
    let (names, _) = left_out_values(&known, "session").unwrap();
    assert_eq!(names, ["0", "1"]);
    assert!(matches!(
        left_out_values(&known, "corpus"),
        Err(SplitError::NothingToLeaveOut { values: 1, .. })
    ));
    assert!(matches!(
        left_out_values(&known, "city"),
        Err(SplitError::Undocumented {
            count: 48,
            of: 48,
            ..
        })
    ));
    let mut two = data(2);
    two[0].utterance.corpus = "d".into();
    two[0].utterance.speaker = "d/00".into();
    let (names, _) = left_out_values(&references(&two), "speaker").unwrap();
    assert_eq!(names, ["c/00", "c/01", "d/00"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn folds_test_each_group_once_and_keep_it_whole(
        speakers in 5usize..30,
        count in 2usize..6,
        seed in any::<u64>(),
        classes in proptest::collection::vec(0usize..3, 360),
    ) {
        let mut entries = data(speakers);
        for (entry, class) in entries.iter_mut().zip(&classes) {
            entry.utterance.class = Some(["a", "b", "c"][*class].into());
        }
        let known = references(&entries);
        let groups = Groups::by(&known, &by(&["speaker"]));
        let durations: Vec<f64> = (0..known.len()).map(|n| 1.0 + (n % 7) as f64).collect();
        let dealing = Dealing { stratify: true, seed };
        let fold_of = folds_of(&known, &durations, &groups, count, dealing).unwrap();
        prop_assert_eq!(&fold_of, &folds_of(&known, &durations, &groups, count, dealing).unwrap());
        let mut folds_of_speakers: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (entry, fold) in known.iter().zip(&fold_of) {
            folds_of_speakers.entry(&entry.utterance.speaker).or_default().insert(*fold);
        }
        prop_assert!(folds_of_speakers.values().all(|folds| folds.len() == 1));
        let used: BTreeSet<usize> = fold_of.iter().copied().collect();
        prop_assert_eq!(used.len(), count, "no fold is empty");
        for fold in 0..count {
            let splits = fold_splits(
                &known, &durations, &groups, &fold_of, (fold, count),
                FoldValidation::Fraction(0.2), dealing,
            );
            let mut parts: BTreeMap<&str, BTreeSet<Split>> = BTreeMap::new();
            for ((entry, split), own) in known.iter().zip(&splits).zip(&fold_of) {
                prop_assert_eq!(*split == Split::Test, *own == fold);
                parts.entry(&entry.utterance.speaker).or_default().insert(*split);
            }
            prop_assert!(parts.values().all(|splits| splits.len() == 1));
            let there: BTreeSet<Split> = splits.into_iter().collect();
            // With two folds of five speakers, two or three are left, enough for both.
            prop_assert_eq!(there.len(), 3);
        }
    }
}

#[test]
fn classes_are_shared_out_where_groups_are_small() {
    // Every utterance is a group of its own.
    let entries = data(10);
    let known = references(&entries);
    let groups = Groups {
        of: (0..known.len()).collect(),
        names: known
            .iter()
            .map(|entry| entry.utterance.id.clone())
            .collect(),
        attributes: Vec::new(),
        undocumented: BTreeMap::new(),
    };
    let durations = vec![2.0; known.len()];
    let fold_of = folds_of(&known, &durations, &groups, 5, DEALING).unwrap();
    for fold in 0..5 {
        let count = |class: &str| {
            let own = known.iter().zip(&fold_of);
            let own = own.filter(|(entry, own)| {
                **own == fold && entry.utterance.class.as_deref() == Some(class)
            });
            own.count()
        };
        assert_eq!((count("sad"), count("calm")), (6, 18), "fold {fold}");
    }
    let fractions = stratified(&known, &durations, &groups, [0.5, 0.25, 0.25], DEALING);
    for (split, expected) in Split::ALL.into_iter().zip([15, 8, 7]) {
        let own = known.iter().zip(&fractions).filter(|(entry, own)| {
            **own == split && entry.utterance.class.as_deref() == Some("sad")
        });
        let found = own.count();
        assert!(found.abs_diff(expected) <= 1, "{split:?}: {found}");
    }
}

#[test]
fn the_next_fold_is_validation_and_the_last_wraps_around() {
    let entries = data(6);
    let known = references(&entries);
    let groups = Groups::by(&known, &by(&["speaker"]));
    let durations = vec![1.0; known.len()];
    let fold_of = folds_of(&known, &durations, &groups, 3, DEALING).unwrap();
    let splits = fold_splits(
        &known,
        &durations,
        &groups,
        &fold_of,
        (2, 3),
        FoldValidation::NextFold,
        DEALING,
    );
    for (split, fold) in splits.iter().zip(&fold_of) {
        let expected = [Split::Validation, Split::Train, Split::Test][*fold];
        assert_eq!(*split, expected);
    }
}

#[test]
fn other_groups_than_speakers_can_be_split_by_fractions() {
    let entries = data(10);
    let known = references(&entries);
    let groups = Groups::by(&known, &by(&["session"]));
    let utterances: Vec<(&Utterance, f64)> =
        known.iter().map(|entry| (&entry.utterance, 1.0)).collect();
    let options = SplitOptions {
        train: 0.6,
        validation: 0.2,
        test: 0.2,
        seed: 0,
    };
    let splits = assign_groups(&utterances, &groups, &options).unwrap();
    let count = |split: Split| splits.iter().filter(|own| **own == split).count();
    assert_eq!(Split::ALL.map(count), [72, 24, 24]);
    for pair in splits.chunks(24) {
        assert!(
            pair.iter().all(|split| *split == pair[0]),
            "a session is cut"
        );
    }
}

/// Two corpora of four speakers each, in which everybody says the same six texts.
fn two_corpora() -> Vec<Entry> {
    let all = ["a", "b"].into_iter().flat_map(|corpus| {
        (0..48).map(move |number| {
            let class = if number % 4 == 0 { "sad" } else { "calm" };
            let mut entry = entry(number, number / 12, "1", class);
            entry.utterance.corpus = corpus.into();
            entry.utterance.id = format!("{corpus}/{number:04}");
            entry.utterance.speaker = format!("{corpus}/{}", number / 12).into();
            let columns = [
                ("session".to_owned(), (number / 24).to_string()),
                ("text".to_owned(), (number % 6).to_string()),
            ];
            entry.utterance.columns = Some(Arc::new(columns.into()));
            entry
        })
    });
    all.collect()
}

#[test]
fn texts_that_corpora_share_are_one_group_and_their_speakers_and_sessions_are_not() {
    let entries = two_corpora();
    let known = references(&entries);
    let count = |attribute: &str| Groups::by(&known, &by(&[attribute])).names.len();
    assert_eq!(
        [count("text"), count("session"), count("speaker")],
        [6, 4, 8]
    );
    let groups = Groups::by(&known, &by(&["text"]));
    let lengths = vec![2.0; entries.len()];
    let splits_of_texts = |splits: &[Split]| {
        let mut of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (entry, split) in known.iter().zip(splits) {
            let text = entry.utterance.column("text").unwrap_or_default();
            of.entry(text).or_default().insert(split.name());
        }
        of
    };
    let is_whole = |splits: &[Split]| splits_of_texts(splits).values().all(|of| of.len() == 1);
    let options = SplitOptions {
        train: 0.5,
        validation: 0.25,
        test: 0.25,
        seed: 0,
    };
    let with_lengths: Vec<(&Utterance, f64)> =
        known.iter().map(|entry| (&entry.utterance, 2.0)).collect();
    let assigned = assign_groups(&with_lengths, &groups, &options).unwrap();
    assert!(is_whole(&assigned), "{assigned:?}");
    let dealt = stratified(&known, &lengths, &groups, [0.5, 0.25, 0.25], DEALING);
    assert!(is_whole(&dealt), "{dealt:?}");
    assert!(Split::ALL.iter().all(|split| dealt.contains(split)));
    let fold_of = folds_of(&known, &lengths, &groups, 3, DEALING).unwrap();
    let fold = fold_splits(
        &known,
        &lengths,
        &groups,
        &fold_of,
        (0, 3),
        FoldValidation::Fraction(0.3),
        DEALING,
    );
    assert!(is_whole(&fold), "{fold:?}");
    assert!(Split::ALL.iter().all(|split| fold.contains(split)));
    let told = folds_of(&known, &lengths, &groups, 7, DEALING).unwrap_err();
    assert!(
        told.to_string().starts_with("a, b have 6 groups by text "),
        "{told}"
    );
}

#[test]
fn a_corpus_is_split_as_without_others_that_share_no_group() {
    let entries = two_corpora();
    let all = references(&entries);
    let own = &all[..48];
    let split = |entries: &[&Entry], attribute: &str| {
        let groups = Groups::by(entries, &by(&[attribute]));
        let lengths = vec![2.0; entries.len()];
        stratified(entries, &lengths, &groups, [0.5, 0.25, 0.25], DEALING)
    };
    for attribute in ["speaker", "session"] {
        assert_eq!(split(&all, attribute)[..48], split(own, attribute));
    }
}
