//! How the losses of emotion and attributes make up the loss of one step.

use super::ops::class_loss::ClassTargets;
use super::spec::{HeadMode, HeadSpec, Reversal};

/// What a batch should be classified as.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// Emotion class of each utterance.
    pub emotion: Vec<Option<usize>>,
    /// For each utterance the share of each class, adding up to 1, where annotators disagree; none at all where
    /// [`Self::emotion`] says everything.
    pub shares: Option<Vec<Vec<f32>>>,
    /// For each numeric target, the number of each utterance in units of its standard deviation; none where it is not
    /// known.
    pub numbers: Vec<Vec<Option<f32>>>,
    /// For each attribute head, the label of each utterance; none where it is not documented.
    pub attributes: Vec<Vec<Option<usize>>>,
}

impl Targets {
    /// What the classes of the batch should be.
    pub(super) fn of_classes(&self) -> ClassTargets<'_> {
        match &self.shares {
            Some(shares) => ClassTargets::Shares(shares),
            None => ClassTargets::Classes(&self.emotion),
        }
    }
}

/// Losses of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepLosses {
    /// What the shared layers and heads descended: eq. 1, 2 or 3 of the paper.
    pub total: f32,
    /// Loss of the emotion; 0 where there are no classes.
    pub emotion: f32,
    /// Loss of each numeric target.
    pub numbers: Vec<f32>,
    /// Cross-entropy of each attribute head, of a discriminator before its own step; penalties before their weight.
    pub attributes: Vec<f32>,
    /// Norm of the gradient of everything but the discriminators, before clipping.
    pub gradient_norm: f64,
}

impl StepLosses {
    /// What blew up first, if anything: "emotion", the name of a target or attribute, "total" or "gradient".
    pub fn non_finite<'a>(
        &self,
        targets: impl Iterator<Item = &'a String>,
        heads: &'a [HeadSpec],
    ) -> Option<&'a str> {
        if !self.emotion.is_finite() {
            return Some("emotion");
        }
        let mut numbers = targets.zip(&self.numbers);
        if let Some((target, _)) = numbers.find(|(_, loss)| !loss.is_finite()) {
            return Some(target);
        }
        let blown = self.attributes.iter().position(|loss| !loss.is_finite());
        if let Some(head) = blown.and_then(|index| heads.get(index)) {
            return Some(head.attribute.name());
        }
        if !self.total.is_finite() {
            return Some("total");
        }
        (!self.gradient_norm.is_finite()).then_some("gradient")
    }
}

/// Weight of one head's loss in the total, and the factor of its reversed gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HeadWeight {
    pub(super) loss: f32,
    /// Multiplies the gradient that flows back into the shared layers, with a minus sign.
    pub(super) lambda: f32,
}

/// Weight of the emotion loss and of each head's.
///
/// With N heads of the paper's modes, a head's loss counts alpha / N (eq. 1 and 2) or -alpha / N (eq. 3, discriminator),
/// emotion 1 - alpha. Under Ganin's rule a reversed head counts 1, its gradient turns by alpha / N,
/// and it takes nothing from emotion's weight. Nor do the heads with a weight of their own, w, which do not count in N:
/// penalties count alpha w; the classifier of a conditional adversarial network counts 1, and its gradient turns by alpha w.
pub(super) fn weights(
    heads: &[HeadSpec],
    alpha: f64,
    reversal: Reversal,
) -> (f32, Vec<HeadWeight>) {
    let sharing = heads.iter().filter(|head| !head.mode.has_weight());
    let share = alpha / sharing.count().max(1) as f64;
    let mut emotion = 1.0;
    let weights = heads
        .iter()
        .map(|head| {
            let own = alpha * head.weight.unwrap_or(1.0);
            let (loss, lambda) = match (head.mode, reversal) {
                (HeadMode::Coral | HeadMode::Mmd, _) => {
                    return HeadWeight {
                        loss: own as f32,
                        lambda: 0.0,
                    };
                }
                (HeadMode::Cdan, _) => {
                    return HeadWeight {
                        loss: 1.0,
                        lambda: own as f32,
                    };
                }
                (HeadMode::Shared, _) => (share, 0.0),
                (HeadMode::GradReverse, Reversal::Paper) => (share, 1.0),
                (HeadMode::GradReverse, Reversal::Ganin) => {
                    return HeadWeight {
                        loss: 1.0,
                        lambda: share as f32,
                    };
                }
                (HeadMode::Discriminator, _) => (-share, 0.0),
            };
            emotion -= share;
            HeadWeight {
                loss: loss as f32,
                lambda,
            }
        })
        .collect();
    (emotion as f32, weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::Attribute;

    fn heads(modes: &[HeadMode]) -> Vec<HeadSpec> {
        [Attribute::Corpus, Attribute::Gender, Attribute::Speaker]
            .into_iter()
            .zip(modes)
            .map(|(attribute, &mode)| HeadSpec::new(attribute, mode))
            .collect()
    }

    #[test]
    fn weights_are_those_of_the_equations() {
        let two = heads(&[HeadMode::Shared, HeadMode::Shared]);
        let (emotion, each) = weights(&two, 0.1, Reversal::Paper);
        assert_eq!(emotion, 0.9);
        assert_eq!(each[1].loss, 0.05);
        let (emotion, each) = weights(&heads(&[HeadMode::GradReverse]), 0.5, Reversal::Paper);
        assert_eq!((emotion, each[0].loss, each[0].lambda), (0.5, 0.5, 1.0));
        let (emotion, each) = weights(&heads(&[HeadMode::GradReverse]), 0.5, Reversal::Ganin);
        assert_eq!((emotion, each[0].loss, each[0].lambda), (1.0, 1.0, 0.5));
        let (emotion, each) = weights(&heads(&[HeadMode::Discriminator]), 0.5, Reversal::Paper);
        assert_eq!((emotion, each[0].loss), (0.5, -0.5));
        assert_eq!(weights(&[], 0.5, Reversal::Paper), (1.0, vec![]));
        let mut mixed = heads(&[HeadMode::Coral, HeadMode::Shared, HeadMode::Cdan]);
        mixed[0].weight = Some(3.0);
        let (emotion, each) = weights(&mixed, 0.5, Reversal::Paper);
        assert_eq!((emotion, each[0].loss, each[1].loss), (0.5, 1.5, 0.5));
        assert_eq!((each[2].loss, each[2].lambda), (1.0, 0.5));
    }
}
