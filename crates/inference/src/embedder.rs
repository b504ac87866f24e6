//! What a model makes of a recording.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pipe_foundation::progress::Progress;
use pipe_foundation::{Features, FeaturesView};

use crate::axes::arrange;
use crate::embedder_options::{EmbedderOptions, Recording};
use crate::error::{EmbedError, ModelError, OTHER_RUNTIME};
use crate::model::Model;
use crate::runtime::Runtime;
use crate::signature::{Element, Signature};
use crate::tensor::{InputTensor, TensorValues};
use crate::usage::Usage;

/// A model and how it is used.
pub struct Embedder {
    model: Arc<Model>,
    usage: Usage,
}

impl Embedder {
    /// Checks that a model can be used like this, without loading it.
    ///
    /// # Errors
    /// Names that it does not have, inputs without values, axes that do not fit.
    pub fn check(
        signature: &Signature,
        recording: Recording,
        options: &EmbedderOptions,
    ) -> Result<(), ModelError> {
        Usage::new(signature, recording, options.clone()).map(drop)
    }

    /// The model, used like this.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn new(
        model: Arc<Model>,
        recording: Recording,
        options: EmbedderOptions,
    ) -> Result<Self, ModelError> {
        let usage = Usage::new(&model.signature, recording, options)?;
        Ok(Self { model, usage })
    }

    /// How the model is used.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// What the model makes of a recording: features `[frames, bins]`. A waveform has one sample a frame. Windows follow one
    /// another, outputs are side by side.
    ///
    /// # Errors
    /// A recording that is too short, a model that fails on it or gives no matrix of finite numbers, or the wish to stop,
    /// which is looked at between windows.
    pub fn compute(
        &self,
        recording: FeaturesView<'_>,
        progress: &dyn Progress,
    ) -> Result<Features, EmbedError> {
        let usage = &self.usage;
        if let Some(wanted) = usage.bins.filter(|&wanted| wanted != recording.bins) {
            return Err(EmbedError::Output(format!(
                "its frames have {} coefficients, but the model takes {wanted}",
                recording.bins
            )));
        }
        let total = recording.frames;
        let ranges = match usage.options.window {
            Some(window) => window.ranges(total),
            None => std::iter::once(0..total).filter(|_| total > 0).collect(),
        };
        if ranges.is_empty() {
            let needed = usage.options.window.map_or(1, |window| window.length);
            let found = total;
            return Err(EmbedError::TooShort { found, needed });
        }
        let values = usage.prepared(recording);
        let mut made = Features {
            frames: 0,
            bins: 0,
            values: Vec::new(),
        };
        for ranges in ranges.chunks(usage.together) {
            progress.check()?;
            let part = self.part(&values, recording.bins, ranges)?;
            if made.frames > 0 && made.bins != part.bins {
                return Err(EmbedError::Output(format!(
                    "the model gives {} coefficients for one window and {} for another",
                    made.bins, part.bins
                )));
            }
            made.bins = part.bins;
            made.frames += part.frames;
            made.values.extend(part.values);
        }
        usage.scale(&mut made.values);
        if made.values.iter().any(|value| !value.is_finite()) {
            let what = "the model gives values that are infinite or no numbers";
            return Err(EmbedError::Output(what.into()));
        }
        Ok(usage.options.pooling.apply(made))
    }

    /// What the model makes of windows of the same length.
    fn part(
        &self,
        values: &[f32],
        bins: usize,
        ranges: &[Range<usize>],
    ) -> Result<Features, EmbedError> {
        let usage = &self.usage;
        let length = ranges.first().map_or(0, Range::len);
        let mut windows = Vec::with_capacity(ranges.len() * length * bins);
        for range in ranges {
            let end = (range.end * bins).min(values.len());
            windows.extend_from_slice(&values[range.start * bins..end]);
            // A window that passes the end is filled up.
            windows.resize(
                windows.len() + range.len() * bins - (end - range.start * bins),
                0.0,
            );
        }
        let (shape, windows) = arrange(windows, [ranges.len(), length, bins], &usage.axes);
        let values = match usage.element {
            Element::F64 => TensorValues::F64(windows.into_iter().map(f64::from).collect()),
            _ => TensorValues::F32(windows),
        };
        let mut inputs = vec![(usage.input.as_str(), InputTensor { shape, values })];
        let constants = usage.constants.iter();
        inputs.extend(constants.map(|(name, tensor)| (name.as_str(), tensor.clone())));
        let outputs: Vec<&str> = usage.outputs.iter().map(String::as_str).collect();
        let runtime = self.model.runtime.name();
        let failed = |reason: String| EmbedError::Run {
            runtime,
            reason: match self.model.runtime {
                Runtime::Rten => reason + OTHER_RUNTIME,
                Runtime::OnnxRuntime => reason,
            },
        };
        // A damaged model may make a runtime panic: that costs the recording.
        let run = AssertUnwindSafe(|| self.model.loaded.run(inputs, &outputs));
        let made = catch_unwind(run).map_err(|panic| EmbedError::Panic {
            runtime,
            reason: pipe_foundation::panics::describe(&*panic),
            advice: self.model.runtime.other(),
        })?;
        let made = made.map_err(failed)?;
        let tables = made
            .into_iter()
            .map(|output| usage.table(output, ranges.len()));
        side_by_side(tables.collect::<Result<_, _>>()?)
    }
}

/// Features of the same frames, one behind the other.
fn side_by_side(mut tables: Vec<Features>) -> Result<Features, EmbedError> {
    let Some(first) = tables.first() else {
        return Err(EmbedError::Output("the model gives nothing".into()));
    };
    let frames = first.frames;
    if let Some(other) = tables.iter().find(|table| table.frames != frames) {
        return Err(EmbedError::Output(format!(
            "its outputs have {frames} and {} frames, so that they cannot be side by side",
            other.frames
        )));
    }
    if tables.len() == 1 {
        return Ok(tables.remove(0));
    }
    let bins = tables.iter().map(|table| table.bins).sum();
    let mut values = Vec::with_capacity(frames * bins);
    for frame in 0..frames {
        for table in &tables {
            values.extend_from_slice(&table.values[frame * table.bins..(frame + 1) * table.bins]);
        }
    }
    Ok(Features {
        frames,
        bins,
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loaded_model::LoadedModel;
    use crate::signature::{Dimension, ValueSignature};
    use crate::tensor::OutputTensor;
    use pipe_foundation::progress::Silent;

    /// A runtime that has not thought of something.
    struct Panics;

    impl LoadedModel for Panics {
        fn run(
            &self,
            _inputs: Vec<(&str, InputTensor)>,
            _outputs: &[&str],
        ) -> Result<Vec<OutputTensor>, String> {
            panic!("called `Result::unwrap()` on an `Err` value")
        }
    }

    #[test]
    fn a_runtime_that_panics_costs_the_recording_and_the_other_one_is_named() {
        for (runtime, name, way_out) in [
            (Runtime::Rten, "rten", "runtime = \"onnxruntime\""),
            (Runtime::OnnxRuntime, "ONNX Runtime", "rten may do"),
        ] {
            let value = |name: &str| ValueSignature {
                name: name.into(),
                element: Element::F32,
                shape: Some(vec![Dimension::Fixed(1), Dimension::Free(String::new())]),
            };
            let model = Model {
                signature: Signature {
                    inputs: vec![value("audio")],
                    outputs: vec![value("features")],
                    internal: Vec::new(),
                },
                runtime,
                loaded: Box::new(Panics),
            };
            let options = EmbedderOptions::default();
            let embedder = Embedder::new(Arc::new(model), Recording::Waveform, options);
            let samples = FeaturesView {
                frames: 2,
                bins: 1,
                values: &[0.5, -0.5],
            };
            let failed = embedder.unwrap().compute(samples, &Silent).unwrap_err();
            let told = failed.to_string();
            let expected = format!("{name} failed within itself on this model (called");
            assert!(told.starts_with(&expected), "{told}");
            assert!(told.contains(way_out), "{told}");
        }
    }
}
