//! What the device and the processor are compared on.

use pipe_foundation::test_support::noise;
use pipe_foundation::{Features, FeaturesView};

use super::HEADS;
use crate::model::spec::HeadSpec;
use crate::model::{Targets, TaskSpec};

/// Utterances with their emotions and attributes.
pub struct Data {
    pub features: Vec<Features>,
    pub emotion: Vec<Option<usize>>,
    /// What is learned of them.
    pub tasks: Vec<TaskSpec>,
    /// Shares of the classes instead of [`Self::emotion`], if any.
    pub shares: Option<Vec<Vec<f32>>>,
    /// Of two numeric targets; some are not known.
    numbers: [Vec<Option<f32>>; 2],
    /// Of every attribute of [`HEADS`]; some are not known.
    pub attributes: Vec<Vec<Option<usize>>>,
}

/// Utterances of so many frames each.
pub fn data(bins: usize, frames: &[usize]) -> Data {
    let features = frames.iter().enumerate().map(|(index, &frames)| Features {
        frames,
        bins,
        values: noise(frames * bins, index as u32 + 1),
    });
    let label = |index: usize, classes: usize| (index * 7 + 3) % classes;
    Data {
        features: features.collect(),
        emotion: (0..frames.len()).map(|at| Some(label(at, 3))).collect(),
        tasks: vec![TaskSpec::classes()],
        shares: None,
        numbers: [1, 2].map(|target| {
            let number = |(at, number)| (at % 4 != target).then_some(number);
            let all = noise(frames.len(), target as u32 + 50).into_iter();
            all.enumerate().map(number).collect()
        }),
        attributes: HEADS
            .iter()
            .map(|(_, classes)| {
                let classes = *classes;
                (0..frames.len())
                    .map(|at| (at % 5 != 2).then(|| label(at, classes)))
                    .collect()
            })
            .collect(),
    }
}

impl Data {
    pub fn views(&self) -> Vec<FeaturesView<'_>> {
        self.features.iter().map(Features::view).collect()
    }

    pub fn targets(&self, heads: &[(HeadSpec, usize)], batch: &[usize]) -> Targets {
        let pick = |all: &[Option<usize>]| batch.iter().map(|&at| all[at]).collect();
        let of = |(head, _): &(HeadSpec, usize)| {
            let place = HEADS.iter().position(|(own, _)| *own == head.attribute);
            pick(&self.attributes[place.unwrap()])
        };
        let numbers = self.tasks.iter().filter(|task| !task.is_of_classes());
        let shares = self.shares.as_ref();
        Targets {
            emotion: pick(&self.emotion),
            shares: shares.map(|rows| batch.iter().map(|&at| rows[at].clone()).collect()),
            numbers: (numbers.zip(&self.numbers))
                .map(|(_, column)| batch.iter().map(|&at| column[at]).collect())
                .collect(),
            attributes: heads.iter().map(of).collect(),
        }
    }
}
