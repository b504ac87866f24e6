//! Bootstrap over speakers: what the UA might be on other speakers of the same corpora.
//!
//! Utterances of one speaker are correlated, so speakers are drawn, never utterances.

use pipe_foundation::Digest;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::student::{normal_tail, t_quantile_975};
use super::{Interval, SpeakerHits, SpeakerSet};

/// Number of draws. The ends of an interval are then within about 3 % of its half-width of their limit.
const BOOTSTRAP_DRAWS: usize = 10_000;

/// Draws that are worked on at once; their sums stay in the first cache.
const BLOCK: usize = 1024;

/// Draws of the speakers of one test, the same for every model.
///
/// **Draws.** From each stratum of n speakers, n - 1 are drawn with replacement and count n / (n - 1) each: the
/// rescaled bootstrap (J. N. K. Rao, C. F. J. Wu and K. Yue, "Some recent work on resampling methods for complex
/// surveys", Survey Methodology 18 (1992)). Drawing n of n gives a variance that is too small by (n - 1) / n.
///
/// **Interval.** Percentiles, as far out as Student's t with (speakers - strata) degrees of freedom is wider than the
/// normal distribution: the expanded percentile interval of T. Hesterberg, "What teachers should know about the
/// bootstrap", The American Statistician 69 (2015). With 91 speakers both are within 2 % of the plain percentile
/// interval; with five that one covers far too seldom.
///
/// **Classes.** UA is the mean recall of the classes that occur in the test. A draw in which one of them does not occur
/// is drawn anew. Where more than half of all draws would be, there is no interval: a class has too few speakers.
#[derive(Clone, Debug)]
pub struct SpeakerBootstrap {
    /// Weight of each speaker in each draw, a block of draws per speaker.
    weights: Vec<f32>,
    /// Weighted utterances of each class in each draw, inverted and divided by the number of classes.
    shares: Vec<f32>,
    speakers: usize,
    classes: usize,
    /// Probability of either tail of the interval.
    tail: f64,
}

impl SpeakerBootstrap {
    /// Draws; `name` of the test is the seed. None where speakers do not suffice ([`SpeakerSet::suffices`]), or
    /// where a class has too few of them.
    pub fn new(name: &str, set: &SpeakerSet) -> Option<Self> {
        if !set.suffices() {
            return None;
        }
        let (speakers, classes) = (set.speakers(), set.occurring());
        let mut random = ChaCha8Rng::from_seed(
            Digest::of(format!("bootstrap over speakers of {name}").as_bytes()).0,
        );
        let mut weights = vec![0.0; speakers * BOOTSTRAP_DRAWS];
        let mut shares = vec![0.0; classes * BOOTSTRAP_DRAWS];
        let mut rejected = 0;
        let mut counts = vec![0_u32; speakers];
        let mut totals = vec![0.0; classes];
        for draw in 0..BOOTSTRAP_DRAWS {
            loop {
                counts.fill(0);
                totals.fill(0.0);
                for stratum in &set.strata {
                    let size = u32::try_from(stratum.len()).ok()?;
                    for _ in 1..size {
                        counts[stratum[random.gen_range(0..size) as usize]] += 1;
                    }
                    for &speaker in stratum {
                        let weight = f64::from(counts[speaker]) * scale(stratum.len());
                        for (total, &support) in totals.iter_mut().zip(&set.support[speaker]) {
                            *total += weight * support as f64;
                        }
                    }
                }
                if totals.iter().all(|&total| total > 0.0) {
                    break;
                }
                rejected += 1;
                if rejected > BOOTSTRAP_DRAWS {
                    return None;
                }
            }
            for stratum in &set.strata {
                for &speaker in stratum {
                    let weight = f64::from(counts[speaker]) * scale(stratum.len());
                    weights[offset(draw, speaker, speakers)] = weight as f32;
                }
            }
            for (class, total) in totals.iter().enumerate() {
                shares[offset(draw, class, classes)] = (1.0 / (total * classes as f64)) as f32;
            }
        }
        Some(Self {
            weights,
            shares,
            speakers,
            classes,
            tail: normal_tail(t_quantile_975(set.degrees_of_freedom())),
        })
    }

    /// 95 % interval of the mean UA of some models of the same test; none without models.
    ///
    /// It generalises to other speakers, for these particular models: the effect of other seeds is not in it.
    pub fn interval(&self, models: &[&SpeakerHits]) -> Option<Interval> {
        let hits = SpeakerHits::mean(models);
        if hits.len() != self.speakers || hits.iter().any(|row| row.len() != self.classes) {
            return None;
        }
        let mut uas = vec![0.0_f32; BOOTSTRAP_DRAWS];
        let mut sums = [0.0_f32; BLOCK];
        for (number, uas) in uas.chunks_mut(BLOCK).enumerate() {
            let width = uas.len();
            let weights = &self.weights[number * BLOCK * self.speakers..];
            let shares = &self.shares[number * BLOCK * self.classes..];
            for class in 0..self.classes {
                let sums = &mut sums[..width];
                sums.fill(0.0);
                for (hits, weights) in hits.iter().zip(weights.chunks_exact(width)) {
                    let hits = hits[class] as f32;
                    if hits > 0.0 {
                        for (sum, weight) in sums.iter_mut().zip(weights) {
                            *sum += weight * hits;
                        }
                    }
                }
                let shares = &shares[class * width..(class + 1) * width];
                for ((ua, sum), share) in uas.iter_mut().zip(sums).zip(shares) {
                    *ua += *sum * share;
                }
            }
        }
        Some(Interval {
            low: quantile(&mut uas, self.tail).clamp(0.0, 1.0),
            high: quantile(&mut uas, 1.0 - self.tail).clamp(0.0, 1.0),
        })
    }
}

/// Weight of one draw of a speaker from a stratum.
fn scale(stratum: usize) -> f64 {
    stratum as f64 / (stratum as f64 - 1.0)
}

/// Offset of the value of a draw among `rows` rows, in blocks of draws.
fn offset(draw: usize, row: usize, rows: usize) -> usize {
    let block = draw / BLOCK;
    let width = BLOCK.min(BOOTSTRAP_DRAWS - block * BLOCK);
    block * BLOCK * rows + row * width + draw % BLOCK
}

/// A quantile, interpolated between neighbours as `numpy.quantile` does; 0 of nothing.
pub(super) fn quantile(values: &mut [f32], probability: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else {
        return 0.0;
    };
    let rank = probability * last as f64;
    let (_, low, above) = values.select_nth_unstable_by(rank as usize, f32::total_cmp);
    let low = f64::from(*low);
    let high = above
        .iter()
        .copied()
        .min_by(f32::total_cmp)
        .map_or(low, f64::from);
    low + rank.fract() * (high - low)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::eval::{Confusion, Metrics};

    /// Speakers with `right` of 20 utterances of each of three classes right.
    fn speakers(right: &[[u64; 3]]) -> BTreeMap<String, Confusion> {
        let confusion = |right: &[u64; 3]| {
            let [a, b, c] = *right;
            let rows = [vec![a, 20 - a, 0], vec![0, b, 20 - b], vec![20 - c, 0, c]];
            Confusion::from_rows(&rows).expect("square")
        };
        let name = |(number, right)| (format!("speaker {number}"), confusion(right));
        right.iter().enumerate().map(name).collect()
    }

    fn interval(right: &[[u64; 3]]) -> (f64, Option<Interval>) {
        let speakers = speakers(right);
        let (set, hits) = SpeakerSet::of([("corpus", &speakers)]);
        let mut sum = Confusion::new(3);
        for confusion in speakers.values() {
            sum.merge(confusion).expect("three classes");
        }
        let bootstrap = SpeakerBootstrap::new("corpus", &set);
        (
            Metrics::of(sum).ua.expect("not empty"),
            bootstrap.and_then(|bootstrap| bootstrap.interval(&[&hits, &hits])),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn intervals_hold_the_mean_and_ignore_the_order(
            right in prop::collection::vec(prop::array::uniform3(0_u64..=20), 8..40)
        ) {
            let (ua, found) = interval(&right);
            let found = found.expect("enough speakers");
            prop_assert!(found.low <= ua + 1e-6 && ua - 1e-6 <= found.high);
            prop_assert_eq!(interval(&right).1, Some(found));
            let turned: Vec<_> = right.iter().rev().copied().collect();
            let turned = interval(&turned).1.expect("enough speakers");
            // Other draws of the same distribution: Monte-Carlo error alone.
            let error = 0.08 * (found.high - found.low) + 1e-6;
            prop_assert!((turned.low - found.low).abs() <= error, "{turned:?} {found:?}");
            prop_assert!((turned.high - found.high).abs() <= error, "{turned:?} {found:?}");
        }

        #[test]
        fn intervals_shrink_with_more_speakers(right in prop::collection::vec(prop::array::uniform3(0_u64..=20), 8..20)) {
            let width = |right: &[[u64; 3]]| interval(right).1.map(|found| found.high - found.low).expect("enough");
            let one = width(&right);
            let four = width(&right.repeat(4));
            prop_assert!(four < 0.65 * one + 1e-6, "{one} {four}");
        }
    }

    #[test]
    fn few_speakers_and_rare_classes_have_no_interval() {
        assert_eq!(interval(&[[10; 3]; 4]).1, None);
        // All are the same: the interval is the mean itself.
        let (ua, found) = interval(&[[10; 3]; 5]);
        let found = found.expect("five speakers");
        assert!((found.low - ua).abs() < 1e-6 && (found.high - ua).abs() < 1e-6);
        // Only one of twenty speakers has the second class: 38 % of draws of 19 leave it out; only one has the third,
        // too, so that 61 % of all draws lack one of them.
        let only = |class: usize| {
            let mut rows = vec![vec![0; 3]; 3];
            rows[0][0] = 3;
            rows[class][class] = 5;
            Confusion::from_rows(&rows).expect("square")
        };
        let mut rare: BTreeMap<String, Confusion> =
            (0..20).map(|n| (format!("{n}"), only(0))).collect();
        rare.insert("0".into(), only(1));
        let (set, hits) = SpeakerSet::of([("corpus", &rare)]);
        let bootstrap = SpeakerBootstrap::new("corpus", &set).expect("often enough");
        assert!(bootstrap.interval(&[&hits]).is_some());
        assert!(bootstrap.interval(&[]).is_none());
        rare.insert("1".into(), only(2));
        let (set, _) = SpeakerSet::of([("corpus", &rare)]);
        assert!(SpeakerBootstrap::new("corpus", &set).is_none());
    }

    #[test]
    fn quantiles_are_numpys() {
        let mut values = [5.0, 1.0, 4.0, 2.0];
        assert_eq!(quantile(&mut values, 0.0), 1.0);
        assert_eq!(quantile(&mut values, 1.0), 5.0);
        assert_eq!(quantile(&mut values, 0.5), 3.0);
        assert_eq!(quantile(&mut values, 0.25), 1.75);
        assert_eq!(quantile(&mut [], 0.5), 0.0);
    }
}
