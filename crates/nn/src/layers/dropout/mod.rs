//! Dropout of values of frames, or of the vector after the pooling (Srivastava et al., 2014; `torch.nn.Dropout`).

#[cfg(feature = "cuda")]
mod cuda_kernel;
#[cfg(test)]
mod naive;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::ops::dropout::mask;
use crate::onnx::{Export, Signal};

use super::cost::Cost;
use super::frame_layer::{FrameLayer, Gradients, Share};
use super::kind::{self, Before, Kind, Options, Place};
use super::seeds;
use super::sized::{Run, SizedLayer};
use super::spaced::SpacedFrames;
use pipe_foundation::keys::{Key, Values};

/// Values dropped in training.
pub const KIND: Kind = Kind {
    name: "dropout",
    doc: "Drops values in training and scales the others by 1 / (1 - probability); it changes nothing afterwards.",
    keys: &[Key::required(
        "probability",
        Values::BELOW_ONE,
        "Probability that a value is dropped.",
    )],
    place: Place::Anywhere,
    read: kind::read::<Dropout>,
    kernels: include_str!("dropout.cu"),
    example: r#"[{"layer":"dropout","probability":0.3},{"layer":"conv","channels":3,"width":3},
        {"layer":"dropout","probability":0.2},{"layer":"lstm","units":3},{"layer":"dropout","probability":0.1},
        {"layer":"time_pool","how":"last_states"},{"layer":"linear","units":5},
        {"layer":"dropout","probability":0.5}]"#,
};

/// Its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dropout {
    /// Probability that a value is dropped.
    probability: f32,
}

impl Options for Dropout {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        if !(0.0..1.0).contains(&self.probability) {
            return Err(format!(
                "probability is {}; expected at least 0 and less than 1",
                self.probability
            ));
        }
        Ok(vec![Arc::new(SizedDropout {
            probability: self.probability,
            before: *before,
        })])
    }

    fn description(&self) -> String {
        format!("dropout in training: probability {}", self.probability)
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

/// A dropout and the width of its frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizedDropout {
    probability: f32,
    before: Before,
}

impl SizedDropout {
    /// Factors of an utterance's values: those of the same step, layer and place in the batch are always the same.
    fn mask(&self, count: usize, seed: u64, member: usize) -> Vec<f32> {
        mask(count, self.probability, seeds::of_utterance(seed, member))
    }
}

impl SizedLayer for SizedDropout {
    fn input(&self) -> usize {
        self.before.width
    }

    fn output(&self) -> usize {
        self.before.width
    }

    fn states(&self) -> Option<usize> {
        self.before.states
    }

    fn cost(&self) -> Cost {
        Cost::of_frames(self.before.width, self.before.width)
    }

    fn export(&self, _: &mut Export<'_>, x: Signal) -> Signal {
        x
    }

    fn run(&self) -> Run<'_> {
        Run::Frames(self)
    }
}

impl FrameLayer for SizedDropout {
    type Weights = ();
    /// Factors of all values; empty where nothing is dropped.
    type Kept = Vec<f32>;
    type Scratch = ();

    fn pack(&self, _: &[f32], _: bool, _: bool, (): &mut ()) {}

    fn forward(
        &self,
        _: &[f32],
        (): &(),
        share: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        kept: &mut Vec<f32>,
        (): &mut (),
    ) {
        kept.clear();
        if let Some(seed) = share.seed.filter(|_| self.probability > 0.0) {
            for (frames, &member) in input.utterances().zip(share.members) {
                kept.extend(self.mask(frames.len(), seed, member));
            }
        }
        let mut factors = kept.iter();
        for (from, to) in input.utterances().zip(output.utterances_mut()) {
            to.copy_from_slice(from);
            to.iter_mut().zip(&mut factors).for_each(|(x, m)| *x *= m);
        }
    }

    fn backward(
        &self,
        (): &(),
        _: Share<'_>,
        _: &SpacedFrames,
        grad_output: &SpacedFrames,
        kept: &Vec<f32>,
        gradients: Gradients<'_>,
        (): &mut (),
    ) {
        let Some(input) = gradients.input else { return };
        let mut factors = kept.iter();
        for (from, to) in grad_output.utterances().zip(input.utterances_mut()) {
            to.copy_from_slice(from);
            to.iter_mut().zip(&mut factors).for_each(|(g, m)| *g *= m);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{SEED, agrees_with_naive};

    #[test]
    fn equals_the_naive_version() {
        for (width, probability) in [(5, 0.0), (5, 0.4), (1, 0.875), (17, 0.1)] {
            let layer = format!(r#"{{"layer":"dropout","probability":{probability}}}"#);
            agrees_with_naive(&layer, width, 3, |_, frames, member| {
                let seed = seeds::of_utterance(SEED, member);
                naive::forward(frames, f64::from(probability as f32), Some(seed))
            });
        }
    }

    #[test]
    fn utterances_and_steps_have_masks_of_their_own_and_prediction_none() {
        let layer = SizedDropout {
            probability: 0.5,
            before: Before {
                width: 64,
                states: None,
            },
        };
        let mut input = SpacedFrames::default();
        input.reset(&[1, 1], 0, 64);
        input.values_mut().fill(1.0);
        let wide = |values: &[f32]| -> Vec<f64> { values.iter().map(|&v| v.into()).collect() };
        let run = |seed: Option<u64>| {
            let mut output = input.clone();
            let share = Share {
                members: &[0, 1],
                seed,
                stopped: &|| false,
            };
            let mut kept = Vec::new();
            layer.forward(&[], &(), share, &input, &mut output, &mut kept, &mut ());
            output.to_rows()
        };
        let first = run(Some(1));
        assert_eq!(first, run(Some(1)));
        assert_ne!(first, run(Some(2)));
        assert_ne!(first[..64], first[64..]);
        let predicted = run(None);
        assert_eq!(wide(&predicted), naive::forward(&[1.0; 128], 0.5, None));
    }
}
