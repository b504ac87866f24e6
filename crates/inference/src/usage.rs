//! How a model is used, checked against what it takes and gives.

use pipe_foundation::{Features, FeaturesView};

use crate::axes::{Axis, check, collect, input_axes};
use crate::constants;
use crate::embedder_options::{EmbedderOptions, Recording};
use crate::error::{EmbedError, ModelError};
use crate::names::{listed, no_output, no_such};
use crate::signature::{Dimension, Element, Signature, ValueSignature};
use crate::tensor::{InputTensor, OutputTensor};

/// Windows that a model is given at once: enough for what it does once a call to be small.
const TOGETHER: usize = 16;

/// How a model is used, checked against what it takes and gives.
#[derive(Clone, Debug)]
pub struct Usage {
    /// What was asked for.
    pub options: EmbedderOptions,
    /// The input that takes the recording.
    pub input: String,
    /// The type of its elements.
    pub element: Element,
    /// Its axes.
    pub axes: Vec<Axis>,
    /// How many coefficients a frame has to have, where the model says.
    pub bins: Option<usize>,
    /// How many windows it takes at once.
    pub together: usize,
    /// What the other inputs get.
    pub constants: Vec<(String, InputTensor)>,
    /// The outputs that become features.
    pub outputs: Vec<String>,
}

impl Usage {
    /// Checks `options` against what the model takes and gives.
    ///
    /// # Errors
    /// Names that it does not have, inputs without values, axes that do not fit.
    pub fn new(
        signature: &Signature,
        recording: Recording,
        options: EmbedderOptions,
    ) -> Result<Self, ModelError> {
        let outputs = output_names(signature, &options)?;
        let input = recording_input(signature, &options)?;
        let constants = constants::of(signature, &input.name, &options)?;
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
    pub fn prepared(&self, recording: FeaturesView<'_>) -> Vec<f32> {
        let mut values = recording.values.to_vec();
        if self.options.normalise_input {
            normalise(&mut values);
        }
        if let Some(scale) = self.options.input_scale {
            values.iter_mut().for_each(|value| *value *= scale);
        }
        values
    }

    /// Outputs as they are wanted.
    pub fn scale(&self, values: &mut [f32]) {
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
    pub fn table(&self, output: OutputTensor, windows: usize) -> Result<Features, EmbedError> {
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
    for (place, name) in options.outputs.iter().enumerate() {
        if options.outputs[..place].contains(name) {
            return Err(ModelError::Shape(format!(
                "its output `{name}` is named twice"
            )));
        }
        let is_output = signature.outputs.iter().any(|output| output.name == *name);
        if !is_output && !signature.internal.contains(name) {
            return Err(no_output(name, signature));
        }
    }
    Ok(options.outputs.clone())
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
