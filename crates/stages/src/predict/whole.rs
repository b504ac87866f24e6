//! Predicts recordings as a whole.

use pipe_foundation::FeaturesView;
use pipe_nn::model::ModelError;

use super::FailureReason;
use super::recording::{Recording, Whole};
use super::run::{Prediction, WINDOWS_AT_ONCE};

impl Prediction<'_> {
    /// Predicts recordings as they are; false when no more is wanted.
    pub(super) fn whole(&mut self, recordings: &mut [Recording]) -> Result<bool, ModelError> {
        let mut tasks: Vec<_> = recordings.iter_mut().map(|r| (r, None)).collect();
        let (front_end, options, units) = (self.front_end, self.options, &self.units);
        let workers = self.predictor.workers();
        workers.for_each(&mut tasks, |_, (recording, whole)| {
            let made = recording.whole(front_end, options);
            *whole = Some(made.and_then(|made| {
                Ok(Whole {
                    features: units.apply(&recording.input, made.features)?,
                    ..made
                })
            }));
        });
        let mut made = tasks.into_iter().map(|(recording, whole)| {
            // Workers that were not stopped leave none out.
            (recording, whole.unwrap_or(Err(FailureReason::NotFinite)))
        });
        let (most, mut next) = (self.most_samples(), made.next());
        while next.is_some() {
            let (mut part, mut held) = (Vec::new(), 0_usize);
            while let Some((recording, whole)) = next.take_if(|(_, whole)| {
                held = held.saturating_add(samples(whole));
                part.is_empty() || (held <= most && part.len() < WINDOWS_AT_ONCE)
            }) {
                part.push((recording, whole));
                next = made.next();
            }
            if self.units.are_summed() {
                for (recording, whole) in &part {
                    if let Ok(whole) = whole {
                        self.units.see(&recording.input, &whole.features);
                    }
                }
                continue;
            }
            let views: Vec<FeaturesView<'_>> = part
                .iter()
                .filter_map(|(_, whole)| Some(whole.as_ref().ok()?.features.view()))
                .collect();
            let mut rows = self.outputs(&views)?;
            for (recording, whole) in part {
                let found = whole.map(|whole| (0..whole.samples, whole.silent));
                if !self.tell(&recording.input, found, &mut rows) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

fn samples(whole: &Result<Whole, FailureReason>) -> usize {
    whole.as_ref().map_or(0, |whole| whole.samples)
}
