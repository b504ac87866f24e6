//! Predicts recordings by windows.

use std::ops::Range;

use pipe_foundation::{Features, FeaturesView};
use pipe_nn::model::ModelError;

use super::recording::{HeldSamples, Recording};
use super::run::{BYTES_AT_ONCE, Prediction, WINDOWS_AT_ONCE};
use super::{FailureReason, Input, Windows};

/// One window of one recording.
struct Window {
    recording: usize,
    samples: Range<usize>,
    /// Its features; none as long as they have not been computed.
    features: Option<Result<Features, FailureReason>>,
}

/// The samples of recordings, and which window comes next.
struct Cutter {
    windows: Windows,
    held: Vec<Result<HeldSamples, FailureReason>>,
    recording: usize,
    window: usize,
}

impl Prediction<'_> {
    /// Predicts recordings by windows; false when no more is wanted.
    pub(super) fn windows(
        &mut self,
        recordings: &mut [Recording],
        windows: Windows,
    ) -> Result<bool, ModelError> {
        let inputs: Vec<Input> = recordings.iter().map(|one| one.input.clone()).collect();
        let mut cutter = Cutter {
            windows,
            held: self.held(recordings),
            recording: 0,
            window: 0,
        };
        let front_end = self.front_end;
        loop {
            let units = &self.units;
            let mut part = cutter.next_part(self.most_samples());
            if part.is_empty() {
                return Ok(true);
            }
            let held = &cutter.held;
            let workers = self.predictor.workers();
            workers.for_each(&mut part, |_, window| {
                if let (None, Ok(held)) = (&window.features, &held[window.recording]) {
                    let input = &inputs[window.recording];
                    let made = front_end.features(held.get(window.samples.clone()));
                    window.features = Some(made.and_then(|made| units.apply(input, made)));
                }
            });
            if self.units.are_summed() {
                for window in &part {
                    if let Some(Ok(features)) = &window.features {
                        self.units.see(&inputs[window.recording], features);
                    }
                }
                continue;
            }
            let views: Vec<FeaturesView<'_>> = part
                .iter()
                .filter_map(|window| Some(window.features.as_ref()?.as_ref().ok()?.view()))
                .collect();
            let mut rows = self.outputs(&views)?;
            for window in part {
                let found = window.features.unwrap_or(Err(FailureReason::NotFinite));
                let found = found.map(|_| {
                    let heard = held[window.recording].as_ref();
                    let heard = heard.map_or(&[][..], |held| held.get(window.samples.clone()));
                    let silent = heard.iter().all(|sample| Some(sample) == heard.first());
                    (window.samples, silent)
                });
                let input = &inputs[window.recording];
                if !self.tell(input, found, &mut rows) {
                    return Ok(false);
                }
            }
        }
    }

    /// The samples of recordings. Those of a recording that is too large to be held are read as its windows need them.
    fn held(&self, recordings: &mut [Recording]) -> Vec<Result<HeldSamples, FailureReason>> {
        let reads_on = matches!(&*recordings, [one] if self.bytes(one) > BYTES_AT_ONCE);
        let (front_end, options) = (self.front_end, self.options);
        let mut tasks: Vec<_> = recordings.iter_mut().map(|r| (r, None)).collect();
        let workers = self.predictor.workers();
        workers.for_each(&mut tasks, |_, (recording, held)| {
            let opened = recording.held(front_end, options);
            *held = Some(opened.and_then(|mut held| {
                if !reads_on {
                    held.read_to(held.len())?;
                }
                Ok(held)
            }));
        });
        let held = tasks.into_iter().map(|(_, held)| held);
        // Workers that were not stopped leave none out.
        held.map(|held| held.unwrap_or(Err(FailureReason::NotFinite)))
            .collect()
    }
}

impl Cutter {
    /// The windows that come next, of together at most this many samples, which are held then; none at the end.
    fn next_part(&mut self, most_samples: usize) -> Vec<Window> {
        let (mut part, mut total) = (Vec::new(), 0_usize);
        while self.recording < self.held.len() && part.len() < WINDOWS_AT_ONCE {
            let held = &mut self.held[self.recording];
            let (count, samples) = match held {
                Ok(held) => (
                    self.windows.count(held.len()),
                    self.windows.range(held.len(), self.window),
                ),
                Err(_) => (1, 0..0),
            };
            total = total.saturating_add(samples.len());
            if total > most_samples && !part.is_empty() {
                break;
            }
            if let (true, Ok(held)) = (part.is_empty(), &mut *held) {
                held.drop_before(samples.start);
            }
            let found = match held {
                Ok(held) => held.read_to(samples.end),
                Err(reason) => Err(std::mem::replace(reason, FailureReason::NotFinite)),
            };
            self.window += 1;
            if self.window >= count || found.is_err() {
                (self.recording, self.window) = (self.recording + 1, 0);
            }
            part.push(Window {
                recording: self.recording - usize::from(self.window == 0),
                samples,
                features: found.err().map(Err),
            });
        }
        part
    }
}
