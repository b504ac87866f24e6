//! Self-attentive pooling on the device, for several models at once.

use dfdx::tensor::CudaError;

use crate::layers::affine_kernel::{AffineRows, Rows};
use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope,
};
use crate::model::cuda::{Memory, Pointer, Tables, arguments};

use super::SizedAttention;

/// What the forward pass leaves for the backward pass.
pub struct Kept {
    input: DeviceFrames,
    /// `tanh` of the hidden layer, `[models, frames, units]`.
    hidden: Memory,
    /// Weights of the frames, `[models, frames, heads]`.
    weights: Memory,
}

impl SizedAttention {
    /// The hidden layer, and the scores of it.
    fn products(&self, rows: usize, models: usize) -> [AffineRows; 2] {
        let of = |inputs, outputs| AffineRows {
            inputs,
            outputs,
            rows,
            models,
        };
        [of(self.width, self.units), of(self.units, self.heads)]
    }

    fn rows_in(&self, frames: &DeviceFrames, rows: usize) -> Rows {
        Rows {
            start: frames.values.at(0),
            stride: frames.stride(rows * self.width),
        }
    }

    fn hidden_rows(&self, hidden: &Memory, rows: usize) -> Rows {
        Rows {
            start: hidden.at(0),
            stride: rows * self.units,
        }
    }
}

impl DeviceLayer for SizedAttention {
    type Tables = ();
    type Kept = Kept;

    fn takes_shared(&self) -> bool {
        true
    }

    fn lay(&self, _: usize, _: &[usize], _: &mut Tables) {}

    fn demand(&self, scope: &DeviceScope<'_>) -> Demand {
        let (rows, models) = (scope.rows(), scope.models);
        let own = models * rows * (self.units + self.heads);
        let products = self.products(rows, models);
        let working = products.map(|product| product.working(scope.card));
        Demand {
            kept: own,
            working: own + working[0].max(working[1]),
        }
    }

    /// From frames `[models, frames, width]` to `[models, utterances, heads * width]`.
    fn forward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Kept), CudaError> {
        let &[weight, bias, score] = values else {
            unreachable!("an attentive pooling has three arrays");
        };
        let DeviceRun {
            card,
            packed,
            models,
            before,
            ..
        } = *run;
        let (rows, heads, utterances) = (before.rows, self.heads, packed.packing.utterances);
        let (first, count) = (packed.at(before.first), packed.at(before.count));
        let [of_hidden, of_scores] = self.products(rows, models);
        let hidden = of_hidden.forward(card, self.rows_in(&input, rows), weight, Some(bias))?;
        let length = rows * self.units;
        card.launch(
            "attention_tanh",
            (length, models),
            arguments![of hidden, int length],
        )?;
        let weights = of_scores.forward(card, self.hidden_rows(&hidden, rows), score, None)?;
        card.launch(
            "attention_weights",
            (utterances * heads, models),
            arguments![of weights, at first, at count, int utterances, int rows, int heads],
        )?;
        let pooled = Memory::new(card, models * utterances * heads * self.width)?;
        card.launch_rows(
            "attention_pool",
            (heads * self.width, utterances, models),
            arguments![
                of pooled, of input.values, of weights, at first, at count, int utterances, int rows, int self.width,
                int heads, int input.shared,
            ],
        )?;
        let kept = Kept {
            input,
            hidden,
            weights,
        };
        Ok((pooled, kept))
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        kept: Kept,
        arrays: DeviceArrays<'_>,
        of_pooled: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        let (&[weight, _, score], &[of_weight, of_bias, of_score]) =
            (arrays.values, arrays.gradients)
        else {
            unreachable!("an attentive pooling has three arrays");
        };
        let DeviceRun {
            card,
            packed,
            models,
            before,
            ..
        } = *run;
        let Kept {
            input,
            hidden,
            weights,
        } = kept;
        let (rows, heads, utterances) = (before.rows, self.heads, packed.packing.utterances);
        let utterance_of = packed.at(before.utterance_of);
        let of_scores = Memory::<f32>::new(card, models * rows * heads)?;
        card.launch(
            "attention_along",
            (rows * heads, models),
            arguments![
                of of_scores, of input.values, at of_pooled, at utterance_of, int utterances, int rows, int self.width,
                int heads, int input.shared,
            ],
        )?;
        card.launch(
            "attention_scores_back",
            (utterances * heads, models),
            arguments![
                of of_scores, of weights, at packed.at(before.first), at packed.at(before.count), int utterances,
                int rows, int heads,
            ],
        )?;
        let [of_hidden_layer, of_score_layer] = self.products(rows, models);
        let hidden_rows = self.hidden_rows(&hidden, rows);
        let from = of_scores.at(0);
        of_score_layer.add_parameter_gradients(card, hidden_rows, from, of_score, None)?;
        let of_hidden = Memory::<f32>::new(card, models * rows * self.units)?;
        of_score_layer.input_gradient(card, from, score, of_hidden.at(0), false)?;
        let length = rows * self.units;
        card.launch(
            "attention_tanh_back",
            (length, models),
            arguments![of of_hidden, of hidden, int length],
        )?;
        let (x, from) = (self.rows_in(&input, rows), of_hidden.at(0));
        of_hidden_layer.add_parameter_gradients(card, x, from, of_weight, Some(of_bias))?;
        if !input_gradient {
            return Ok(None);
        }
        let of_frames = Memory::new(card, models * rows * self.width)?;
        card.launch_rows(
            "attention_back",
            (self.width, rows, models),
            arguments![
                of of_frames, at of_pooled, of weights, at utterance_of, int utterances, int rows, int self.width,
                int heads,
            ],
        )?;
        of_hidden_layer.input_gradient(card, from, weight, of_frames.at(0), true)?;
        Ok(Some(of_frames))
    }
}
