//! The search for the speakers whose hours fit the fractions best.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};

use pipe_foundation::Digest;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::corpus::{Gender, Split, Utterance};

/// Up to this many speakers all splits are tried.
const FEW_SPEAKERS: usize = 12;

/// Orders of the speakers that the search starts from.
const STARTS: usize = 24;

/// Above this many speakers one start from a shuffled order is near enough, and swaps of all
/// pairs would take long.
const MANY_SPEAKERS: usize = 300;

/// Differences of this fraction of the corpus's hours count as equal.
const STEP: f64 = 0.005;

/// A speaker, or another group that stays whole, and what there is of them.
pub(super) struct Person {
    /// `<corpus>/<speaker>`.
    pub name: String,
    /// Gender, where it is documented.
    pub gender: Option<Gender>,
    /// Number of utterances.
    pub utterances: usize,
    /// Hours, to six decimals as written in the table.
    pub hours: f64,
}

/// What is known of one speaker or group: its genders, its speakers as far as two, and durations in seconds.
#[derive(Default)]
struct Speech<'e> {
    gender: Option<Gender>,
    has_both_genders: bool,
    speaker: Option<&'e str>,
    has_several_speakers: bool,
    durations: Vec<f64>,
}

/// Corpus by `pool_of`, or several that share groups, to its speakers, or to other groups that entries are in by `name_of`,
/// both sorted by name.
pub(super) fn people<'e, U: Borrow<Utterance>>(
    entries: &'e [(U, f64)],
    pool_of: impl Fn(usize) -> &'e str,
    name_of: impl Fn(usize) -> &'e str,
) -> BTreeMap<String, Vec<Person>> {
    let mut speeches: HashMap<(&str, &str), Speech<'_>> = HashMap::new();
    for (index, (utterance, duration_s)) in entries.iter().enumerate() {
        let utterance = utterance.borrow();
        let name = (pool_of(index), name_of(index));
        let speech = speeches.entry(name).or_default();
        let differs = speech.gender.is_some() && utterance.gender.is_some();
        speech.has_both_genders |= differs && speech.gender != utterance.gender;
        speech.gender = speech.gender.max(utterance.gender);
        let first = *speech.speaker.get_or_insert(&utterance.speaker);
        speech.has_several_speakers |= *first != *utterance.speaker;
        speech.durations.push(if duration_s.is_finite() {
            duration_s.max(0.0)
        } else {
            0.0
        });
    }
    let person = |(name, mut speech): (&str, Speech<'_>)| {
        // In a fixed order, so that the sum does not depend on that of the entries.
        speech.durations.sort_by(f64::total_cmp);
        let hours = speech.durations.iter().sum::<f64>() / 3600.0;
        let is_mixed = speech.has_several_speakers && speech.has_both_genders;
        Person {
            name: name.to_string(),
            gender: speech.gender.filter(|_| !is_mixed),
            utterances: speech.durations.len(),
            hours: (hours * 1e6).round() / 1e6,
        }
    };
    let mut corpora: BTreeMap<String, Vec<Person>> = BTreeMap::new();
    for ((corpus, name), speech) in speeches {
        let people = corpora.entry(corpus.to_string()).or_default();
        people.push(person((name, speech)));
    }
    for people in corpora.values_mut() {
        people.sort_by(|a, b| a.name.cmp(&b.name));
    }
    corpora
}

/// The split of each of `people`, in their order; `fractions` in the order of [`Split::ALL`].
pub(super) fn assign(
    corpus: &str,
    people: &[Person],
    fractions: [f64; 3],
    seed: u64,
) -> Vec<Split> {
    // The first of equal fractions is the bulk, so that train is before the others.
    let bulk = (1..3).fold(0, |best, i| {
        if fractions[i] > fractions[best] {
            i
        } else {
            best
        }
    });
    let mut held: Vec<usize> = (0..3)
        .filter(|&i| i != bulk && fractions[i] > 0.0)
        .collect();
    // Everybody but one may be held out.
    held.truncate(people.len().saturating_sub(1));
    let search = Search::new(people, fractions, bulk, &held);
    let mut material = corpus.as_bytes().to_vec();
    material.push(0);
    material.extend(seed.to_le_bytes());
    let mut random = ChaCha8Rng::from_seed(Digest::of(&material).0);
    let mut order: Vec<usize> = (0..people.len()).collect();
    if people.len() <= FEW_SPEAKERS {
        order.shuffle(&mut random);
        return splits(search.exhaustive(&order));
    }
    let starts = if people.len() > MANY_SPEAKERS {
        1
    } else {
        STARTS
    };
    let mut best: Option<(Cost, Vec<usize>)> = None;
    for _ in 0..starts {
        order.shuffle(&mut random);
        let candidate = search.fill_and_improve(&order);
        let perfect = candidate.0 == (0, 0);
        // Strictly better: among equals the first, so the seed chooses.
        if best.as_ref().is_none_or(|(cost, _)| candidate.0 < *cost) {
            best = Some(candidate);
        }
        if perfect {
            break;
        }
    }
    splits(best.map_or_else(Vec::new, |(_, parts)| parts))
}

fn splits(parts: Vec<usize>) -> Vec<Split> {
    parts.into_iter().map(|part| Split::ALL[part]).collect()
}

/// Broken gender rules, then distance from the fractions in steps.
type Cost = (u32, u64);

/// The best split so far.
struct Best {
    cost: Cost,
    parts: Vec<usize>,
}

struct Search<'a> {
    people: &'a [Person],
    bulk: usize,
    held: &'a [usize],
    /// Hours wanted of each split.
    wanted: [f64; 3],
    step_hours: f64,
    both_genders: bool,
}

/// Hours, speakers, women and men of each split.
#[derive(Clone, Copy, Default)]
struct Tally {
    hours: [f64; 3],
    speakers: [usize; 3],
    genders: [[usize; 2]; 3],
}

impl<'a> Search<'a> {
    fn new(people: &'a [Person], fractions: [f64; 3], bulk: usize, held: &'a [usize]) -> Self {
        let total: f64 = people.iter().map(|person| person.hours).sum();
        let has = |gender| people.iter().any(|person| person.gender == Some(gender));
        Self {
            people,
            bulk,
            held,
            wanted: fractions.map(|fraction| fraction * total),
            step_hours: (total * STEP).max(f64::MIN_POSITIVE),
            both_genders: has(Gender::Female) && has(Gender::Male),
        }
    }

    /// The best of all splits; among equals the first when speakers are placed in `order`.
    fn exhaustive(&self, order: &[usize]) -> Vec<usize> {
        let mut best = Best {
            cost: (u32::MAX, u64::MAX),
            parts: vec![self.bulk; self.people.len()],
        };
        let mut parts = best.parts.clone();
        self.place(order, &mut parts, &Tally::default(), &mut best);
        best.parts
    }

    fn place(&self, rest: &[usize], parts: &mut [usize], tally: &Tally, best: &mut Best) {
        // Hours above what is wanted stay above, whoever is placed next.
        let surplus: f64 = self
            .held
            .iter()
            .map(|&part| (tally.hours[part] - self.wanted[part]).max(0.0))
            .sum();
        if best.cost <= (0, self.steps(surplus)) {
            return;
        }
        let Some((&person, rest)) = rest.split_first() else {
            let starved = |part: &usize| tally.speakers[*part] == 0;
            let cost = self.cost(tally);
            if !starved(&self.bulk) && !self.held.iter().any(starved) && cost < best.cost {
                best.cost = cost;
                best.parts.copy_from_slice(parts);
            }
            return;
        };
        for part in [self.bulk].into_iter().chain(self.held.iter().copied()) {
            let mut after = *tally;
            self.put(&mut after, person, part, 1);
            parts[person] = part;
            self.place(rest, parts, &after, best);
        }
    }

    /// Fills the held-out splits in `order`, then improves by single moves and swaps.
    fn fill_and_improve(&self, order: &[usize]) -> (Cost, Vec<usize>) {
        let mut parts = vec![self.bulk; self.people.len()];
        let mut tally = Tally::default();
        for &person in order {
            self.put(&mut tally, person, self.bulk, 1);
        }
        for &part in self.held {
            let mut nobody = true;
            for &person in order {
                if parts[person] != self.bulk || tally.speakers[self.bulk] <= self.left_for(part) {
                    continue;
                }
                let missing = self.wanted[part] - tally.hours[part];
                let after = missing - self.people[person].hours;
                if nobody || after.abs() < missing.abs() {
                    self.shift(&mut tally, &mut parts, person, part);
                    nobody = false;
                }
            }
        }
        let mut cost = self.cost(&tally);
        while let Some(better) = self.improve(order, &mut parts, &mut tally, cost) {
            cost = better;
        }
        (cost, parts)
    }

    /// Speakers that must stay in the bulk while `part` is filled: one for it, one for each
    /// held-out split that comes after.
    fn left_for(&self, part: usize) -> usize {
        let position = self.held.iter().position(|&held| held == part).unwrap_or(0);
        self.held.len() - position
    }

    /// Makes the first move or swap that lowers the cost; returns the new cost.
    fn improve(
        &self,
        order: &[usize],
        parts: &mut [usize],
        tally: &mut Tally,
        cost: Cost,
    ) -> Option<Cost> {
        for &person in order {
            let from = parts[person];
            if tally.speakers[from] > 1 {
                for to in self
                    .held
                    .iter()
                    .copied()
                    .chain([self.bulk])
                    .filter(|&to| to != from)
                {
                    self.shift(tally, parts, person, to);
                    let after = self.cost(tally);
                    if after < cost {
                        return Some(after);
                    }
                    self.shift(tally, parts, person, from);
                }
            }
        }
        if self.people.len() > MANY_SPEAKERS {
            return None;
        }
        for (place, &person) in order.iter().enumerate() {
            for &other in &order[place + 1..] {
                let (mine, theirs) = (parts[person], parts[other]);
                if mine == theirs {
                    continue;
                }
                self.shift(tally, parts, person, theirs);
                self.shift(tally, parts, other, mine);
                let after = self.cost(tally);
                if after < cost {
                    return Some(after);
                }
                self.shift(tally, parts, person, mine);
                self.shift(tally, parts, other, theirs);
            }
        }
        None
    }

    fn shift(&self, tally: &mut Tally, parts: &mut [usize], person: usize, to: usize) {
        self.put(tally, person, parts[person], -1);
        self.put(tally, person, to, 1);
        parts[person] = to;
    }

    fn put(&self, tally: &mut Tally, person: usize, part: usize, by: isize) {
        let person = &self.people[person];
        tally.hours[part] += person.hours * by as f64;
        tally.speakers[part] = tally.speakers[part].saturating_add_signed(by);
        let slot = match person.gender {
            Some(Gender::Female) => 0,
            Some(Gender::Male) => 1,
            None => return,
        };
        tally.genders[part][slot] = tally.genders[part][slot].saturating_add_signed(by);
    }

    fn cost(&self, tally: &Tally) -> Cost {
        // The bulk is not counted: it would let too much in one split make up for too little in
        // another.
        let off: f64 = self
            .held
            .iter()
            .map(|&part| (tally.hours[part] - self.wanted[part]).abs())
            .sum();
        (self.broken_rules(tally), self.steps(off))
    }

    fn steps(&self, hours: f64) -> u64 {
        (hours / self.step_hours) as u64
    }

    fn broken_rules(&self, tally: &Tally) -> u32 {
        if !self.both_genders {
            return 0;
        }
        let one_each = self.held.len() == 2 && self.held.iter().all(|&h| tally.speakers[h] == 1);
        if one_each {
            let first = tally.genders[self.held[0]];
            let second = tally.genders[self.held[1]];
            let unknown = first == [0, 0] || second == [0, 0];
            return u32::from(unknown || first == second);
        }
        let lacks = |part: &&usize| {
            let [women, men] = tally.genders[**part];
            tally.speakers[**part] > 1 && (women == 0 || men == 0)
        };
        self.held.iter().filter(lacks).count() as u32
    }
}

#[cfg(test)]
mod tests;
