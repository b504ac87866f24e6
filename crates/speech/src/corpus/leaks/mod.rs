//! Leaks between the parts of a data set: shared speakers, shared audio, segments that overlap; and duplicate audio within
//! it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use pipe_foundation::Digest;
use rayon::prelude::*;

use super::{Split, Utterance};

mod copies;
mod groups;
mod segments;
mod similar_names;

pub use copies::{NestedCopy, nested_copies};
pub use groups::{CutGroup, cut_groups};
pub use segments::{SegmentOverlap, segment_overlaps};
pub use similar_names::similar_names;

/// An utterance and the digest of its audio.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// What is known of it.
    pub utterance: &'a Utterance,
    /// Digest of its samples, so that headers and containers do not matter.
    pub audio: Digest,
}

/// A part of the data that must not share speakers or audio with the others.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// Its name in messages, such as `train` or `test`.
    pub name: &'a str,
    /// Its utterances.
    pub items: Vec<Item<'a>>,
}

impl<'a> Part<'a> {
    /// Those of `items` that are in `split`, under its name.
    pub fn of_split(split: Split, items: &[Item<'a>]) -> Self {
        let own = items.iter().filter(|item| item.utterance.split == split);
        Self {
            name: split.name(),
            items: own.copied().collect(),
        }
    }
}

/// An utterance as a finding names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The part it is in.
    pub part: String,
    /// Its id.
    pub id: String,
    /// Its label as the corpus writes it.
    pub label: String,
}

/// What is compared to find recordings that are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Their samples.
    Audio,
    /// What was made of them.
    Features,
}

/// Something wrong with the parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A speaker is in more than one part.
    SpeakerOverlap {
        /// The speaker.
        speaker: String,
        /// Part and number of the speaker's utterances in it, by part.
        parts: Vec<(String, usize)>,
    },
    /// The same audio is in more than one part.
    AudioAcrossParts {
        /// Its digest.
        audio: Digest,
        /// Every utterance that has it.
        places: Vec<Place>,
    },
    /// The same audio has more than one label of one corpus.
    AudioUnderTwoLabels {
        /// Its digest.
        audio: Digest,
        /// Every utterance that has it.
        places: Vec<Place>,
    },
}

impl Finding {
    /// True if it makes a score on held-out data worthless: everything but a doubtful label.
    pub fn is_leak(&self) -> bool {
        !matches!(self, Self::AudioUnderTwoLabels { .. })
    }

    /// What it says, where the digests are those of `compared`.
    pub fn said_of(&self, compared: Compared) -> String {
        let (what, are, have) = match compared {
            Compared::Audio => ("audio", "is", "has"),
            Compared::Features => ("features", "are", "have"),
        };
        let list = |places: &[Place], said: fn(&Place) -> &str| {
            let told = places.iter();
            let told = told.map(|place| format!("{} ({})", place.id, said(place)));
            told.collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::SpeakerOverlap { speaker, parts } => {
                let parts = parts.iter();
                let parts = parts.map(|(part, count)| format!("{part} ({count} utterances)"));
                let parts: Vec<String> = parts.collect();
                format!("speaker {speaker} is in {}", parts.join(", "))
            }
            Self::AudioAcrossParts { places, .. } => format!(
                "the same {what} {are} in more than one part: {}",
                list(places, |place| &place.part)
            ),
            Self::AudioUnderTwoLabels { places, .. } => format!(
                "the same {what} {have} more than one label: {}",
                list(places, |place| &place.label)
            ),
        }
    }

    /// The utterances that share the audio; none for speakers.
    pub fn places(&self) -> &[Place] {
        match self {
            Self::SpeakerOverlap { .. } => &[],
            Self::AudioAcrossParts { places, .. } | Self::AudioUnderTwoLabels { places, .. } => {
                places
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said_of(Compared::Audio))
    }
}

/// Everything wrong with `parts`: overlaps of speakers by name, then audio by its first utterance.
pub fn find(parts: &[Part<'_>]) -> Vec<Finding> {
    let mut findings = speaker_overlaps(parts);
    findings.extend(shared_audio(parts));
    findings
}

fn speaker_overlaps(parts: &[Part<'_>]) -> Vec<Finding> {
    let mut speakers: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for part in parts {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for item in &part.items {
            *counts.entry(&item.utterance.speaker).or_default() += 1;
        }
        for (speaker, count) in counts {
            let parts = speakers.entry(speaker).or_default();
            *parts.entry(part.name).or_default() += count;
        }
    }
    speakers
        .into_iter()
        .filter(|(_, counts)| counts.len() > 1)
        .map(|(speaker, counts)| Finding::SpeakerOverlap {
            speaker: speaker.to_string(),
            parts: counts
                .into_iter()
                .map(|(part, count)| (part.to_string(), count))
                .collect(),
        })
        .collect()
}

fn shared_audio(parts: &[Part<'_>]) -> Vec<Finding> {
    let held: Vec<(&str, &Item<'_>)> = parts
        .iter()
        .flat_map(|part| part.items.iter().map(|item| (part.name, item)))
        .collect();
    let mut found: Vec<Finding> = Vec::new();
    for holders in same_audio(held.iter().map(|(_, item)| &item.audio)) {
        let holders: Vec<(&str, &Item<'_>)> = holders.iter().map(|&index| held[index]).collect();
        let Some((&(part, first), rest)) = holders.split_first() else {
            continue;
        };
        let across = rest.iter().any(|(other, _)| *other != part);
        // Labels of different corpora are different words for maybe the same thing.
        let mut label_of: BTreeMap<&str, &str> = BTreeMap::new();
        let labels = holders.iter().any(|(_, item)| {
            let Utterance { corpus, label, .. } = item.utterance;
            *label_of.entry(corpus).or_insert(label) != &**label
        });
        let classes = rest
            .iter()
            .any(|(_, other)| other.utterance.class != first.utterance.class);
        let mut places: Vec<Place> = holders
            .iter()
            .map(|(part, item)| Place {
                part: (*part).to_string(),
                id: item.utterance.id.clone(),
                label: item.utterance.label.to_string(),
            })
            .collect();
        places.sort();
        let audio = first.audio;
        if across {
            found.push(Finding::AudioAcrossParts {
                audio,
                places: places.clone(),
            });
        }
        if labels || classes {
            found.push(Finding::AudioUnderTwoLabels { audio, places });
        }
    }
    found.sort_by(|a, b| a.places().cmp(b.places()));
    found
}

/// Positions of equal digests, two or more together, in the order of the digests; the positions of each ascend.
fn same_audio<'a>(digests: impl Iterator<Item = &'a Digest>) -> Vec<Vec<usize>> {
    // Most digests differ in their first bytes, and numbers are compared faster than digests.
    let start = |digest: &Digest| digest.0.first_chunk().copied().map(u64::from_be_bytes);
    let digests: Vec<&Digest> = digests.collect();
    let mut order: Vec<(Option<u64>, usize)> = digests
        .iter()
        .enumerate()
        .map(|(position, digest)| (start(digest), position))
        .collect();
    order.par_sort_unstable();
    let mut groups = Vec::new();
    for alike in order.chunk_by(|one, next| one.0 == next.0) {
        if alike.len() < 2 {
            continue;
        }
        let mut positions: Vec<usize> = alike.iter().map(|(_, position)| *position).collect();
        positions.sort_by_key(|&position| digests[position]);
        let equal = positions.chunk_by(|&one, &next| digests[one] == digests[next]);
        groups.extend(equal.filter(|group| group.len() > 1).map(<[usize]>::to_vec));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn utterance(id: &str, speaker: &str, label: &str) -> Utterance {
        Utterance {
            id: id.to_string(),
            corpus: id.split('/').next().unwrap().into(),
            speaker: speaker.into(),
            gender: None,
            language: "en".into(),
            label: label.into(),
            class: Some(
                if label == "hap" {
                    "positive"
                } else {
                    "negative"
                }
                .into(),
            ),
            votes: None,
            columns: None,
            split: Split::Train,
        }
    }

    pub(super) fn item<'a>(utterance: &'a Utterance, audio: &str) -> Item<'a> {
        Item {
            utterance,
            audio: Digest::of(audio.as_bytes()),
        }
    }

    fn part<'a>(name: &'a str, items: &[Item<'a>]) -> Part<'a> {
        Part {
            name,
            items: items.to_vec(),
        }
    }

    #[test]
    fn only_equal_digests_are_together_also_where_they_start_alike() {
        let digest = |first: u8, last: u8| {
            let mut bytes = [first; 32];
            bytes[31] = last;
            Digest(bytes)
        };
        let digests = [
            digest(2, 1),
            digest(1, 2),
            digest(1, 1),
            digest(2, 1),
            digest(1, 2),
            digest(1, 3),
            digest(1, 2),
        ];
        assert_eq!(same_audio(digests.iter()), [vec![1, 4, 6], vec![0, 3]]);
        assert!(same_audio([].iter()).is_empty());
    }

    #[test]
    fn disjoint_parts_have_no_findings() {
        let (a, b) = (
            utterance("c/a", "c/1", "hap"),
            utterance("c/b", "c/2", "sad"),
        );
        let parts = [
            part("train", &[item(&a, "a")]),
            part("test", &[item(&b, "b")]),
        ];
        assert_eq!(find(&parts), []);
    }

    #[test]
    fn speakers_and_audio_across_parts_are_named() {
        let a = utterance("c/a", "c/1", "hap");
        let b = utterance("c/b", "c/1", "hap");
        let c = utterance("c/c", "c/2", "hap");
        let parts = [
            part("train", &[item(&a, "a"), item(&b, "b")]),
            part("validation", &[item(&c, "b")]),
            part("test", &[item(&a, "z")]),
        ];
        let findings = find(&parts);
        let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "speaker c/1 is in test (1 utterances), train (2 utterances)",
                "the same audio is in more than one part: c/b (train), c/c (validation)",
            ]
        );
        assert!(findings.iter().all(Finding::is_leak));
    }

    #[test]
    fn one_recording_under_two_labels_is_found_within_a_part() {
        let a = utterance("crema-d/1006_TIE_HAP_XX", "crema-d/1006", "hap");
        let b = utterance("crema-d/1006_TIE_NEU_XX", "crema-d/1006", "neu");
        let findings = find(&[part("train", &[item(&a, "same"), item(&b, "same")])]);
        assert_eq!(findings.len(), 1);
        assert!(!findings[0].is_leak());
        assert_eq!(
            findings[0].to_string(),
            "the same audio has more than one label: \
             crema-d/1006_TIE_HAP_XX (hap), crema-d/1006_TIE_NEU_XX (neu)"
        );
    }
}
