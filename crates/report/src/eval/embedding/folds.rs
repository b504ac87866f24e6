//! Folds of a cross-validation: which utterances are tested together.

use std::collections::BTreeMap;

use super::sample::rank;

/// A fold for each utterance, and the labels that could not be tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folds {
    /// The fold of each utterance; none for those with a label that is left out.
    pub of: Vec<Option<usize>>,
    /// Labels left out because one fold would hold them all, so that no fit without it would know them; sorted.
    pub untestable: Vec<usize>,
}

/// Cuts utterances into folds by group (speaker): no group is in two folds, and every label that is tested stays known
/// to every fit, which takes at least two groups.
///
/// `labels[i]` and `groups[i]` describe utterance i. Groups are dealt out one by one, those with the rarest label first,
/// each to the fold where its labels have the fewest groups so far, then to the one with the fewest utterances; the
/// seed orders equals. scikit-learn's counterpart is `StratifiedGroupKFold`.
pub fn by_group(labels: &[usize], groups: &[&str], folds: usize, seed: u64) -> Folds {
    let mut untestable: Vec<usize> = Vec::new();
    loop {
        let of = deal(labels, groups, &untestable, folds, seed);
        let mut held: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (label, fold) in labels.iter().zip(&of) {
            if let Some(fold) = fold {
                held.entry(*label).or_default().push(*fold);
            }
        }
        let alone: Vec<usize> = held
            .into_iter()
            .filter(|(_, folds)| folds.iter().all(|fold| Some(fold) == folds.first()))
            .map(|(label, _)| label)
            .collect();
        if alone.is_empty() {
            untestable.sort_unstable();
            return Folds { of, untestable };
        }
        untestable.extend(alone);
    }
}

fn deal(
    labels: &[usize],
    groups: &[&str],
    left_out: &[usize],
    folds: usize,
    seed: u64,
) -> Vec<Option<usize>> {
    // Utterances of each label, for each group.
    let mut counts: BTreeMap<&str, BTreeMap<usize, usize>> = BTreeMap::new();
    for (label, group) in labels.iter().zip(groups) {
        if !left_out.contains(label) {
            *counts.entry(group).or_default().entry(*label).or_default() += 1;
        }
    }
    let mut spread: BTreeMap<usize, usize> = BTreeMap::new();
    for label in counts.values().flat_map(BTreeMap::keys) {
        *spread.entry(*label).or_default() += 1;
    }
    let groups_of = |label: &usize| spread.get(label).copied().unwrap_or(1).max(1);
    let mut order: Vec<(&str, &BTreeMap<usize, usize>)> =
        counts.iter().map(|(group, of)| (*group, of)).collect();
    order.sort_by_cached_key(|(group, of)| {
        let rarest = of.keys().map(|label| (groups_of(label), *label)).min();
        let size: usize = of.values().sum();
        (rarest, std::cmp::Reverse(size), rank(seed, group))
    });
    let mut held = vec![BTreeMap::<usize, usize>::new(); folds.max(2)];
    let mut sizes = vec![0usize; held.len()];
    let mut fold_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (group, of) in order {
        let cost = |fold: usize| -> f64 {
            of.keys()
                .map(|label| {
                    let n = groups_of(label) as f64;
                    held[fold].get(label).copied().unwrap_or(0) as f64 / (n * n)
                })
                .sum()
        };
        let best = (0..held.len()).min_by(|&a, &b| {
            cost(a)
                .total_cmp(&cost(b))
                .then(sizes[a].cmp(&sizes[b]))
                .then(a.cmp(&b))
        });
        let best = best.unwrap_or(0);
        for (label, count) in of {
            *held[best].entry(*label).or_default() += 1;
            sizes[best] += count;
        }
        fold_of.insert(group, best);
    }
    labels
        .iter()
        .zip(groups)
        .map(|(label, group)| match left_out.contains(label) {
            true => None,
            false => fold_of.get(group).copied(),
        })
        .collect()
}

/// Cuts utterances into folds within each label (`StratifiedKFold`); a label with one utterance is left out.
pub fn within_labels(labels: &[usize], names: &[&str], folds: usize, seed: u64) -> Folds {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, label) in labels.iter().enumerate() {
        members.entry(*label).or_default().push(at);
    }
    let mut of = vec![None; labels.len()];
    let mut untestable = Vec::new();
    // Labels begin at different folds, so that the folds are of one size.
    let mut next = 0;
    for (label, mut members) in members {
        if members.len() < 2 {
            untestable.push(label);
            continue;
        }
        members.sort_by_cached_key(|&at| names.get(at).map(|name| rank(seed, name)));
        for at in members {
            of[at] = Some(next % folds.max(2));
            next += 1;
        }
    }
    Folds { of, untestable }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_speaker_is_fitted_and_tested_and_every_label_is_known(
            speakers in prop::collection::vec((0usize..4, 1usize..9), 2..30), folds in 2usize..6, seed: u64, mixed: bool)
        {
            let (mut labels, mut groups) = (Vec::new(), Vec::new());
            for (speaker, (label, count)) in speakers.iter().enumerate() {
                for n in 0..*count {
                    labels.push(if mixed { (label + n) % 4 } else { *label });
                    groups.push(format!("s{speaker}"));
                }
            }
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            let found = by_group(&labels, &groups, folds, seed);
            for (i, fold) in found.of.iter().enumerate() {
                prop_assert_eq!(fold.is_none(), found.untestable.contains(&labels[i]));
                let Some(fold) = fold else { continue };
                prop_assert!(*fold < folds);
                prop_assert!(found.of.iter().zip(&groups).all(|(other, group)| group != &groups[i] || other.is_none() || *other == Some(*fold)));
                let elsewhere = found.of.iter().zip(&labels).any(|(other, label)| *label == labels[i] && other.is_some_and(|other| other != *fold));
                prop_assert!(elsewhere, "label {} is in fold {fold} alone", labels[i]);
            }
            // With one label a speaker, two speakers suffice.
            if !mixed {
                for label in 0..4 {
                    let of: BTreeSet<usize> = speakers.iter().enumerate().filter(|(_, s)| s.0 == label).map(|(n, _)| n).collect();
                    prop_assert_eq!(of.len() == 1, found.untestable.contains(&label));
                }
            }
        }
    }

    #[test]
    fn folds_are_even() {
        let labels: Vec<usize> = (0..300).map(|n| n % 3).collect();
        let names: Vec<String> = (0..300).map(|n| format!("u{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = within_labels(&labels, &names, 5, 1);
        for fold in 0..5 {
            for label in 0..3 {
                let here = found
                    .of
                    .iter()
                    .zip(&labels)
                    .filter(|(f, l)| **f == Some(fold) && **l == label);
                assert_eq!(here.count(), 20);
            }
        }
        assert_eq!(
            within_labels(&[0, 0, 1], &["a", "b", "c"], 5, 1).untestable,
            [1]
        );
    }
}
