//! How much the concordance correlation of models depends on who was tested: bootstrap and jackknife over speakers.

use std::collections::BTreeMap;

use pipe_foundation::{Digest, PairMoments};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Interval;
use super::bootstrap::quantile;
use super::jackknife::Variance;
use super::speakers::LEAST_SPEAKERS;
use super::student::{mean, normal_tail, t_quantile_975};

/// The pairs of prediction and truth of each speaker, by its name.
pub type SpeakerPairs = BTreeMap<String, PairMoments>;

/// Number of draws of an interval.
const DRAWS: usize = 10_000;

/// The pairs of one model, in the order of its speakers.
type Row<'a> = Vec<&'a PairMoments>;

/// 95 % interval of the mean CCC of `models` on other speakers of the corpus.
///
/// The rescaled bootstrap over speakers with expanded percentiles, as for the UA (see [`super::SpeakerBootstrap`]); `name` is
/// the seed. None with fewer than five speakers, or where models were not tested on the same ones.
pub(crate) fn bootstrap_ccc(name: &str, models: &[&SpeakerPairs]) -> Option<Interval> {
    let rows = rows(models)?;
    let count = rows.first()?.len();
    let seed = Digest::of(format!("bootstrap over speakers of {name}").as_bytes());
    let mut random = ChaCha8Rng::from_seed(seed.0);
    let mut found = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        let drawn: Vec<usize> = (1..count).map(|_| random.gen_range(0..count)).collect();
        found.extend(mean_ccc(&rows, &drawn).map(|ccc| ccc as f32));
    }
    // Draws in which nothing varies say nothing; where they are many, neither do the others.
    if found.len() < DRAWS / 2 {
        return None;
    }
    let tail = normal_tail(t_quantile_975(count as f64 - 1.0));
    Some(Interval {
        low: quantile(&mut found, tail).clamp(-1.0, 1.0),
        high: quantile(&mut found, 1.0 - tail).clamp(-1.0, 1.0),
    })
}

/// Variance over speakers of the mean CCC of `ours` less that of `theirs`: each speaker in turn is left out for all models at
/// once, so the comparison is paired (see [`super::jackknife()`]).
///
/// None with fewer than five speakers, where models were not tested on the same ones, or where nothing varies without one
/// of them.
pub(crate) fn jackknife_ccc(ours: &[&SpeakerPairs], theirs: &[&SpeakerPairs]) -> Option<Variance> {
    let all: Vec<&SpeakerPairs> = ours.iter().chain(theirs).copied().collect();
    let rows = rows(&all)?;
    let (ours, theirs) = rows.split_at_checked(ours.len())?;
    let count = rows.first()?.len();
    let mut values = Vec::with_capacity(count);
    for left_out in 0..count {
        let others: Vec<usize> = (0..count).filter(|&speaker| speaker != left_out).collect();
        values.push(mean_ccc(ours, &others)? - mean_ccc(theirs, &others)?);
    }
    let n = count as f64;
    let mean = mean(&values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some(Variance {
        variance: squares * (n - 1.0) / n,
        degrees_of_freedom: n - 1.0,
    })
}

/// The pairs by model and speaker; none where speakers or their numbers of pairs differ, or are too few.
fn rows<'a>(models: &[&'a SpeakerPairs]) -> Option<Vec<Row<'a>>> {
    let first = models.first()?;
    let heard = |model: &SpeakerPairs| -> Vec<(String, usize)> {
        let speakers = model.iter();
        speakers
            .map(|(name, moments)| (name.clone(), moments.pairs))
            .collect()
    };
    let expected = heard(first);
    let same = models.iter().all(|model| heard(model) == expected);
    let rows = models.iter().map(|model| model.values().collect());
    (same && expected.len() >= LEAST_SPEAKERS).then(|| rows.collect())
}

/// The mean CCC of some models on some of the speakers; none where one of them has none.
fn mean_ccc(rows: &[Row<'_>], speakers: &[usize]) -> Option<f64> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let mut sum = PairMoments::default();
        for &speaker in speakers {
            sum.add(row.get(speaker)?);
        }
        all.push(sum.ccc()?);
    }
    mean(&all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A model whose error grows with `error`, on speakers of ten utterances.
    fn model(speakers: usize, error: f64) -> SpeakerPairs {
        let of_speaker = |speaker: usize| -> Vec<(f64, f64)> {
            (0..10)
                .map(|at| {
                    let truth = at as f64;
                    let off = error * ((at * 7 + speaker * 3) % 5) as f64;
                    (truth + off, truth)
                })
                .collect()
        };
        let speakers = (0..speakers).filter_map(|speaker| {
            Some((speaker.to_string(), PairMoments::of(&of_speaker(speaker))?))
        });
        speakers.collect()
    }

    #[test]
    fn a_difference_between_equal_models_does_not_vary() {
        let (good, bad) = (model(8, 0.2), model(8, 1.0));
        let none = jackknife_ccc(&[&good], &[&good]).unwrap();
        assert_eq!((none.variance, none.degrees_of_freedom), (0.0, 7.0));
        let some = jackknife_ccc(&[&good], &[&bad, &bad]).unwrap();
        assert!(some.variance > 0.0);
        // Two equal models are as one.
        assert_eq!(jackknife_ccc(&[&good], &[&bad]), Some(some));
    }

    /// By hand: `numpy.var(values) * (n - 1)` of the differences without each speaker.
    #[test]
    fn the_variance_is_that_of_the_jackknife() {
        let (ours, theirs) = (model(5, 0.5), model(5, 2.0));
        let without = |model: &SpeakerPairs, left_out: &str| {
            let mut sum = PairMoments::default();
            let others = model.iter().filter(|(name, _)| *name != left_out);
            others.for_each(|(_, moments)| sum.add(moments));
            sum.ccc().unwrap()
        };
        let values: Vec<f64> = ours
            .keys()
            .map(|name| without(&ours, name) - without(&theirs, name))
            .collect();
        let mean = values.iter().sum::<f64>() / 5.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 5.0;
        let found = jackknife_ccc(&[&ours], &[&theirs]).unwrap();
        assert!((found.variance - variance * 4.0).abs() < 1e-15);
    }

    #[test]
    fn few_or_different_speakers_say_nothing() {
        let (five, six) = (model(5, 0.5), model(6, 0.5));
        assert_eq!(jackknife_ccc(&[&five], &[&six]), None);
        assert_eq!(bootstrap_ccc("x", &[&five, &six]), None);
        assert_eq!(bootstrap_ccc("x", &[&model(4, 0.5)]), None);
        assert_eq!(bootstrap_ccc("x", &[]), None);
        let one = bootstrap_ccc("x", &[&five]).unwrap();
        assert_eq!(bootstrap_ccc("x", &[&five, &five]), Some(one));
    }
}
