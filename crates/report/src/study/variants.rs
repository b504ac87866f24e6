//! The rows of a study: models that differ in their seed alone.

use std::collections::BTreeSet;

use crate::{Report, ReportEntry};

use super::StudyVariant;
use super::class_sets::class_sets;

/// Models of the same method, attributes and training corpora.
///
/// Where two of these have the same seed they differ in something else: then they are grouped by their names less the
/// seed, and where this does not separate them either, each model is a variant of its own.
pub(super) fn variants(report: &Report) -> Vec<StudyVariant> {
    let entry = |index: usize| &report.entries[index];
    let all: Vec<usize> = (0..report.entries.len()).collect();
    let by_method = grouped(&all, |index| {
        let model = &entry(index).model;
        let name = model
            .variant()
            .unwrap_or_else(|| name_without_seed(entry(index)));
        let classes = entry(index).evaluation.classes.clone();
        (name, model.training_corpora.clone(), classes)
    });
    let mut variants: Vec<StudyVariant> = Vec::new();
    for ((name, ..), members) in by_method {
        if seeds_differ(report, &members) {
            variants.push(variant(name, entry(members[0]), members));
            continue;
        }
        for (name, members) in grouped(&members, |index| name_without_seed(entry(index))) {
            if seeds_differ(report, &members) {
                variants.push(variant(name, entry(members[0]), members));
            } else {
                for index in members {
                    variants.push(variant(
                        entry(index).model.name.clone(),
                        entry(index),
                        vec![index],
                    ));
                }
            }
        }
    }
    variants.sort_by_key(|variant| variant.entries.first().copied());
    tell_classes(report, &mut variants);
    disambiguate_names(&mut variants);
    variants
}

/// Notes the classes of each variant where there are different ones, and names variants of one name by them.
fn tell_classes(report: &Report, variants: &mut [StudyVariant]) {
    if class_sets(report).len() < 2 {
        return;
    }
    for variant in variants.iter_mut() {
        if let Some(&first) = variant.entries.first() {
            variant
                .classes
                .clone_from(&report.entries[first].evaluation.classes);
        }
    }
    let all: Vec<(String, BTreeSet<String>, Vec<String>)> = variants
        .iter()
        .map(|v| {
            (
                v.name.clone(),
                v.training_corpora.clone(),
                v.classes.clone(),
            )
        })
        .collect();
    for variant in variants {
        let is_alike = |(name, corpora, classes): &&(String, BTreeSet<String>, Vec<String>)| {
            *name == variant.name
                && *corpora == variant.training_corpora
                && *classes != variant.classes
        };
        let alike: Vec<_> = all.iter().filter(is_alike).collect();
        let count = variant.classes.len();
        match alike.iter().any(|(.., classes)| classes.len() == count) {
            _ if alike.is_empty() => {}
            true => variant.name = format!("{}, {}", variant.name, variant.classes.join("/")),
            false => variant.name = format!("{}, {count} classes", variant.name),
        }
    }
}

/// Models whose matrix values are the same but for seeds, named by the values in which variants differ.
pub(super) fn by_axes(report: &Report) -> Vec<StudyVariant> {
    let entry = |index: usize| &report.entries[index];
    let is_seed = |axis: &str| {
        report.entries.iter().all(|entry| {
            let own = entry.axes.iter().find(|(name, _)| name == axis);
            let seed = entry.model.seed.map(|seed| seed.to_string());
            own.is_some_and(|(_, value)| Some(value) == seed.as_ref())
        })
    };
    let axes_of = |index: usize| -> Vec<(String, String)> {
        let axes = entry(index).axes.iter().filter(|(axis, _)| !is_seed(axis));
        axes.cloned().collect()
    };
    let all: Vec<usize> = (0..report.entries.len()).collect();
    let groups = grouped(&all, axes_of);
    let differs = |axis: &str| {
        let value = |axes: &[(String, String)]| {
            axes.iter()
                .find(|(name, _)| name == axis)
                .map(|(_, value)| value.clone())
        };
        groups
            .iter()
            .any(|(axes, _)| value(axes) != value(&groups[0].0))
    };
    let mut variants: Vec<StudyVariant> = groups
        .iter()
        .map(|(axes, members)| {
            let shown = axes.iter().filter(|(axis, _)| differs(axis));
            let shown: Vec<String> = shown
                .map(|(axis, value)| match value.parse::<f64>() {
                    Ok(_) => format!("{axis} {value}"),
                    Err(_) => value.clone(),
                })
                .collect();
            let first = entry(members[0]);
            let name = match shown.is_empty() {
                true => name_without_seed(first),
                false => shown.join(", "),
            };
            StudyVariant {
                axes: axes.clone(),
                ..variant(name, first, members.clone())
            }
        })
        .collect();
    tell_classes(report, &mut variants);
    variants
}

fn variant(name: String, first: &ReportEntry, entries: Vec<usize>) -> StudyVariant {
    StudyVariant {
        name,
        method: first.model.method,
        attributes: first.model.attributes.clone(),
        training_corpora: first.model.training_corpora.clone(),
        classes: Vec::new(),
        entries,
        axes: Vec::new(),
        reference: None,
        cells: Vec::new(),
    }
}

/// Indices by key, in the order in which keys occur first.
fn grouped<K: PartialEq>(indices: &[usize], key: impl Fn(usize) -> K) -> Vec<(K, Vec<usize>)> {
    let mut groups: Vec<(K, Vec<usize>)> = Vec::new();
    for &index in indices {
        let key = key(index);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, members)) => members.push(index),
            None => groups.push((key, vec![index])),
        }
    }
    groups
}

fn seeds_differ(report: &Report, members: &[usize]) -> bool {
    let seeds: BTreeSet<Option<u64>> = members
        .iter()
        .map(|&index| report.entries[index].model.seed)
        .collect();
    seeds.len() == members.len()
}

/// The name of a model less its seed: `wide, seed 2` is `wide`, and `test seed 2` of several stages is `test`.
fn name_without_seed(entry: &ReportEntry) -> String {
    let name = &entry.model.name;
    let Some(seed) = entry.model.seed else {
        return name.clone();
    };
    let mut parts: Vec<&str> = name.split(", ").collect();
    let (of_seed, of_axis) = (format!("seed {seed}"), format!(" {seed}"));
    // The axis may have another name; the stage comes before the first value.
    let exact = parts.iter().rposition(|part| *part == of_seed);
    let named = || parts.iter().rposition(|part| part.ends_with(&of_seed));
    let of_any = || parts.iter().rposition(|part| part.ends_with(&of_axis));
    let Some(place) = exact.or_else(named).or_else(of_any) else {
        return name.clone();
    };
    let axis = parts[place].strip_suffix(&of_axis).unwrap_or_default();
    match axis.rsplit_once(' ') {
        Some((stage, _)) => parts[place] = stage,
        None if parts.len() > 1 => {
            parts.remove(place);
        }
        None => {}
    }
    parts.join(", ")
}

/// Adds their training corpora to variants of one name.
fn disambiguate_names(variants: &mut [StudyVariant]) {
    let names: Vec<String> = variants
        .iter()
        .map(|variant| variant.name.clone())
        .collect();
    let sets: Vec<BTreeSet<String>> = variants
        .iter()
        .map(|variant| variant.training_corpora.clone())
        .collect();
    for variant in variants {
        if names.iter().filter(|name| **name == variant.name).count() < 2 {
            continue;
        }
        if let Some(trained) = training_difference(&sets, &variant.training_corpora) {
            variant.name = format!("{}, {trained}", variant.name);
        }
    }
}

/// How a set of training corpora differs from others, such as `without savee`; none where there are no others.
pub(crate) fn training_difference(
    sets: &[BTreeSet<String>],
    corpora: &BTreeSet<String>,
) -> Option<String> {
    if corpora.is_empty() || sets.iter().all(|set| set == corpora) {
        return None;
    }
    let union: BTreeSet<&String> = sets.iter().flatten().collect();
    let missing: Vec<&str> = union
        .into_iter()
        .filter(|corpus| !corpora.contains(*corpus))
        .map(String::as_str)
        .collect();
    Some(match missing.len() {
        0 => "on all".to_string(),
        1 | 2 if missing.len() < corpora.len() => format!("without {}", missing.join(", ")),
        _ => {
            let names: Vec<&str> = corpora.iter().map(String::as_str).collect();
            format!("on {}", names.join(", "))
        }
    })
}
