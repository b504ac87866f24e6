//! How far a mean recall would move with other speakers: a bootstrap over groups of utterances.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::eval::Interval;
use crate::eval::speakers::{LEAST_SPEAKERS, strata};
use crate::eval::student::{normal_tail, t_quantile_975};

/// Replicates of the bootstrap.
const REPLICATES: usize = 2_000;
/// With so few groups or fewer the percentiles are further out, and there are more replicates.
const FEW: usize = 100;
const MANY_REPLICATES: usize = 10_000;

/// One group of utterances that are drawn together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Groups of one stratum replace each other.
    pub stratum: String,
    /// For each value (hits, utterances).
    pub counts: Vec<(u32, u32)>,
}

/// Mean of the recalls of the values that occur.
pub(super) fn mean_recall(counts: &[(u32, u32)]) -> Option<f64> {
    let recalls: Vec<f64> = counts
        .iter()
        .filter(|(_, total)| *total > 0)
        .map(|&(hits, total)| f64::from(hits) / f64::from(total))
        .collect();
    (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
}

/// The 95 % interval of the mean recall over other groups of the same strata.
///
/// As [`SpeakerBootstrap`](crate::eval::SpeakerBootstrap): from each stratum (corpus) of n groups (speakers) n - 1 are drawn
/// and count n / (n - 1) each, small strata are joined, a draw in which a value does not occur is drawn anew, and the
/// percentiles are as far out as Student's t is wider than the normal distribution. Plain percentiles of n draws of n are
/// about 30 % too short with five speakers. None with fewer than [`LEAST_SPEAKERS`] groups, and where more than half of all
/// draws miss a value.
pub fn interval_over_groups(groups: &[Group], seed: u64) -> Option<Interval> {
    if groups.len() < LEAST_SPEAKERS {
        return None;
    }
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, group) in groups.iter().enumerate() {
        members.entry(&group.stratum).or_default().push(index);
    }
    let strata = strata(members.into_values());
    let width = groups.iter().map(|group| group.counts.len()).max()?;
    let occurs = |value: usize| {
        let counts = groups.iter().filter_map(|group| group.counts.get(value));
        counts.map(|count| count.1).any(|total| total > 0)
    };
    let occurring: Vec<usize> = (0..width).filter(|&value| occurs(value)).collect();
    let replicates = match groups.len() {
        ..=FEW => MANY_REPLICATES,
        _ => REPLICATES,
    };
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut means = Vec::with_capacity(replicates);
    let mut rejected = 0;
    let mut sums = vec![(0.0, 0.0); width];
    while means.len() < replicates {
        sums.fill((0.0, 0.0));
        for stratum in &strata {
            let weight = stratum.len() as f64 / (stratum.len() as f64 - 1.0);
            for _ in 1..stratum.len() {
                let drawn = &groups[stratum[random.gen_range(0..stratum.len())]];
                for (sum, &(hits, total)) in sums.iter_mut().zip(&drawn.counts) {
                    sum.0 += weight * f64::from(hits);
                    sum.1 += weight * f64::from(total);
                }
            }
        }
        if occurring.iter().any(|&value| sums[value].1 <= 0.0) {
            rejected += 1;
            if rejected > replicates {
                return None;
            }
            continue;
        }
        let recalls = occurring.iter().map(|&value| sums[value].0 / sums[value].1);
        means.push(recalls.sum::<f64>() / occurring.len() as f64);
    }
    means.sort_by(f64::total_cmp);
    let quantile = |p: f64| {
        // Linear between order statistics, as NumPy's default.
        let place = p * (means.len() - 1) as f64;
        let below = means[place.floor() as usize];
        below + (means[place.ceil() as usize] - below) * place.fract()
    };
    let tail = normal_tail(t_quantile_975((groups.len() - strata.len()) as f64));
    Some(Interval {
        low: quantile(tail).clamp(0.0, 1.0),
        high: quantile(1.0 - tail).clamp(0.0, 1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(stratum: &str, counts: &[(u32, u32)]) -> Group {
        Group {
            stratum: stratum.into(),
            counts: counts.to_vec(),
        }
    }

    #[test]
    fn many_speakers_of_one_utterance_give_the_binomial_interval() {
        let groups: Vec<Group> = (0..400)
            .map(|n| group("c", &[(u32::from(n % 4 != 0), 1)]))
            .collect();
        let Interval { low, high } = interval_over_groups(&groups, 1).unwrap();
        let error = (0.75f64 * 0.25 / 400.0).sqrt();
        assert!((low - (0.75 - 1.96 * error)).abs() < 0.01, "{low}");
        assert!((high - (0.75 + 1.96 * error)).abs() < 0.01, "{high}");
        assert_eq!(
            interval_over_groups(&groups, 1),
            interval_over_groups(&groups, 1)
        );
    }

    #[test]
    fn it_is_as_wide_as_students_interval_of_equal_speakers() {
        // Of speakers with as many utterances each the mean recall is the mean of theirs.
        for speakers in [5_u32, 8, 20] {
            let hits = |n: u32| 30 + 40 * n / (speakers - 1);
            let groups: Vec<Group> = (0..speakers)
                .map(|n| group("c", &[(hits(n), 100)]))
                .collect();
            let recalls: Vec<f64> = (0..speakers).map(|n| f64::from(hits(n)) / 100.0).collect();
            let wanted = crate::eval::mean_interval(&recalls).unwrap();
            let found = interval_over_groups(&groups, 1).unwrap();
            let ratio = (found.high - found.low) / (wanted.high - wanted.low);
            assert!((0.85..1.1).contains(&ratio), "{speakers} speakers: {ratio}");
        }
    }

    #[test]
    fn few_speakers_say_nothing() {
        let few: Vec<Group> = (0..5)
            .map(|n| group("c", &[(if n == 0 { 0 } else { 100 }, 100)]))
            .collect();
        let Interval { low, high } = interval_over_groups(&few, 1).unwrap();
        assert!(low <= 0.25 && high == 1.0, "{low} {high}");
        assert_eq!(interval_over_groups(&few[..4], 1), None);
        assert_eq!(interval_over_groups(&[], 1), None);
    }

    #[test]
    fn strata_are_drawn_apart() {
        // Two corpora whose recalls differ but whose speakers agree: nothing can vary.
        let groups: Vec<Group> = (0..10)
            .map(|n| match n % 2 {
                0 => group("a", &[(10, 10), (0, 0)]),
                _ => group("b", &[(0, 0), (5, 10)]),
            })
            .collect();
        let Interval { low, high } = interval_over_groups(&groups, 1).unwrap();
        assert_eq!((low, high), (0.75, 0.75));
    }
}
