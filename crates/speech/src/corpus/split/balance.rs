//! Whole groups to parts of wanted sizes, so that each part has its share of every class, of the hours and of both
//! genders.

use pipe_foundation::Digest;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Above this many groups, no swaps of all pairs are tried.
const MANY_GROUPS: usize = 300;

/// Most passes over all groups that look for better places.
const PASSES: usize = 50;

/// What a gender's share counts against that of a class or of the hours.
const GENDER_WEIGHT: f64 = 0.25;

/// What there is of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Group {
    /// Name, for a fixed order.
    pub name: String,
    /// Hours of speech.
    pub hours: f64,
    /// Utterances of each class; empty where classes do not matter.
    pub classes: Vec<f64>,
    /// Hours of women and of men.
    pub genders: [f64; 2],
}

/// The part of each group. `fractions` of the parts add up to 1; the least sum of squared deviations from them is looked
/// for, greedily and then by moves and swaps. No part of a fraction above 0 is left empty while there are groups enough.
/// `seed` and `salt` choose among equals.
pub(super) fn balance(groups: &[Group], fractions: &[f64], salt: &str, seed: u64) -> Vec<usize> {
    let mut material = salt.as_bytes().to_vec();
    material.push(0);
    material.extend(seed.to_le_bytes());
    let mut random = ChaCha8Rng::from_seed(Digest::of(&material).0);
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|&a, &b| groups[a].name.cmp(&groups[b].name));
    order.shuffle(&mut random);
    // Large ones first: small ones then fill what is left. The sort is stable, so the seed chooses among equals.
    order.sort_by(|&a, &b| groups[b].hours.total_cmp(&groups[a].hours));
    let mut search = Search::new(groups, fractions);
    for (placed, &group) in order.iter().enumerate() {
        let empty = search.empty_parts();
        let must_fill = empty.len() >= groups.len() - placed;
        let part = search.best_part(group, must_fill.then_some(&empty));
        search.put(group, part, 1.0);
    }
    for _ in 0..PASSES {
        if !search.improve(&order) {
            break;
        }
    }
    search.part_of
}

struct Search<'a> {
    groups: &'a [Group],
    fractions: &'a [f64],
    /// Each group's share of every feature's total, and what the feature counts.
    shares: Vec<Vec<f64>>,
    weights: Vec<f64>,
    /// What each part has of every feature.
    held: Vec<Vec<f64>>,
    /// Groups in each part.
    counts: Vec<usize>,
    part_of: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(groups: &'a [Group], fractions: &'a [f64]) -> Self {
        let classes = groups.iter().map(|group| group.classes.len()).max();
        let classes = classes.unwrap_or(0);
        let features = |group: &Group| -> Vec<f64> {
            let class = |index: usize| group.classes.get(index).copied().unwrap_or(0.0);
            let mut features = vec![group.hours];
            features.extend(group.genders);
            features.extend((0..classes).map(class));
            features
        };
        let raw: Vec<Vec<f64>> = groups.iter().map(features).collect();
        let width = 3 + classes;
        let mut totals = vec![0.0; width];
        for row in &raw {
            for (total, value) in totals.iter_mut().zip(row) {
                *total += value;
            }
        }
        let share = |row: &Vec<f64>| -> Vec<f64> {
            let of_total = |(value, total): (&f64, &f64)| match *total > 0.0 {
                true => value / total,
                false => 0.0,
            };
            row.iter().zip(&totals).map(of_total).collect()
        };
        let weight = |feature: usize| match (totals[feature] > 0.0, feature) {
            (false, _) => 0.0,
            (true, 1 | 2) => GENDER_WEIGHT,
            (true, _) => 1.0,
        };
        Self {
            groups,
            fractions,
            shares: raw.iter().map(share).collect(),
            weights: (0..width).map(weight).collect(),
            held: vec![vec![0.0; width]; fractions.len()],
            counts: vec![0; fractions.len()],
            part_of: vec![usize::MAX; groups.len()],
        }
    }

    fn empty_parts(&self) -> Vec<usize> {
        let parts = 0..self.fractions.len();
        let empty = |part: &usize| self.counts[*part] == 0 && self.fractions[*part] > 0.0;
        parts.filter(empty).collect()
    }

    /// What the deviations of `part` change by when a group's shares are added `by` times.
    fn change(&self, part: usize, group: usize, by: f64) -> f64 {
        let (held, shares) = (&self.held[part], &self.shares[group]);
        let mut change = 0.0;
        for feature in 0..shares.len() {
            let before = held[feature] - self.fractions[part];
            let after = before + by * shares[feature];
            change += self.weights[feature] * (after * after - before * before);
        }
        change
    }

    fn best_part(&self, group: usize, among: Option<&Vec<usize>>) -> usize {
        let all: Vec<usize>;
        let parts = match among {
            Some(empty) if !empty.is_empty() => empty,
            _ => {
                let wanted = |part: &usize| self.fractions[*part] > 0.0;
                all = (0..self.fractions.len()).filter(wanted).collect();
                &all
            }
        };
        let cost = |part: &usize| self.change(*part, group, 1.0);
        let best = parts.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
        best.copied().unwrap_or(0)
    }

    fn put(&mut self, group: usize, part: usize, by: f64) {
        for (held, share) in self.held[part].iter_mut().zip(&self.shares[group]) {
            *held += by * share;
        }
        if by > 0.0 {
            self.counts[part] += 1;
            self.part_of[group] = part;
        } else {
            self.counts[part] -= 1;
        }
    }

    fn shift(&mut self, group: usize, to: usize) {
        self.put(group, self.part_of[group], -1.0);
        self.put(group, to, 1.0);
    }

    /// Makes every move and swap that brings the parts nearer to their fractions; false where there was none.
    fn improve(&mut self, order: &[usize]) -> bool {
        /// Less is the rounding of sums.
        const LEAST: f64 = 1e-9;
        let mut improved = false;
        for &group in order {
            let from = self.part_of[group];
            if self.counts[from] < 2 {
                continue;
            }
            let gone = self.change(from, group, -1.0);
            let to = (0..self.fractions.len())
                .filter(|&to| to != from && self.fractions[to] > 0.0)
                .map(|to| (to, gone + self.change(to, group, 1.0)))
                .min_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((to, _)) = to.filter(|(_, change)| *change < -LEAST) {
                self.shift(group, to);
                improved = true;
            }
        }
        if self.groups.len() > MANY_GROUPS {
            return improved;
        }
        for (place, &one) in order.iter().enumerate() {
            for &other in &order[place + 1..] {
                let (mine, theirs) = (self.part_of[one], self.part_of[other]);
                if mine != theirs && self.swap_change(one, other, mine, theirs) < -LEAST {
                    self.shift(one, theirs);
                    self.shift(other, mine);
                    improved = true;
                }
            }
        }
        improved
    }

    fn swap_change(&self, one: usize, other: usize, mine: usize, theirs: usize) -> f64 {
        let mut change = 0.0;
        for feature in 0..self.weights.len() {
            let moved = self.shares[other][feature] - self.shares[one][feature];
            for (part, by) in [(mine, moved), (theirs, -moved)] {
                let before = self.held[part][feature] - self.fractions[part];
                let after = before + by;
                change += self.weights[feature] * (after * after - before * before);
            }
        }
        change
    }
}
