//! Attributes and facts of files that give the class away, so that a network need not listen to the speech.

use std::collections::{BTreeMap, BTreeSet};

use super::Audited;
use super::fact::{Fact, FactAccuracy, Observation, telling};
use super::finding::{Finding, Severity};

/// From here on, of chance (0) to certainty (1), a fact determines the class.
const DETERMINES: f64 = 0.95;
/// From here on a fact tells much of the class.
const TELLS_MUCH: f64 = 0.5;
/// From here on a fact tells something of the class.
const TELLS: f64 = 0.15;

/// What gives the class away.
pub fn shortcuts(items: &[Audited], classes: &[&str], columns: &BTreeSet<String>) -> Vec<Finding> {
    let mut findings = classes_of_corpora(items);
    findings.extend(classes_of_speakers(items));
    findings.extend(facts_that_tell(items, classes));
    findings.extend(columns_that_tell(items, classes, columns));
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

/// What a fact is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    /// The file alone: emotions are loud or slow, but have no sample rate.
    File,
    /// What is heard.
    Sound,
    /// A column of the corpora, which may be what annotators wrote of the emotion.
    Column,
}

/// A fact of recordings.
struct Kind {
    name: &'static str,
    basis: Basis,
    of: fn(&Audited) -> Option<Fact>,
}

const KINDS: [Kind; 10] = [
    Kind {
        name: "the corpus",
        basis: Basis::File,
        of: |item| Some(Fact::Value(item.utterance.corpus.to_string())),
    },
    Kind {
        name: "the language",
        basis: Basis::File,
        of: |item| Some(Fact::Value(item.utterance.language.to_string())),
    },
    Kind {
        name: "the gender",
        basis: Basis::File,
        of: |item| Some(Fact::Value(item.utterance.gender?.name().to_owned())),
    },
    Kind {
        name: "the sample rate",
        basis: Basis::File,
        of: |item| Some(Fact::Value(item.measures()?.rate_hz.to_string())),
    },
    Kind {
        name: "the number of channels",
        basis: Basis::File,
        of: |item| Some(Fact::Value(item.measures()?.channels.to_string())),
    },
    Kind {
        name: "the bit depth",
        basis: Basis::File,
        of: |item| Some(Fact::Value(item.measures()?.bits.to_string())),
    },
    Kind {
        name: "the format",
        basis: Basis::File,
        of: |item| Some(Fact::Value(item.measures()?.format?.name().to_owned())),
    },
    Kind {
        name: "the duration",
        basis: Basis::Sound,
        of: |item| Some(Fact::Number(item.measures()?.duration_s)),
    },
    Kind {
        name: "the loudness",
        basis: Basis::Sound,
        of: |item| {
            let loudness_db = item.measures()?.loudness_db;
            loudness_db.is_finite().then_some(Fact::Number(loudness_db))
        },
    },
    Kind {
        name: "the share of silence",
        basis: Basis::Sound,
        of: |item| Some(Fact::Number(item.measures()?.silence_share)),
    },
];

fn facts_that_tell(items: &[Audited], classes: &[&str]) -> Vec<Finding> {
    let found = KINDS.iter().filter_map(|kind| {
        let observations = observations(items, classes, kind.of);
        let telling = telling(&observations)?;
        finding(kind.name, kind.basis, telling, observations.len())
    });
    found.collect()
}

/// Columns of words or whole numbers. Others are measured or rated, and no attribute.
fn columns_that_tell(
    items: &[Audited],
    classes: &[&str],
    columns: &BTreeSet<String>,
) -> Vec<Finding> {
    let found = columns.iter().filter_map(|column| {
        let values = || {
            items
                .iter()
                .filter_map(|item| item.utterance.column(column))
        };
        let mut numbers = values().map(|value| value.trim().parse::<f64>().ok());
        let are_numbers = values().all(|value| value.trim().parse::<f64>().is_ok());
        if are_numbers && numbers.any(|number| number.is_some_and(|n| n.fract() != 0.0)) {
            return None;
        }
        let of = |item: &Audited| {
            let value = item.utterance.column(column)?;
            Some(Fact::Value(value.trim().to_owned()))
        };
        let observations = observations(items, classes, of);
        let telling = telling(&observations)?;
        let name = format!("the column `{column}`");
        finding(&name, Basis::Column, telling, observations.len())
    });
    found.collect()
}

/// The items that have a class and a fact.
fn observations<'a>(
    items: &'a [Audited],
    classes: &[&str],
    of: impl Fn(&Audited) -> Option<Fact>,
) -> Vec<Observation<'a>> {
    let observed = items.iter().filter_map(|item| {
        let class = item.utterance.class.as_deref()?;
        Some(Observation {
            speaker: &item.utterance.speaker,
            class: classes.iter().position(|name| *name == class)?,
            fact: of(item)?,
        })
    });
    observed.collect()
}

fn finding(name: &str, basis: Basis, telling: FactAccuracy, count: usize) -> Option<Finding> {
    let share = telling.share();
    let is_of_file = basis == Basis::File;
    let determines = share >= DETERMINES;
    let severity = match share {
        share if share >= DETERMINES && is_of_file => Severity::Error,
        share if share >= TELLS_MUCH || (share >= TELLS && is_of_file) => Severity::Warning,
        share if share >= TELLS => Severity::Note,
        _ => return None,
    };
    Some(Finding {
        code: match determines {
            true => "audit::fact_determines_class",
            false => "audit::fact_tells_class",
        },
        severity,
        message: format!(
            "{name} alone {}: a balanced accuracy of {:.1} % on held-out speakers, against {:.1} % by guessing",
            match determines {
                true => "determines the class",
                false => "gives the class away in part",
            },
            telling.balanced_accuracy * 100.0,
            telling.chance * 100.0
        ),
        help: match basis {
            Basis::File => {
                "bring all recordings to one format and balance classes; compare scores with this number, not with chance"
            }
            Basis::Sound => {
                "emotions do differ in this: report this number as the baseline, and normalise it where it is an artefact"
            }
            Basis::Column => {
                "where it can be heard, such as a device or a room, a network may learn it instead of the emotion: balance classes over its values, or compare scores with this number; what annotators wrote of the emotion tells the class by itself"
            }
        },
        count,
        names: vec![name.trim_start_matches("the ").to_owned()],
    })
}
