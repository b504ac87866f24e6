//! Each detector on made audio.

mod made_audio;
mod shared_columns;
mod telling;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use pipe_foundation::Digest;

use crate::audio::{WavEncoding, Waveform};
use crate::corpus::{AudioSource, Split};
use crate::dsp::Resampler;

use super::*;

use made_audio::{Made, listed, speech};

/// An utterance without audio.
fn named(id: &str, class: &str, split: Split) -> Audited {
    let source = AudioSource::File {
        path: PathBuf::from(format!("none/{id}.wav")),
        segment_s: None,
        channel: None,
    };
    let mut item = listed(id, source, Digest::of(id.as_bytes()));
    item.utterance.class = Some(class.into());
    item.utterance.label = class.into();
    item.utterance.split = split;
    item
}

fn between_splits(items: &[Audited]) -> Vec<Finding> {
    shared::shared_between_splits(items, &BTreeSet::new())
}

fn of_code<'a>(findings: &'a [Finding], code: &str) -> Vec<&'a Finding> {
    findings
        .iter()
        .filter(|finding| finding.code == code)
        .collect()
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn copies_with_another_gain_format_channel_or_rate_are_found() {
    let made = Made::new();
    let wave = speech(1, 48_000, 1.7);
    let quiet = Waveform {
        samples: wave.samples.iter().map(|s| s * -0.11).collect(),
        ..wave.clone()
    };
    let low = Waveform {
        samples: Resampler::new(48_000, 16_000)
            .unwrap()
            .process(&wave.samples),
        rate_hz: 16_000,
    };
    let telephone = Waveform {
        samples: Resampler::new(48_000, 8_000)
            .unwrap()
            .process(&wave.samples),
        rate_hz: 8_000,
    };
    let original = made.of("c/original", &wave);
    for (name, copy) in [
        ("gain", made.of("c/gain", &quiet)),
        ("24 bit", made.interleaved("c/24", &wave, 24, &[1.0])),
        (
            "two channels",
            made.interleaved("c/2", &wave, 16, &[1.0, 1.0]),
        ),
        (
            "two other channels",
            made.interleaved("c/3", &wave, 16, &[1.0, 0.3]),
        ),
        ("float", made.with("c/float", &wave, WavEncoding::Float32)),
        ("16 kHz", made.of("c/16", &low)),
        ("8 kHz", made.of("c/8", &telephone)),
    ] {
        let mut items = [original.clone(), copy];
        let found = copies::copies(&items);
        assert_eq!(codes(&found), ["audit::repeated_copy"], "{name}");
        items[1].utterance.split = Split::Test;
        let found = copies::copies(&items);
        assert_eq!(codes(&found), ["audit::shared_copy"], "{name}");
        assert_eq!(found[0].severity, Severity::Error);
        assert!(found[0].message.contains("(test)"), "{}", found[0].message);
    }
}

#[test]
fn different_utterances_of_the_same_length_are_no_copies() {
    let made = Made::new();
    let items: Vec<Audited> = (0..60)
        .map(|seed| made.of(&format!("c/{seed}"), &speech(seed + 10, 16_000, 1.0)))
        .collect();
    assert_eq!(copies::copies(&items), []);
    assert!(
        items
            .iter()
            .all(|item| item.measures().unwrap().fingerprint.is_some())
    );
}

#[test]
fn identical_files_are_reported_by_split_and_contradicting_labels_by_label() {
    let made = Made::new();
    let wave = speech(3, 16_000, 0.8);
    let mut items = [made.of("c/a", &wave), made.of("c/b", &wave)];
    assert_eq!(codes(&copies::copies(&items)), ["audit::repeated_audio"]);
    items[1].utterance.split = Split::Validation;
    items[1].utterance.label = "sad".into();
    let found = copies::copies(&items);
    assert_eq!(
        codes(&found),
        ["audit::shared_audio", "audit::contradicting_labels"]
    );
    // As a speaker, a file that test does not have costs validation alone.
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(
        found[0].message.contains("in both training and validation"),
        "{found:?}"
    );
    assert_eq!(found[0].names, ["c/a (train) = c/b (validation)"]);
    assert_eq!(found[1].names, ["c/a (happy) = c/b (sad)"]);
}

#[test]
fn recordings_without_usable_sound_are_named() {
    let made = Made::new();
    let wave = |samples: Vec<f32>| Waveform {
        samples,
        rate_hz: 16_000,
    };
    let clean = speech(4, 16_000, 1.0);
    let silent = wave(vec![0.0; 8_000]);
    let constant = wave(vec![0.25; 8_000]);
    let offset = wave(clean.samples.iter().map(|s| s + 0.1).collect());
    let clipped = wave(
        clean
            .samples
            .iter()
            .map(|s| (s * 4.0).clamp(-1.0, 1.0))
            .collect(),
    );
    made.of("c/cut", &clean);
    let bytes = std::fs::read(made.path("c/cut")).unwrap();
    std::fs::write(made.path("c/cut"), &bytes[..bytes.len() / 2]).unwrap();
    std::fs::write(made.path("c/text"), "not audio at all, but text").unwrap();
    let items = [
        made.of("c/clean", &clean),
        made.of("c/silent", &silent),
        made.of("c/constant", &constant),
        made.of("c/offset", &offset),
        made.of("c/clipped", &clipped),
        made.listed("c/cut"),
        made.listed("c/text"),
    ];
    let found = recordings::unusable_recordings(&items);
    let told: Vec<(&str, &str)> = found
        .iter()
        .map(|finding| (finding.code, finding.names[0].split(' ').next().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("audit::cut_recording", "c/cut"),
            ("audit::unreadable_recording", "c/text"),
            ("audit::silent_recording", "c/silent"),
            ("audit::constant_recording", "c/constant"),
            ("audit::offset", "c/offset"),
            ("audit::clipped_recording", "c/clipped"),
        ]
    );
    assert!(found.iter().all(|finding| finding.count == 1));
}

#[test]
fn files_named_after_another_format_are_worth_a_note() {
    let made = Made::new();
    let flac = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/audio/mono16.flac"
    );
    std::fs::copy(flac, made.path("c/flac")).unwrap();
    let items = [
        made.listed("c/flac"),
        made.of("c/wav", &speech(4, 16_000, 1.0)),
    ];
    let found = recordings::unusable_recordings(&items);
    assert_eq!(codes(&found), ["audit::misnamed_recording"]);
    assert_eq!(found[0].names, ["c/flac (FLAC in .wav)"]);
}

#[test]
fn speakers_sessions_and_texts_in_several_splits_are_named() {
    let mut items = [
        named("c/a", "happy", Split::Train),
        named("c/b", "happy", Split::Test),
        named("c/c", "happy", Split::Train),
    ];
    assert_eq!(between_splits(&items), []);
    for item in &mut items[..2] {
        item.utterance.speaker = "c/anna".into();
        let columns = [("text", "Hello there"), ("session", "3")];
        let columns = columns.map(|(name, value)| (name.to_owned(), value.to_owned()));
        item.utterance.columns = Some(Arc::new(BTreeMap::from(columns)));
    }
    let found = between_splits(&items);
    assert_eq!(
        codes(&found),
        [
            "audit::shared_speaker",
            "audit::shared_session",
            "audit::shared_text"
        ]
    );
    assert_eq!(found[0].names, ["c/anna (test 1, train 1)"]);
    assert_eq!(found[2].severity, Severity::Note);
    assert_eq!(found[2].names, ["c \"Hello there\" (train, test)"]);
}

#[test]
fn speakers_of_training_and_validation_alone_are_a_warning() {
    let of = |splits: &[(&str, Split)]| {
        let items = splits.iter().enumerate().map(|(index, (speaker, split))| {
            let mut item = named(&format!("c/{index}"), "happy", *split);
            item.utterance.speaker = format!("c/{speaker}").into();
            item
        });
        between_splits(&items.collect::<Vec<_>>())
    };
    let found = of(&[
        ("anna", Split::Train),
        ("anna", Split::Validation),
        ("ben", Split::Validation),
        ("ben", Split::Test),
        ("cora", Split::Train),
    ]);
    assert_eq!(
        codes(&found),
        ["audit::shared_speaker", "audit::shared_speaker"]
    );
    assert_eq!(found[0].severity, Severity::Error);
    assert_eq!(found[0].names, ["c/ben (test 1, validation 1)"]);
    assert_eq!(found[1].severity, Severity::Warning);
    assert_eq!(
        found[1].message,
        "1 speaker is in both training and validation, but not in test, so validation scores and the choice of the epoch suffer: c/anna (train 1, validation 1)"
    );
}

#[test]
fn overlapping_segments_across_splits_are_worse_than_a_shared_file() {
    let segment = |id: &str, bounds, channel, split| {
        let mut item = named(id, "happy", split);
        item.source = AudioSource::File {
            path: PathBuf::from("none/talk.wav"),
            segment_s: Some(bounds),
            channel,
        };
        item
    };
    let of = |second| {
        let items = [segment("c/a", (0.0, 2.0), None, Split::Train), second];
        between_splits(&items)
    };
    let overlapping = of(segment("c/b", (1.5, 3.0), None, Split::Test));
    assert_eq!(codes(&overlapping), ["audit::shared_segment"]);
    assert_eq!(overlapping[0].names, ["c/a (train) and c/b (test)"]);
    assert_eq!(overlapping[0].severity, Severity::Error);
    let validated = of(segment("c/b", (1.5, 3.0), None, Split::Validation));
    assert_eq!(codes(&validated), ["audit::shared_segment"]);
    assert_eq!(validated[0].severity, Severity::Warning);
    let beside = of(segment("c/b", (2.0, 3.0), None, Split::Test));
    assert_eq!(codes(&beside), ["audit::shared_recording"]);
    assert_eq!(of(segment("c/b", (1.5, 3.0), None, Split::Train)), []);
    let mut relabelled = segment("c/b", (0.5, 2.0), None, Split::Train);
    relabelled.utterance.label = "sad".into();
    let items = [segment("c/a", (0.0, 2.0), None, Split::Train), relabelled];
    let found = copies::copies(&items);
    assert_eq!(codes(&found), ["audit::contradicting_labels"]);
    assert_eq!(found[0].names, ["c/a (happy) overlaps c/b (sad)"]);
}

#[test]
fn classes_that_splits_lack_are_named() {
    let items = [
        named("c/a", "happy", Split::Train),
        named("c/b", "sad", Split::Test),
        named("c/c", "happy", Split::Validation),
    ];
    let found = labels::missing_classes(&items, &["happy", "sad", "angry"]);
    let told: Vec<(&str, String)> = found.iter().map(|f| (f.code, f.names.join(", "))).collect();
    assert_eq!(
        told,
        [
            ("audit::class_missing_in_training", "sad".to_owned()),
            ("audit::class_missing_in_validation", "sad".to_owned()),
            ("audit::class_missing_in_test", "happy".to_owned()),
            ("audit::class_missing", "angry".to_owned()),
        ]
    );
    assert_eq!(found[0].severity, Severity::Error);
    let only_test = [named("c/b", "sad", Split::Test)];
    assert_eq!(labels::missing_classes(&only_test, &["sad"]), []);
    let found = labels::missing_classes(&only_test, &["sad", "angry", "bored"]);
    assert_eq!(codes(&found), ["audit::class_missing_in_test"]);
    assert_eq!(
        found[0].message,
        "2 classes have no utterances in test, so scores say nothing of them: angry, bored"
    );
}

#[test]
fn tables_count_by_corpus_and_split() {
    let made = Made::new();
    let mut items = vec![
        made.of("c/a", &speech(1, 16_000, 0.5)),
        made.of("c/b", &speech(2, 16_000, 1.5)),
        named("c/lost", "happy", Split::Train),
        named("d/e", "sad", Split::Test),
    ];
    items[1].utterance.class = Some("sad".into());
    let rows = class_table(&items, &["happy", "sad"]);
    assert_eq!(rows[0].utterances, [2, 1]);
    assert_eq!((&*rows[1].corpus, rows[1].split), ("d", Split::Test));
    let rows = duration_table(&items);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].utterances, rows[0].speakers), (2, 3));
    assert_eq!((rows[0].shortest_s, rows[0].longest_s), (0.5, 1.5));
}
