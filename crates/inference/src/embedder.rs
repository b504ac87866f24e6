//! What a model makes of a recording.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pipe_foundation::progress::Progress;
use pipe_foundation::{Features, FeaturesView};

use crate::axes::{Axis, arrange, check, collect, input_axes};
use crate::embedder_options::{Constant, EmbedderOptions, Recording};
use crate::error::{EmbedError, ModelError};
use crate::model::Model;
use crate::signature::{Dimension, Element, Signature, ValueSignature};
use crate::tensor::{InputTensor, OutputTensor, TensorValues};

/// Windows that a model is given at once: enough for what it does once a call to be small.
const TOGETHER: usize = 16;

/// A model and how it is used.
pub struct Embedder {
    model: Arc<Model>,
    usage: Usage,
}

/// How a model is used, checked against what it takes and gives.
#[derive(Clone, Debug)]
struct Usage {
    options: EmbedderOptions,
    input: String,
    element: Element,
    axes: Vec<Axis>,
    /// How many coefficients a frame has to have, where the model says.
    bins: Option<usize>,
    /// How many windows it takes at once.
    together: usize,
    constants: Vec<(String, InputTensor)>,
    outputs: Vec<String>,
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
        let failed = |reason| EmbedError::Run { runtime, reason };
        // A damaged model may make a runtime panic: that costs the recording.
        let run = AssertUnwindSafe(|| self.model.loaded.run(inputs, &outputs));
        let made = catch_unwind(run)
            .unwrap_or_else(|panic| Err(pipe_foundation::panics::describe(&*panic)))
            .map_err(failed)?;
        let tables = made
            .into_iter()
            .map(|output| usage.table(output, ranges.len()));
        side_by_side(tables.collect::<Result<_, _>>()?)
    }
}

impl Usage {
    fn new(
        signature: &Signature,
        recording: Recording,
        options: EmbedderOptions,
    ) -> Result<Self, ModelError> {
        let input = recording_input(signature, &options)?;
        let constants = constants(signature, &input.name, &options)?;
        let axes = input_axes(
            input,
            recording == Recording::Waveform,
            options.input_axes.as_deref(),
        )?;
        if !matches!(input.element, Element::F32 | Element::F64) {
            let message = format!("its input `{}` takes no floats", input.name);
            return Err(ModelError::Shape(message));
        }
        let fixed = |axis: Axis| {
            let place = axes.iter().position(|other| *other == axis)?;
            match input.shape.as_ref()?.get(place)? {
                Dimension::Fixed(length) => Some(*length),
                Dimension::Free(_) => None,
            }
        };
        if let Some(length) = fixed(Axis::Time)
            && options.window.is_none_or(|window| window.length != length)
        {
            return Err(ModelError::Shape(format!(
                "its input `{}` is always {length} long: set window = {{ length = {length}, hop = ... }}",
                input.name
            )));
        }
        let together = match axes.contains(&Axis::Batch) {
            true => fixed(Axis::Batch).unwrap_or(TOGETHER),
            false => 1,
        };
        if together > 1 && fixed(Axis::Batch).is_some() {
            return Err(ModelError::Shape(format!(
                "its input `{}` always takes {together} recordings at once: export it with a batch of 1, or of any size",
                input.name
            )));
        }
        let outputs = output_names(signature, &options)?;
        if let Some(axes) = &options.output_axes {
            check(axes, axes.contains(&Axis::Features), "output_axes")
                .map_err(ModelError::Shape)?;
        }
        Ok(Self {
            input: input.name.clone(),
            element: input.element,
            bins: fixed(Axis::Features).filter(|_| recording == Recording::Features),
            axes,
            together,
            constants,
            outputs,
            options,
        })
    }

    /// The samples or features as the model takes them.
    fn prepared(&self, recording: FeaturesView<'_>) -> Vec<f32> {
        let mut values = recording.values.to_vec();
        if self.options.normalise_input {
            normalise(&mut values);
        }
        if let Some(scale) = self.options.input_scale {
            values.iter_mut().for_each(|value| *value *= scale);
        }
        values
    }

    fn scale(&self, values: &mut [f32]) {
        let EmbedderOptions {
            output_scale,
            output_offset,
            ..
        } = self.options;
        if output_scale.is_some() || output_offset.is_some() {
            let (scale, offset) = (output_scale.unwrap_or(1.0), output_offset.unwrap_or(0.0));
            values
                .iter_mut()
                .for_each(|value| *value = *value * scale + offset);
        }
    }

    /// An output as features, window after window.
    fn table(&self, output: OutputTensor, windows: usize) -> Result<Features, EmbedError> {
        let OutputTensor { shape, values } = output;
        let ([batch, time, bins], values) = match &self.options.output_axes {
            Some(axes) => collect(&shape, values, axes).map_err(EmbedError::Output)?,
            None => {
                let (&bins, others) = shape
                    .split_last()
                    .ok_or_else(|| EmbedError::Output("the model gives a single number".into()))?;
                let batch = others.first().copied().unwrap_or(1);
                let time = others.iter().skip(1).product();
                ([batch, time, bins], values)
            }
        };
        if windows > 1 && batch != windows {
            return Err(EmbedError::Output(format!(
                "the model gives the shape {shape:?} for {windows} windows: `output_axes` has to say which axis they are"
            )));
        }
        let frames = batch * time;
        if frames * bins != values.len() || values.is_empty() {
            return Err(EmbedError::Output(format!(
                "the model gives the shape {shape:?}, which has no values"
            )));
        }
        Ok(Features {
            frames,
            bins,
            values,
        })
    }
}

/// The input that takes the recording.
fn recording_input<'s>(
    signature: &'s Signature,
    options: &EmbedderOptions,
) -> Result<&'s ValueSignature, ModelError> {
    if let Some(name) = &options.model_input {
        let named = signature.inputs.iter().find(|input| input.name == *name);
        return named.ok_or_else(|| no_such("input", name, &signature.inputs));
    }
    let mut open = signature
        .inputs
        .iter()
        .filter(|input| !options.constants.contains_key(&input.name));
    match (open.next(), open.next()) {
        (Some(input), None) => Ok(input),
        _ => {
            let inputs = match signature.inputs.is_empty() {
                true => "inputs (it has none)".to_owned(),
                false => format!("inputs {}", listed(&signature.inputs)),
            };
            Err(ModelError::Inputs { inputs })
        }
    }
}

/// Values of all inputs but `recording`.
fn constants(
    signature: &Signature,
    recording: &str,
    options: &EmbedderOptions,
) -> Result<Vec<(String, InputTensor)>, ModelError> {
    for name in options.constants.keys() {
        if !signature.inputs.iter().any(|input| input.name == *name) {
            return Err(no_such("input", name, &signature.inputs));
        }
    }
    let others = signature
        .inputs
        .iter()
        .filter(|input| input.name != recording);
    let constants = others.map(|input| {
        let given = options
            .constants
            .get(&input.name)
            .ok_or_else(|| ModelError::Inputs {
                inputs: format!("input `{}` and all others but `{recording}`", input.name),
            })?;
        Ok((input.name.clone(), constant(input, given)?))
    });
    constants.collect()
}

/// A constant in the shape and of the type of its input; an axis of any length is 1 long.
fn constant(input: &ValueSignature, given: &Constant) -> Result<InputTensor, ModelError> {
    /// More values are no constant that somebody writes.
    const MOST: usize = 1 << 20;
    let length = |dimension: &Dimension| match dimension {
        Dimension::Fixed(length) => *length,
        Dimension::Free(_) => 1,
    };
    let mut shape: Vec<usize> = input.shape.iter().flatten().map(length).collect();
    let product = |shape: &[usize]| {
        let mut lengths = shape.iter();
        lengths.try_fold(1_usize, |product, &length| product.checked_mul(length))
    };
    let wrong = |found: usize| {
        ModelError::Shape(format!(
            "its input `{}` has the shape {shape:?}, and `constants` has {found} numbers for it",
            input.name
        ))
    };
    let numbers = match given {
        Constant::Number(number) => {
            let count = product(&shape).filter(|&count| count <= MOST);
            vec![*number; count.ok_or_else(|| wrong(1))?]
        }
        Constant::Numbers(numbers) => {
            let free = input.shape.iter().flatten();
            let is_free = free
                .clone()
                .filter(|d| matches!(d, Dimension::Free(_)))
                .count()
                == 1;
            // The one free axis is as long as it has to be.
            let others = product(&shape).filter(|&others| others > 0 && is_free);
            if let Some(others) = others.filter(|others| numbers.len() % others == 0)
                && let Some(place) = free.clone().position(|d| matches!(d, Dimension::Free(_)))
            {
                shape[place] = numbers.len() / others;
            }
            match product(&shape) == Some(numbers.len()) {
                true => numbers.clone(),
                false => {
                    return Err(ModelError::Shape(format!(
                        "its input `{}` has the shape {shape:?}, and `constants` has {} numbers for it",
                        input.name,
                        numbers.len()
                    )));
                }
            }
        }
    };
    let values = match input.element {
        Element::F32 => TensorValues::F32(numbers.iter().map(|&number| number as f32).collect()),
        Element::F64 => TensorValues::F64(numbers),
        Element::I32 => TensorValues::I32(numbers.iter().map(|&number| number as i32).collect()),
        Element::I64 => TensorValues::I64(numbers.iter().map(|&number| number as i64).collect()),
        Element::Bool => TensorValues::Bool(numbers.iter().map(|&number| number != 0.0).collect()),
        Element::Other(number) => {
            return Err(ModelError::Shape(format!(
                "its input `{}` has elements of a type that cannot be given (number {number} of ONNX)",
                input.name
            )));
        }
    };
    Ok(InputTensor { shape, values })
}

fn output_names(
    signature: &Signature,
    options: &EmbedderOptions,
) -> Result<Vec<String>, ModelError> {
    if options.outputs.is_empty() {
        return Ok(signature
            .outputs
            .iter()
            .take(1)
            .map(|output| output.name.clone())
            .collect());
    }
    for name in &options.outputs {
        if !signature.outputs.iter().any(|output| output.name == *name) {
            return Err(no_such("output", name, &signature.outputs));
        }
    }
    Ok(options.outputs.clone())
}

fn no_such(role: &'static str, name: &str, known: &[ValueSignature]) -> ModelError {
    ModelError::NoSuchValue {
        role,
        name: name.to_owned(),
        known: match known.is_empty() {
            true => "none".to_owned(),
            false => listed(known),
        },
    }
}

fn listed(values: &[ValueSignature]) -> String {
    let names: Vec<String> = values
        .iter()
        .map(|value| format!("`{}`", value.name))
        .collect();
    names.join(", ")
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

/// Brings values to mean 0 and variance 1, as `Wav2Vec2FeatureExtractor` of transformers does.
fn normalise(values: &mut [f32]) {
    /// Keeps silence from being divided by 0.
    const FLOOR: f64 = 1e-7;
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let squares = values
        .iter()
        .map(|&value| (f64::from(value) - mean).powi(2));
    let deviation = (squares.sum::<f64>() / count + FLOOR).sqrt();
    for value in values {
        *value = ((f64::from(*value) - mean) / deviation) as f32;
    }
}
