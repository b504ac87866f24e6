//! How far a mean recall would move with other speakers: a bootstrap over groups of utterances.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::eval::Interval;

/// Replicates of the bootstrap.
const REPLICATES: usize = 2000;

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

/// The 95 % percentile interval of the mean recall, from a bootstrap over `groups` within their strata
/// (Efron and Tibshirani 1993, chapters 8 and 13).
///
/// Corpora are given and speakers are drawn, so groups (speakers) are drawn within strata (corpora). None where no
/// stratum holds two groups: then nothing can vary.
pub fn interval_over_groups(groups: &[Group], seed: u64) -> Option<Interval> {
    let mut strata: std::collections::BTreeMap<&str, Vec<&Group>> = Default::default();
    for group in groups {
        strata.entry(&group.stratum).or_default().push(group);
    }
    if strata.values().all(|members| members.len() < 2) {
        return None;
    }
    let width = groups.iter().map(|group| group.counts.len()).max()?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut means: Vec<f64> = (0..REPLICATES)
        .filter_map(|_| {
            let mut sums = vec![(0, 0); width];
            for members in strata.values() {
                for _ in 0..members.len() {
                    let drawn = members[random.gen_range(0..members.len())];
                    for (sum, count) in sums.iter_mut().zip(&drawn.counts) {
                        *sum = (sum.0 + count.0, sum.1 + count.1);
                    }
                }
            }
            mean_recall(&sums)
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let quantile = |p: f64| {
        // Linear between order statistics, as NumPy's default.
        let place = p * (means.len() - 1) as f64;
        let below = means[place.floor() as usize];
        below + (means[place.ceil() as usize] - below) * place.fract()
    };
    (!means.is_empty()).then(|| Interval {
        low: quantile(0.025),
        high: quantile(0.975),
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
    fn speakers_who_agree_with_themselves_widen_it_and_one_speaker_says_nothing() {
        let few: Vec<Group> = (0..4)
            .map(|n| group("c", &[(if n == 0 { 0 } else { 100 }, 100)]))
            .collect();
        let Interval { low, high } = interval_over_groups(&few, 1).unwrap();
        assert!(low <= 0.25 && high == 1.0, "{low} {high}");
        assert_eq!(interval_over_groups(&few[..1], 1), None);
        assert_eq!(interval_over_groups(&[], 1), None);
    }

    #[test]
    fn strata_are_drawn_apart() {
        // Two corpora whose recalls differ but whose speakers agree: nothing can vary.
        let groups: Vec<Group> = (0..6)
            .map(|n| match n % 2 {
                0 => group("a", &[(10, 10), (0, 0)]),
                _ => group("b", &[(0, 0), (5, 10)]),
            })
            .collect();
        let Interval { low, high } = interval_over_groups(&groups, 1).unwrap();
        assert_eq!((low, high), (0.75, 0.75));
    }
}
