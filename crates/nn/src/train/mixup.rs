//! mixup (Zhang et al., "mixup: beyond empirical risk minimization", 2018): each utterance is learned as a blend with another
//! of its batch, features and targets alike.

use pipe_foundation::exact;
use pipe_foundation::random::{stream, uniform, whole};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::model::Targets;

use super::TrainingData;
use super::sampling::{Draw, draw_number};

/// How utterances are blended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixup {
    /// Both parameters of the beta distribution that the shares are drawn from.
    pub alpha: f64,
}

impl Mixup {
    /// Largest alpha: shares are drawn again until they fit, which takes ever longer.
    pub const MOST_ALPHA: f64 = 4.0;
}

/// What one utterance of a batch is blended with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Blend {
    /// Place of the other in the batch, which may be its own.
    pub(super) partner: usize,
    /// Share of the utterance itself; the rest is the other's.
    pub(super) share: f32,
}

impl Blend {
    /// `share * own + (1 - share) * other`.
    fn of(self, own: f32, other: f32) -> f32 {
        self.share * own + (1.0 - self.share) * other
    }
}

/// Draws what the utterances of a training are blended with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mixer {
    alpha: f64,
    seed: u64,
}

impl Mixer {
    /// One that draws by `seed`.
    pub(super) fn new(mixup: Mixup, seed: u64) -> Self {
        Self {
            alpha: mixup.alpha,
            seed,
        }
    }

    /// For each member of a batch what it is blended with. The draw depends on seed, epoch and utterance, and the partner also
    /// on who is in the batch.
    pub(super) fn blends(
        &self,
        data: &TrainingData<'_>,
        members: &[Draw],
        epoch: usize,
    ) -> Vec<Blend> {
        let blend = |draw: &Draw| {
            let number = draw_number(epoch, draw.repeat).to_le_bytes();
            let id = data.train[draw.at].id.as_bytes();
            let mut random = stream("mixup", &[&self.seed.to_le_bytes(), &number, id]);
            let share = beta(self.alpha, &mut random) as f32;
            Blend {
                partner: whole(&mut random, members.len() - 1),
                share,
            }
        };
        members.iter().map(blend).collect()
    }
}

/// Blends the features of an utterance, `[frames, bins]` row-major, with those of another, which starts over where it is
/// shorter and is cut where it is longer.
pub(super) fn blend_features(own: &mut [f32], other: &[f32], blend: Blend) {
    if other.is_empty() {
        return;
    }
    for (value, other) in own.iter_mut().zip(other.iter().cycle()) {
        *value = blend.of(*value, *other);
    }
}

/// The targets of a batch blended: shares of the classes, and numbers. What is not known of one of two is not known of
/// their blend.
pub(super) fn blend_targets(targets: Targets, blends: &[Blend], classes: usize) -> Targets {
    let rows = targets.shares.unwrap_or_else(|| {
        let row = |class: &Option<usize>| {
            let share = |at: usize| f32::from(u8::from(*class == Some(at)));
            class.map_or_else(Vec::new, |_| (0..classes).map(share).collect())
        };
        targets.emotion.iter().map(row).collect()
    });
    let blended = |(own, blend): (&Vec<f32>, &Blend)| -> Vec<f32> {
        // An empty row, which is not known, makes an empty one.
        let pairs = own.iter().zip(&rows[blend.partner]);
        pairs.map(|(own, other)| blend.of(*own, *other)).collect()
    };
    let shares = rows.iter().zip(blends).map(blended).collect();
    let of_numbers = |column: &Vec<Option<f32>>| {
        let blended = |(own, blend): (&Option<f32>, &Blend)| {
            let (own, other) = ((*own)?, column[blend.partner]?);
            Some(blend.of(own, other))
        };
        column.iter().zip(blends).map(blended).collect()
    };
    Targets {
        numbers: targets.numbers.iter().map(of_numbers).collect(),
        shares: (classes > 0).then_some(shares),
        emotion: targets.emotion,
        attributes: targets.attributes,
    }
}

/// A draw from the beta distribution with both parameters `alpha` (Jöhnk 1964): `x / (x + y)` of the first `x = u^(1/alpha)` and
/// `y = v^(1/alpha)` whose sum is at most 1, by logarithms, as small parameters leave nothing of the powers.
fn beta(alpha: f64, random: &mut ChaCha8Rng) -> f64 {
    loop {
        let mut log = || exact::ln(1.0 - uniform(random)) / alpha;
        let (x, y) = (log(), log());
        if exact::exp(x) + exact::exp(y) <= 1.0 {
            return 1.0 / (1.0 + exact::exp(y - x));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_the_moments_of_the_beta_distribution() {
        for alpha in [0.05, 0.2, 1.0, 4.0] {
            let mut random = stream("test", &[]);
            let draws: Vec<f64> = (0..20_000).map(|_| beta(alpha, &mut random)).collect();
            assert!(draws.iter().all(|share| (0.0..=1.0).contains(share)));
            let n = draws.len() as f64;
            let mean = draws.iter().sum::<f64>() / n;
            let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((mean - 0.5).abs() < 0.01, "{alpha}: {mean}");
            assert!(
                (variance / expected - 1.0).abs() < 0.03,
                "{alpha}: {variance}"
            );
        }
    }

    #[test]
    fn features_and_targets_are_those_of_the_formula() {
        let blend = |partner, share| Blend { partner, share };
        let mut own = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        blend_features(&mut own, &[10.0, 20.0, 30.0, 40.0], blend(0, 0.75));
        assert_eq!(own, [3.25, 6.5, 9.75, 13.0, 6.25, 9.5]);
        let mut own = [1.0, 2.0];
        blend_features(&mut own, &[5.0, 6.0, 7.0, 8.0], blend(0, 0.5));
        assert_eq!(own, [3.0, 4.0]);

        let targets = Targets {
            emotion: vec![Some(0), Some(2), None],
            numbers: vec![vec![Some(1.0), Some(3.0), None]],
            ..Targets::default()
        };
        let blends = [blend(1, 0.75), blend(0, 0.25), blend(0, 0.5)];
        let found = blend_targets(targets.clone(), &blends, 3);
        let shares = vec![vec![0.75, 0.0, 0.25], vec![0.75, 0.0, 0.25], vec![]];
        assert_eq!(found.shares, Some(shares));
        assert_eq!(found.numbers, [[Some(1.5), Some(1.5), None]]);
        // Votes are blended as they are; an utterance blended with itself stays as it is.
        let votes = Targets {
            shares: Some(vec![vec![0.5, 0.5], vec![1.0, 0.0], vec![0.0, 1.0]]),
            ..targets
        };
        let blends = [blend(1, 0.5), blend(1, 0.3), blend(0, 1.0)];
        let found = blend_targets(votes, &blends, 2);
        let shares = vec![vec![0.75, 0.25], vec![1.0, 0.0], vec![0.0, 1.0]];
        assert_eq!(found.shares, Some(shares));
    }
}
