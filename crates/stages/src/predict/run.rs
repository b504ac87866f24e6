//! Predicts recordings in parts of bounded size, in their order.

use std::ops::Range;

use pipe_foundation::FeaturesView;
use pipe_nn::model::{Model, ModelError, NumericTarget, Outputs, Predictor};
use pipe_report::eval::most_likely;

use super::options::PredictOptions;
use super::recording::Recording;
use super::units::Units;
use super::{Failure, FailureReason, FrontEnd, Input, Outcome, Row};

/// Recordings that are read together, at most.
const FILES_AT_ONCE: usize = 64;
/// Bytes that are held of recordings together, at most, by what their headers say: features of whole ones, samples where
/// they are cut into windows. One that would take more is read alone, and its windows are cut while it is read.
pub(super) const BYTES_AT_ONCE: usize = 64 << 20;
/// Windows whose features are held together, at most.
pub(super) const WINDOWS_AT_ONCE: usize = 256;
/// Seconds of audio in windows that are held together, at most; a longer window is computed alone.
const SECONDS_AT_ONCE: f64 = 120.0;

/// Predicts every recording and hands the outcomes to `each` in the order of `inputs`; `each` returns false to stop.
///
/// A window is handled like a recording of its own: cut at the model's rate, features normalised within it. Recordings
/// are read block by block, twice where features are normalised over several of them: what is held is bounded by the longest window, or by the features of the longest recording
/// that is predicted as a whole, never by the number of either.
///
/// # Errors
/// Only what concerns the model itself; a bad recording is an outcome.
pub fn predict(
    model: &Model,
    front_end: &FrontEnd,
    inputs: &[Input],
    options: PredictOptions,
    each: &mut dyn FnMut(Outcome) -> bool,
) -> Result<(), ModelError> {
    let mut prediction = Prediction {
        predictor: Predictor::new(model.network(), options.threads)?,
        targets: &model.config().targets,
        units: Units::new(model.config().normalisation.as_ref(), options.one_group),
        front_end,
        options,
        each,
    };
    if prediction.units.are_summed() {
        prediction.all(inputs)?;
        prediction.units.settle();
    }
    prediction.all(inputs)
}

/// How many of `inputs` are looked at together. Those before standard input do not wait for its end.
fn together(inputs: &[Input]) -> usize {
    let files = inputs.iter().take(FILES_AT_ONCE);
    let files = files.take_while(|input| **input != Input::Stdin);
    files.count().max(1)
}

/// The work on all recordings.
pub(super) struct Prediction<'p> {
    pub(super) predictor: Predictor<'p>,
    targets: &'p [NumericTarget],
    pub(super) units: Units<'p>,
    pub(super) front_end: &'p FrontEnd,
    pub(super) options: PredictOptions,
    each: &'p mut dyn FnMut(Outcome) -> bool,
}

impl Prediction<'_> {
    /// Predicts recordings, or sees them for the first time, until no more is wanted.
    fn all(&mut self, inputs: &[Input]) -> Result<(), ModelError> {
        let mut rest = inputs;
        while !rest.is_empty() {
            let (part, later) = rest.split_at(together(rest));
            rest = later;
            if !self.part(part)? {
                break;
            }
        }
        Ok(())
    }

    /// Predicts some recordings; false when no more is wanted.
    fn part(&mut self, inputs: &[Input]) -> Result<bool, ModelError> {
        let mut recordings: Vec<Recording> = inputs.iter().map(Recording::new).collect();
        let (front_end, options) = (self.front_end, self.options);
        let read_twice = self.units.read_twice();
        self.predictor
            .workers()
            .for_each(&mut recordings, |_, recording| {
                match read_twice && recording.input == Input::Stdin {
                    // Not a byte of it is read: nothing would be there the second time.
                    true => recording.samples = Err(FailureReason::NotSeenBefore),
                    false => recording.look(front_end, options),
                }
            });
        let mut rest = &mut recordings[..];
        while !rest.is_empty() {
            let mut bytes = 0_usize;
            let fitting = rest.iter().take_while(|recording| {
                bytes = bytes.saturating_add(self.bytes(recording));
                bytes <= BYTES_AT_ONCE
            });
            let (group, later) = rest.split_at_mut(fitting.count().max(1));
            rest = later;
            let continues = match self.options.windows {
                None => self.whole(group)?,
                Some(windows) => self.windows(group, windows)?,
            };
            if !continues {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Bytes that are held of a recording.
    pub(super) fn bytes(&self, recording: &Recording) -> usize {
        let samples = *recording.samples.as_ref().unwrap_or(&0);
        let samples_bytes = samples.saturating_mul(4);
        if self.options.windows.is_some() {
            return samples_bytes;
        }
        let Some(fbank) = self.front_end.fbank() else {
            // What a model in ONNX holds between its layers is a multiple of what it is given.
            return samples_bytes.saturating_mul(16);
        };
        let fbank = fbank.fbank();
        let features_bytes = fbank
            .frames(samples)
            .saturating_mul(4 * fbank.options().bins);
        match fbank.options().dither > 0.0 {
            true => features_bytes.saturating_add(samples_bytes),
            false => features_bytes,
        }
    }

    /// Tells what came of a recording, or a window of it: its place and whether it is silent, or why it has no
    /// prediction. `rows` are what the model says of those that have features. False when no more is wanted.
    pub(super) fn tell(
        &mut self,
        input: &Input,
        found: Result<(Range<usize>, bool), FailureReason>,
        rows: &mut dyn Iterator<Item = Outputs>,
    ) -> bool {
        let path = input.name();
        let seconds = |samples: usize| samples as f64 / f64::from(self.front_end.rate_hz());
        let outcome = found.and_then(|(samples, silent)| {
            let Outputs {
                probabilities,
                numbers,
            } = rows.next().ok_or(FailureReason::NotFinite)?;
            let class = most_likely(&probabilities);
            let are_finite = numbers.iter().all(|number| number.is_finite());
            if class.is_none() != probabilities.is_empty() || !are_finite {
                return Err(FailureReason::NotFinite);
            }
            let numbers = self.targets.iter().zip(numbers);
            Ok(Row {
                path: path.clone(),
                start_s: seconds(samples.start),
                end_s: seconds(samples.end),
                predicted: class,
                probabilities,
                numbers: numbers
                    .map(|(target, output)| target.value(output))
                    .collect(),
                silent,
            })
        });
        (self.each)(match outcome {
            Ok(row) => Outcome::Predicted(row),
            Err(reason) => Outcome::Failed(Failure { path, reason }),
        })
    }

    /// Samples of as much audio as is predicted together.
    pub(super) fn most_samples(&self) -> usize {
        (SECONDS_AT_ONCE * f64::from(self.front_end.rate_hz())) as usize
    }

    /// What the model says of what has features.
    pub(super) fn outputs(
        &mut self,
        features: &[FeaturesView<'_>],
    ) -> Result<impl Iterator<Item = Outputs> + use<>, ModelError> {
        Ok(self.predictor.predict(features)?.into_iter())
    }
}
