//! Attributes and facts of files that give the class away, so that a network need not listen to the speech.

use std::collections::{BTreeMap, BTreeSet};

use super::Audited;
use super::fact::{Fact, Observation, Telling, telling};
use super::finding::{Finding, Severity};

/// From here on, of chance (0) to certainty (1), a fact determines the class.
const DETERMINES: f64 = 0.95;
/// From here on a fact tells much of the class.
const TELLS_MUCH: f64 = 0.5;
/// From here on a fact tells something of the class.
const TELLS: f64 = 0.15;

/// What gives the class away.
pub fn shortcuts(items: &[Audited], classes: &[&str]) -> Vec<Finding> {
    let mut findings = classes_of_corpora(items);
    findings.extend(classes_of_speakers(items));
    findings.extend(facts_that_tell(items, classes));
    findings
}

/// The classes of each value of an attribute, and the number of its utterances.
fn classes_by<'a>(
    items: &'a [Audited],
    attribute: &str,
) -> BTreeMap<&'a str, (BTreeSet<&'a str>, usize)> {
    let mut classes: BTreeMap<&str, (BTreeSet<&str>, usize)> = BTreeMap::new();
    for item in items {
        if let (Some(value), Some(class)) = (
            item.utterance.attribute(attribute),
            item.utterance.class.as_deref(),
        ) {
            let of_value = classes.entry(value).or_default();
            of_value.0.insert(class);
            of_value.1 += 1;
        }
    }
    classes
}

fn classes_of_corpora(items: &[Audited]) -> Vec<Finding> {
    let by_corpus = classes_by(items, "corpus");
    let all: BTreeSet<&str> = by_corpus.values().flat_map(|(of, _)| of).copied().collect();
    if by_corpus.len() < 2 || all.len() < 2 {
        return Vec::new();
    }
    if by_corpus.values().all(|(of, _)| of.len() == 1) {
        let each = by_corpus.iter().map(|(corpus, (of, _))| {
            format!("{corpus} is {}", of.first().copied().unwrap_or_default())
        });
        return vec![Finding::about(
            "audit::corpus_determines_class",
            Severity::Error,
            "every corpus has only one class, so telling corpora apart is enough",
            each.collect(),
            "add recordings of each class from each corpus: a score says how corpora differ, not classes",
        )];
    }
    let lone = all.iter().filter_map(|&class| {
        let mut having = by_corpus.iter().filter(|(_, (of, _))| of.contains(class));
        let (corpus, _) = having.next()?;
        having
            .next()
            .is_none()
            .then(|| format!("{class} (in {corpus})"))
    });
    let lone: Vec<String> = lone.collect();
    match lone.is_empty() {
        true => Vec::new(),
        false => vec![Finding::about(
            "audit::class_in_one_corpus",
            Severity::Warning,
            &match lone.len() {
                1 => "a class is in only one of several corpora, whose sound gives it away"
                    .to_owned(),
                count => format!(
                    "{count} classes are each in only one of several corpora, whose sound gives them away"
                ),
            },
            lone,
            "leave the class out, or add recordings of it from the other corpora",
        )],
    }
}

fn classes_of_speakers(items: &[Audited]) -> Option<Finding> {
    let by_speaker = classes_by(items, "speaker");
    let all: BTreeSet<&str> = by_speaker
        .values()
        .flat_map(|(of, _)| of)
        .copied()
        .collect();
    let utterances: usize = by_speaker.values().map(|(_, count)| count).sum();
    let is_each_of_one = by_speaker.values().all(|(of, _)| of.len() == 1);
    if !is_each_of_one || all.len() < 2 || utterances < 2 * by_speaker.len() {
        return None;
    }
    let each = by_speaker.iter().map(|(speaker, (of, _))| {
        format!("{speaker} is {}", of.first().copied().unwrap_or_default())
    });
    Some(Finding::about(
        "audit::speaker_determines_class",
        Severity::Warning,
        "every speaker has only one class, so a network may learn voices instead",
        each.collect(),
        "split by speaker, have many speakers of each class, and count speakers, not utterances, in intervals",
    ))
}

/// A fact of recordings.
struct Kind {
    name: &'static str,
    /// Whether it is of the file alone: emotions are loud or slow, but have no sample rate.
    is_of_file: bool,
    of: fn(&Audited) -> Option<Fact>,
}

const KINDS: [Kind; 10] = [
    Kind {
        name: "the corpus",
        is_of_file: true,
        of: |item| Some(Fact::Value(item.utterance.corpus.clone())),
    },
    Kind {
        name: "the language",
        is_of_file: true,
        of: |item| Some(Fact::Value(item.utterance.language.clone())),
    },
    Kind {
        name: "the gender",
        is_of_file: true,
        of: |item| Some(Fact::Value(item.utterance.gender?.name().to_owned())),
    },
    Kind {
        name: "the sample rate",
        is_of_file: true,
        of: |item| Some(Fact::Value(item.measures()?.rate_hz.to_string())),
    },
    Kind {
        name: "the number of channels",
        is_of_file: true,
        of: |item| Some(Fact::Value(item.measures()?.channels.to_string())),
    },
    Kind {
        name: "the bit depth",
        is_of_file: true,
        of: |item| Some(Fact::Value(item.measures()?.bits.to_string())),
    },
    Kind {
        name: "the format",
        is_of_file: true,
        of: |item| Some(Fact::Value(item.measures()?.format?.name().to_owned())),
    },
    Kind {
        name: "the duration",
        is_of_file: false,
        of: |item| Some(Fact::Number(item.measures()?.duration_s)),
    },
    Kind {
        name: "the loudness",
        is_of_file: false,
        of: |item| {
            let loudness_db = item.measures()?.loudness_db;
            loudness_db.is_finite().then_some(Fact::Number(loudness_db))
        },
    },
    Kind {
        name: "the share of silence",
        is_of_file: false,
        of: |item| Some(Fact::Number(item.measures()?.silence_share)),
    },
];

fn facts_that_tell(items: &[Audited], classes: &[&str]) -> Vec<Finding> {
    let found = KINDS.iter().filter_map(|kind| {
        let observations: Vec<Observation<'_>> = items
            .iter()
            .filter_map(|item| {
                let class = item.utterance.class.as_deref()?;
                Some(Observation {
                    speaker: &item.utterance.speaker,
                    class: classes.iter().position(|name| *name == class)?,
                    fact: (kind.of)(item)?,
                })
            })
            .collect();
        finding(kind, telling(&observations)?, observations.len())
    });
    found.collect()
}

fn finding(kind: &Kind, telling: Telling, count: usize) -> Option<Finding> {
    let share = telling.share();
    let (code, severity) = match (share, kind.is_of_file) {
        (share, true) if share >= DETERMINES => ("audit::fact_determines_class", Severity::Error),
        (share, false) if share >= DETERMINES => {
            ("audit::fact_determines_class", Severity::Warning)
        }
        (share, is_of_file) if share >= TELLS_MUCH || (is_of_file && share >= TELLS) => {
            ("audit::fact_tells_class", Severity::Warning)
        }
        (share, _) if share >= TELLS => ("audit::fact_tells_class", Severity::Note),
        _ => return None,
    };
    let says = match code {
        "audit::fact_determines_class" => "determines the class",
        _ => "gives the class away in part",
    };
    Some(Finding {
        code,
        severity,
        message: format!(
            "{} alone {says}: a balanced accuracy of {:.1} % on held-out speakers, against {:.1} % by guessing",
            kind.name,
            telling.balanced_accuracy * 100.0,
            telling.chance * 100.0
        ),
        help: match kind.is_of_file {
            true => {
                "bring all recordings to one format and balance classes; compare scores with this number, not with chance"
            }
            false => {
                "emotions do differ in this: report this number as the baseline, and normalise it where it is an artefact"
            }
        },
        count,
        names: vec![kind.name.trim_start_matches("the ").to_owned()],
    })
}
