//! The encoder of several models as one operation on the tape: convolution blocks, recurrent layers, pooling.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers::DeviceShape;
use crate::layers::conv::cuda_kernel::{self as conv_block, BlockArrays, BlockPass};
use crate::layers::lstm::cuda_kernel::{self as lstm, LayerArrays, LayerPass};
use crate::layers::time_pool::cuda_kernel::{self as time_pool, PoolShape};
use crate::model::ops::gather::cuda_kernel as gather;

use super::arrays::SharedArrays;
use super::stacked_parameters::{GradientPlace, StackedParameters};
use super::{Card, Gradients, Memory, Packed, Tape, Value};

/// Where weights or gradients of the encoder are.
struct EncoderArrays {
    convs: Vec<BlockArrays>,
    lstms: Vec<LayerArrays>,
}

/// What all layers leave for their backward pass.
struct EncoderPass {
    blocks: Vec<BlockPass>,
    layers: Vec<LayerPass>,
}

/// Reads a batch's frames `[rows, bins]` and gives the pooled vectors `[models, utterances, width]`.
///
/// With `learns`, the backward operation adds to the parameters' gradient.
pub fn forward(
    tape: &mut Tape,
    shape: &Arc<DeviceShape>,
    arrays: &SharedArrays,
    parameters: &StackedParameters,
    packed: &Arc<Packed>,
    frames: Memory,
    learns: bool,
) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let models = parameters.models();
    let weights = weights(arrays, parameters);
    let mut pass = EncoderPass {
        blocks: Vec::new(),
        layers: Vec::new(),
    };
    let mut frames = match shape.convs.is_empty() {
        true => gather::repeat(&card, &frames, models)?,
        false => frames,
    };
    let blocks = shape.convs.iter().zip(&weights.convs).enumerate();
    for (index, (conv, &own)) in blocks {
        let inputs = if index == 0 { 1 } else { models };
        let size = (models, inputs);
        let (output, block) = conv_block::forward(&card, conv, packed, index, size, own, frames)?;
        frames = output;
        if learns {
            pass.blocks.push(block);
        }
    }
    for (layer, &own) in shape.lstms.iter().zip(&weights.lstms) {
        let (output, states) = lstm::forward(&card, layer, packed, models, own, frames)?;
        frames = output;
        if learns {
            pass.layers.push(states);
        }
    }
    let pooled = time_pool::forward(&card, pool_shape(shape), packed, models, &frames)?;
    let size = (models, packed.packing.utterances, shape.pooled_width());
    let output = Value::new(tape, pooled, size)?;
    if learns {
        let (shape, packed, to) = (Arc::clone(shape), Arc::clone(packed), output.clone());
        let places = places(arrays, parameters);
        tape.record(move |gradients| {
            let of_pooled = to.handle.gradient(gradients)?;
            let own = places.find(gradients)?;
            backward(
                &card,
                &shape,
                &packed,
                models,
                pass,
                of_pooled,
                (&weights, &own),
            )
        });
    }
    Ok(output)
}

fn backward(
    card: &Arc<Card>,
    shape: &DeviceShape,
    packed: &Packed,
    models: usize,
    mut pass: EncoderPass,
    of_pooled: super::Pointer,
    (weights, gradients): (&EncoderArrays, &EncoderArrays),
) -> Result<(), CudaError> {
    let mut of_frames = time_pool::backward(card, pool_shape(shape), packed, models, of_pooled)?;
    while let Some(states) = pass.layers.pop() {
        let index = pass.layers.len();
        let further = index > 0 || !shape.convs.is_empty();
        let own = (weights.lstms[index], gradients.lstms[index]);
        let layer = &shape.lstms[index];
        let next = lstm::backward(
            card, layer, packed, models, states, &of_frames, own, further,
        )?;
        let Some(next) = next else { return Ok(()) };
        of_frames = next;
    }
    while let Some(block) = pass.blocks.pop() {
        let index = pass.blocks.len();
        let own = (weights.convs[index], gradients.convs[index]);
        let conv = &shape.convs[index];
        let next = conv_block::backward(
            card,
            conv,
            packed,
            index,
            models,
            block,
            &of_frames,
            own,
            index > 0,
        )?;
        let Some(next) = next else { return Ok(()) };
        of_frames = next;
    }
    Ok(())
}

fn pool_shape(shape: &DeviceShape) -> PoolShape {
    let width = shape.pooled_width();
    PoolShape {
        how: shape.pool,
        width,
        units: shape.lstms.last().map_or(width, |lstm| lstm.units),
    }
}

fn weights(arrays: &SharedArrays, parameters: &StackedParameters) -> EncoderArrays {
    EncoderArrays {
        convs: arrays
            .convs
            .iter()
            .map(|&(weight, bias)| BlockArrays {
                weight: parameters.values(weight),
                bias: parameters.values(bias),
            })
            .collect(),
        lstms: arrays
            .lstms
            .iter()
            .map(|pieces| LayerArrays {
                input: parameters.values(pieces.input),
                hidden: parameters.values(pieces.hidden),
                bias_input: parameters.values(pieces.bias_input),
                bias_hidden: parameters.values(pieces.bias_hidden),
            })
            .collect(),
    }
}

/// Names of the encoder's gradients on the tape.
struct Places {
    convs: Vec<[GradientPlace; 2]>,
    lstms: Vec<[GradientPlace; 4]>,
}

fn places(arrays: &SharedArrays, parameters: &StackedParameters) -> Places {
    let place = |piece| parameters.gradient_place(piece);
    Places {
        convs: arrays
            .convs
            .iter()
            .map(|&(weight, bias)| [weight, bias].map(place))
            .collect(),
        lstms: arrays
            .lstms
            .iter()
            .map(|own| [own.input, own.hidden, own.bias_input, own.bias_hidden].map(place))
            .collect(),
    }
}

impl Places {
    fn find(&self, gradients: &mut Gradients) -> Result<EncoderArrays, CudaError> {
        let mut convs = Vec::new();
        for [weight, bias] in &self.convs {
            convs.push(BlockArrays {
                weight: weight.find(gradients)?,
                bias: bias.find(gradients)?,
            });
        }
        let mut lstms = Vec::new();
        for [input, hidden, bias_input, bias_hidden] in &self.lstms {
            lstms.push(LayerArrays {
                input: input.find(gradients)?,
                hidden: hidden.find(gradients)?,
                bias_input: bias_input.find(gradients)?,
                bias_hidden: bias_hidden.find(gradients)?,
            });
        }
        Ok(EncoderArrays { convs, lstms })
    }
}
