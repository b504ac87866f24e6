//! How a model is used.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::axes::Axis;
use crate::pooling::Pooling;
use crate::windows::Window;

/// What a model is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// Samples.
    Waveform,
    /// Frames of features.
    Features,
}

/// What an input gets that takes no recording: one number for all its elements, or one for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Constant {
    /// For all.
    Number(f64),
    /// For each, in the order of the last axis first.
    Numbers(Vec<f64>),
}

/// How a model is used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmbedderOptions {
    /// The input that takes the recording; the only one without a constant where none is named.
    pub model_input: Option<String>,
    /// What its axes are; by its rank where they are not given.
    pub input_axes: Option<Vec<Axis>>,
    /// Values of its other inputs.
    pub constants: BTreeMap<String, Constant>,
    /// The outputs that become features, one behind the other; the first where none is named.
    pub outputs: Vec<String>,
    /// What the axes of outputs are; the last is features and the others are time where they are not given.
    pub output_axes: Option<Vec<Axis>>,
    /// Samples or features are brought to mean 0 and variance 1 over the whole recording, as feature extractors of wav2vec
    /// 2.0 do.
    pub normalise_input: bool,
    /// Samples or features are multiplied by this, after that.
    pub input_scale: Option<f32>,
    /// Outputs are multiplied by this.
    pub output_scale: Option<f32>,
    /// This is added to outputs, after that.
    pub output_offset: Option<f32>,
    /// The model is given parts of the recording; all of it without them.
    pub window: Option<Window>,
    /// What becomes of the frames.
    pub pooling: Pooling,
}
