//! The same recording more than once: byte by byte, or under another gain, format, channel or rate; and whether its
//! labels agree.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::super::Split;
use super::Audited;
use super::finding::{Finding, Severity};
use super::shared::segments_by_file;

/// Copies differ in length by no more than this: converters round, and some add a frame.
const LENGTH_TOLERANCE_S: f64 = 0.02;

const REMOVE: &str = "remove the copies, or keep all of them in one split";

/// The same recordings across splits, within splits, and under labels that contradict each other.
pub fn copies(items: &[Audited]) -> Vec<Finding> {
    let groups = groups(items);
    let several_splits = items
        .windows(2)
        .any(|pair| pair[0].utterance.split != pair[1].utterance.split);
    let told = |is_wanted: &dyn Fn(&[&Audited]) -> bool, with_label: bool| -> Vec<String> {
        let wanted = groups.iter().filter(|group| is_wanted(group));
        wanted
            .map(|group| {
                let names = group.iter().map(|item| {
                    let utterance = &item.utterance;
                    match (with_label, several_splits) {
                        (true, _) => format!("{} ({})", utterance.id, utterance.label),
                        (_, true) => format!("{} ({})", utterance.id, utterance.split.name()),
                        _ => utterance.id.clone(),
                    }
                });
                names.collect::<Vec<_>>().join(" = ")
            })
            .collect()
    };
    let mut contradicting = told(&contradict, true);
    contradicting.extend(contradicting_segments(items));
    let found = [
        (
            "audit::shared_audio",
            Severity::Error,
            told(&|group| is_tested(group) && is_identical(group), false),
            (
                "the same file is in more than one split",
                "files are in more than one split",
            ),
            REMOVE,
        ),
        (
            "audit::shared_audio",
            Severity::Warning,
            told(
                &|group| is_across(group) && !is_tested(group) && is_identical(group),
                false,
            ),
            (
                "the same file is in both training and validation, but not in test, so validation scores suffer",
                "files are in both training and validation, but not in test, so validation scores suffer",
            ),
            REMOVE,
        ),
        (
            "audit::shared_copy",
            Severity::Error,
            told(&|group| is_tested(group) && !is_identical(group), false),
            (
                "the same sound is in more than one split, differing in gain, format, channel or rate",
                "sounds are in more than one split, differing in gain, format, channel or rate",
            ),
            REMOVE,
        ),
        (
            "audit::shared_copy",
            Severity::Warning,
            told(
                &|group| is_across(group) && !is_tested(group) && !is_identical(group),
                false,
            ),
            (
                "the same sound, differing in gain, format, channel or rate, is in both training and validation, but not in test, so validation scores suffer",
                "sounds, differing in gain, format, channel or rate, are in both training and validation, but not in test, so validation scores suffer",
            ),
            REMOVE,
        ),
        (
            "audit::contradicting_labels",
            Severity::Warning,
            contradicting,
            (
                "the same sound has more than one label",
                "sounds have more than one label",
            ),
            "decide on one label, leave both out, or declare the rows as votes (`votes` of `ingest`)",
        ),
        (
            "audit::repeated_audio",
            Severity::Warning,
            told(&|group| !is_across(group) && is_identical(group), false),
            (
                "the same file occurs more than once",
                "files occur more than once",
            ),
            "remove the copies: each counts as an utterance of its own",
        ),
        (
            "audit::repeated_copy",
            Severity::Warning,
            told(&|group| !is_across(group) && !is_identical(group), false),
            (
                "the same sound occurs more than once, differing in gain, format, channel or rate",
                "sounds occur more than once, differing in gain, format, channel or rate",
            ),
            "remove the copies: each counts as an utterance of its own",
        ),
    ];
    Finding::of_each(found)
}

fn is_across(group: &[&Audited]) -> bool {
    let split = group[0].utterance.split;
    group.iter().any(|item| item.utterance.split != split)
}

/// Whether a group is in test and in another split.
fn is_tested(group: &[&Audited]) -> bool {
    is_across(group) && group.iter().any(|item| item.utterance.split == Split::Test)
}

fn is_identical(group: &[&Audited]) -> bool {
    group.iter().all(|item| item.digest == group[0].digest)
}

/// Whether labels of one corpus differ, or classes: labels of different corpora are different words for maybe the same.
fn contradict(group: &[&Audited]) -> bool {
    let mut label_of: BTreeMap<&str, &str> = BTreeMap::new();
    group.iter().any(|item| {
        let utterance = &item.utterance;
        let label = label_of
            .entry(&utterance.corpus)
            .or_insert(&utterance.label);
        *label != &*utterance.label || utterance.class != group[0].utterance.class
    })
}

/// Segments that share at least half of the shorter one, under different labels.
fn contradicting_segments(items: &[Audited]) -> Vec<String> {
    let mut told = Vec::new();
    for segments in segments_by_file(items) {
        for (at, one) in segments.iter().enumerate() {
            let later = segments[at + 1..].iter();
            for other in later.take_while(|other| other.start_s < one.end_s) {
                let (a, b) = (&one.item.utterance, &other.item.utterance);
                let shorter_s = (one.end_s - one.start_s).min(other.end_s - other.start_s);
                let is_most = one.overlap_s(other) >= shorter_s / 2.0 && shorter_s.is_finite();
                if is_most && one.item.digest != other.item.digest && a.label != b.label {
                    told.push(format!(
                        "{} ({}) overlaps {} ({})",
                        a.id, a.label, b.id, b.label
                    ));
                }
            }
        }
    }
    told
}

/// Utterances that share their sound, two or more together, in the order of their ids.
fn groups(items: &[Audited]) -> Vec<Vec<&Audited>> {
    let mut root: Vec<usize> = (0..items.len()).collect();
    let mut by_digest = BTreeMap::new();
    let mut representatives = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let first = *by_digest.entry(item.digest).or_insert(index);
        match first == index {
            true => representatives.push(index),
            false => join(&mut root, first, index),
        }
    }
    for (one, other) in pairs_of_copies(items, &representatives) {
        join(&mut root, one, other);
    }
    let mut groups: BTreeMap<usize, Vec<&Audited>> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        groups
            .entry(root_of(&mut root, index))
            .or_default()
            .push(item);
    }
    let mut groups: Vec<Vec<&Audited>> = groups.into_values().filter(|g| g.len() > 1).collect();
    for group in &mut groups {
        group.sort_by(|a, b| a.utterance.id.cmp(&b.utterance.id));
        // What is listed twice in the same way is one utterance.
        let ids: BTreeSet<(&str, Split)> = group
            .iter()
            .map(|item| (&*item.utterance.id, item.utterance.split))
            .collect();
        if ids.len() < 2 {
            group.clear();
        }
    }
    groups.retain(|group| !group.is_empty());
    groups.sort_by(|a, b| a[0].utterance.id.cmp(&b[0].utterance.id));
    groups
}

/// Pairs with alike fingerprints, among recordings of about the same length.
fn pairs_of_copies(items: &[Audited], among: &[usize]) -> Vec<(usize, usize)> {
    let mut printed: Vec<(f64, usize)> = among
        .iter()
        .filter_map(|&index| {
            let measures = items[index].measures()?;
            measures.fingerprint.as_ref()?;
            Some((measures.duration_s, index))
        })
        .collect();
    printed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let print_of = |index: usize| items[index].measures()?.fingerprint.as_ref();
    printed
        .par_iter()
        .enumerate()
        .flat_map_iter(|(at, &(duration_s, one))| {
            let near = printed[at + 1..]
                .iter()
                .take_while(move |(other_s, _)| other_s - duration_s <= LENGTH_TOLERANCE_S);
            near.filter_map(move |&(_, other)| {
                let is_copy = print_of(one)?.is_copy_of(print_of(other)?);
                is_copy.then_some((one, other))
            })
        })
        .collect()
}

fn root_of(root: &mut [usize], mut index: usize) -> usize {
    while root[index] != index {
        root[index] = root[root[index]];
        index = root[index];
    }
    index
}

fn join(root: &mut [usize], one: usize, other: usize) {
    let (a, b) = (root_of(root, one), root_of(root, other));
    root[a.max(b)] = a.min(b);
}
