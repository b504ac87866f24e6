//! What splits share that they must not: speakers, sessions, stretches of a recording; and texts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::leaks::{self, Part};
use super::super::split::{RECORDING, SESSION, SPEAKER, spans_corpora};
use super::super::{AudioSource, Split};
use super::Audited;
use super::finding::{Finding, Severity, counted};

const IS_IN: (&str, &str) = ("is in more than one split", "are in more than one split");
const IS_IN_TRAINING_AND_VALIDATION: (&str, &str) = (
    "is in both training and validation, but not in test, so validation scores and the choice of the epoch suffer",
    "are in both training and validation, but not in test, so validation scores and the choice of the epoch suffer",
);

/// Columns whose values are compared between splits, where a corpus has them.
pub const COMPARED_COLUMNS: [&str; 2] = [SESSION, TEXT];
const TEXT: &str = "text";

/// Everything but copies that is in more than one split; of columns, those that are compared anyhow and `groups`.
pub fn shared_between_splits(items: &[Audited], groups: &BTreeSet<String>) -> Vec<Finding> {
    let leak_items: Vec<leaks::Item<'_>> = items
        .iter()
        .map(|item| leaks::Item {
            utterance: &item.utterance,
            audio: item.digest,
        })
        .collect();
    let parts = Split::ALL.map(|split| Part::of_split(split, &leak_items));
    let (tested, not_tested) = shared_speakers(&leaks::find(&parts));
    let ((overlapping, overlapping_before_test), same_file) = shared_files(items);
    let found = [
        (
            "audit::shared_speaker",
            Severity::Error,
            "speaker",
            IS_IN,
            tested,
            "keep each speaker in one split; where a published split shares speakers by design, say so next to each score",
        ),
        (
            "audit::shared_speaker",
            Severity::Warning,
            "speaker",
            IS_IN_TRAINING_AND_VALIDATION,
            not_tested,
            "validate on other speakers where the split allows it: validation scores are too high on voices heard in training, and the best epoch is chosen by them; test scores stand",
        ),
        (
            "audit::shared_segment",
            Severity::Error,
            "pair of overlapping segments",
            IS_IN,
            overlapping,
            "keep all segments of a recording in one split",
        ),
        (
            "audit::shared_segment",
            Severity::Warning,
            "pair of overlapping segments",
            IS_IN_TRAINING_AND_VALIDATION,
            overlapping_before_test,
            "keep all segments of a recording in one split",
        ),
        (
            "audit::shared_session",
            Severity::Warning,
            "session",
            IS_IN,
            shared_values(items, SESSION),
            "keep sessions in one split: those who talk to each other share the topic, the room and the microphone",
        ),
        (
            "audit::shared_recording",
            Severity::Warning,
            "recording",
            IS_IN,
            same_file,
            "keep all segments of a recording in one split: they share the room, the microphone and the talk",
        ),
        (
            "audit::shared_text",
            Severity::Note,
            "text",
            IS_IN,
            shared_values(items, TEXT),
            "acted corpora share sentences by design; where texts differ between classes, words tell the class",
        ),
    ];
    let found = found
        .into_iter()
        .filter(|(_, _, _, _, names, _)| !names.is_empty());
    let mut findings: Vec<Finding> = found
        .map(|(code, severity, noun, verbs, names, help)| {
            let what = match noun.strip_prefix("pair ") {
                Some(of) if names.len() > 1 => format!("{} pairs {of} {}", names.len(), verbs.1),
                _ => counted(names.len(), noun, verbs),
            };
            Finding::about(code, severity, &what, names, help)
        })
        .collect();
    findings.extend(cut_groups(items, groups));
    findings
}

/// Values of `groups` that are in more than one split, but for those that have a finding of their own.
fn cut_groups(items: &[Audited], groups: &BTreeSet<String>) -> Vec<Finding> {
    let own = [SPEAKER, RECORDING, SESSION, TEXT];
    let others = groups.iter().filter(|group| !own.contains(&group.as_str()));
    let found = others.filter_map(|group| {
        let names = shared_values(items, group);
        let what = match names.len() {
            0 => return None,
            1 => format!("1 value of the group `{group}` {}", IS_IN.0),
            count => format!("{count} values of the group `{group}` {}", IS_IN.1),
        };
        let help = "`groups` of the ingest stage says that no split may cut them: split so, or take the column out of it";
        Some(Finding::about(
            "audit::shared_group",
            Severity::Warning,
            &what,
            names,
            help,
        ))
    });
    found.collect()
}

/// Speakers in more than one split: those of test, and those of training and validation alone.
fn shared_speakers(found: &[leaks::Finding]) -> (Vec<String>, Vec<String>) {
    let (mut tested, mut not_tested) = (Vec::new(), Vec::new());
    for finding in found {
        let leaks::Finding::SpeakerOverlap { speaker, parts } = finding else {
            continue;
        };
        let is_tested = parts.iter().any(|(part, _)| part == Split::Test.name());
        let parts = parts.iter().map(|(part, count)| format!("{part} {count}"));
        let told = format!("{speaker} ({})", parts.collect::<Vec<_>>().join(", "));
        match is_tested {
            true => tested.push(told),
            false => not_tested.push(told),
        }
    }
    (tested, not_tested)
}

/// The corpora and the splits that have a value.
#[derive(Default)]
struct Having<'a> {
    corpora: BTreeSet<&'a str>,
    splits: BTreeSet<Split>,
}

/// The values of a column that are in more than one split, of whichever corpora they are where these share values.
fn shared_values(items: &[Audited], column: &str) -> Vec<String> {
    let mut values: BTreeMap<(&str, &str), Having<'_>> = BTreeMap::new();
    for item in items {
        if let Some(value) = item.utterance.column(column) {
            let corpus = &*item.utterance.corpus;
            let within = match spans_corpora(column) {
                true => "",
                false => corpus,
            };
            let having = values.entry((within, value.trim())).or_default();
            having.corpora.insert(corpus);
            having.splits.insert(item.utterance.split);
        }
    }
    let shared = values
        .into_iter()
        .filter(|(_, having)| having.splits.len() > 1);
    let told = shared.map(|((_, value), Having { corpora, splits })| {
        let corpora: Vec<&str> = corpora.into_iter().collect();
        (corpora.join(", "), value, splits)
    });
    let mut told: Vec<(String, &str, BTreeSet<Split>)> = told.collect();
    told.sort();
    told.into_iter()
        .map(|(corpora, value, splits)| format!("{corpora} \"{value}\" ({})", names_of(&splits)))
        .collect()
}

/// Names of splits, separated by commas.
fn names_of(splits: &BTreeSet<Split>) -> String {
    let names: Vec<&str> = splits.iter().map(|split| split.name()).collect();
    names.join(", ")
}

/// A segment of a file, its channel, and whose it is.
pub(super) struct Segment<'a> {
    pub(super) start_s: f64,
    pub(super) end_s: f64,
    pub(super) channel: Option<u16>,
    pub(super) item: &'a Audited,
}

impl Segment<'_> {
    /// Seconds that both hear; bounds of tables are rounded, so that less than 10 ms are none.
    pub(super) fn overlap_s(&self, other: &Self) -> f64 {
        const ROUNDING_S: f64 = 0.01;
        let differ = matches!((self.channel, other.channel), (Some(a), Some(b)) if a != b);
        let overlap_s = self.end_s.min(other.end_s) - self.start_s.max(other.start_s);
        match overlap_s > ROUNDING_S && !differ {
            true => overlap_s,
            false => 0.0,
        }
    }
}

/// The segments of each file that has more than one, by their starts.
pub(super) fn segments_by_file(items: &[Audited]) -> Vec<Vec<Segment<'_>>> {
    let mut by_file: BTreeMap<&Path, Vec<Segment<'_>>> = BTreeMap::new();
    for item in items {
        if let AudioSource::File {
            path,
            segment_s,
            channel,
        } = &item.source
        {
            let (start_s, end_s) = segment_s.unwrap_or((0.0, f64::INFINITY));
            by_file.entry(path).or_default().push(Segment {
                start_s,
                end_s,
                channel: *channel,
                item,
            });
        }
    }
    let mut files: Vec<Vec<Segment<'_>>> = by_file.into_values().collect();
    files.retain(|segments| segments.len() > 1);
    for segments in &mut files {
        segments.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    }
    files
}

/// Pairs of overlapping segments in different splits, those of which one is in test before the others, and files that are
/// in several splits without such.
fn shared_files(items: &[Audited]) -> ((Vec<String>, Vec<String>), Vec<String>) {
    let (mut tested, mut not_tested, mut same_file) = (Vec::new(), Vec::new(), Vec::new());
    for segments in segments_by_file(items) {
        let before = tested.len() + not_tested.len();
        for (at, one) in segments.iter().enumerate() {
            let later = segments[at + 1..].iter();
            for other in later.take_while(|other| other.start_s < one.end_s) {
                let (one, other_item) = (one, other.item);
                let (first, second) = (&one.item.utterance, &other_item.utterance);
                // The whole of a recording twice is reported as a copy.
                let same = one.item.digest == other_item.digest;
                if first.split != second.split && !same && one.overlap_s(other) > 0.0 {
                    let overlapping = match [first.split, second.split].contains(&Split::Test) {
                        true => &mut tested,
                        false => &mut not_tested,
                    };
                    overlapping.push(format!(
                        "{} ({}) and {} ({})",
                        first.id,
                        first.split.name(),
                        second.id,
                        second.split.name()
                    ));
                }
            }
        }
        let splits: BTreeSet<Split> = segments.iter().map(|s| s.item.utterance.split).collect();
        let alike = segments
            .iter()
            .all(|s| s.item.digest == segments[0].item.digest);
        if splits.len() > 1 && tested.len() + not_tested.len() == before && !alike {
            same_file.push(format!(
                "{} of {} ({})",
                counted(segments.len(), "segment", ("", "")).trim_end(),
                segments[0].item.utterance.id,
                names_of(&splits)
            ));
        }
    }
    ((tested, not_tested), same_file)
}
