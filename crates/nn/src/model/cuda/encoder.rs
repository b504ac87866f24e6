//! The encoder of several models as one operation on the tape: its layers in their order, and the way back.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers::{DeviceArrays, DeviceFrames, DeviceRun, Held, Laid, Measured, seeds};
use crate::model::ops::gather::cuda_kernel as gather;

use super::chain::Chain;
use super::packing::Packed;
use super::spread::spread;
use super::stacked_parameters::{GradientPlace, StackedParameters};
use super::{Card, Gradients, Memory, Pointer, Tape, Value};

/// A batch on the device.
pub struct Batch {
    pub packed: Packed,
    /// The tables of each layer.
    pub layers: Vec<Laid>,
}

/// What the layers give.
pub struct Embedded {
    pub output: Value,
    /// What arrays that are measured, not learned, are after the step, each by its place among the parameters.
    pub measured: Vec<Measured>,
}

/// The layers over a batch.
struct Pass {
    card: Arc<Card>,
    chain: Arc<Chain>,
    batch: Batch,
    models: usize,
    /// For each layer, where its arrays are.
    values: Vec<Vec<Pointer>>,
    /// For each layer and model, the seed of what is drawn; none where nothing is learned.
    seeds: Option<Vec<Vec<u64>>>,
}

/// Reads a batch's frames `[rows, bins]` and gives the embeddings `[models, utterances, embedding]`.
///
/// `pieces` are the places of each layer's arrays among the parameters. With `seeds`, one for each model, it is a pass that
/// is learned from: layers draw by them, and the backward operation adds to the parameters' gradient.
pub fn forward(
    tape: &mut Tape,
    chain: &Arc<Chain>,
    (pieces, parameters): (&[Vec<usize>], &StackedParameters),
    batch: Batch,
    features: Memory,
    seeds: Option<&[u64]>,
) -> Result<Embedded, CudaError> {
    let values = |own: &Vec<usize>| own.iter().map(|&piece| parameters.values(piece)).collect();
    let pass = Pass {
        card: Arc::clone(tape.card()),
        chain: Arc::clone(chain),
        models: parameters.models(),
        values: pieces.iter().map(values).collect(),
        seeds: seeds.map(|seeds| of_layers(seeds, chain.layers().len())),
        batch,
    };
    let (output, mut kept) = pass.forward(features)?;
    let utterances = pass.batch.packed.packing.utterances;
    let output = Value::new(tape, output, (pass.models, utterances, chain.embedding()))?;
    let mut measured = Vec::new();
    for (index, (layer, own)) in chain.layers().iter().zip(&mut kept).enumerate() {
        let of_layer = layer.measured(own).into_iter();
        measured.extend(of_layer.map(|own| Measured {
            piece: pieces[index][own.piece],
            ..own
        }));
    }
    if seeds.is_some() {
        let to = output.clone();
        let place = |own: &Vec<usize>| {
            let places = own.iter().map(|&piece| parameters.gradient_place(piece));
            places.collect::<Vec<GradientPlace>>()
        };
        let places: Vec<Vec<GradientPlace>> = pieces.iter().map(place).collect();
        tape.record(move |gradients| {
            let of_output = to.handle.gradient(gradients)?;
            pass.backward(kept, of_output, &places, gradients)
        });
    }
    Ok(Embedded { output, measured })
}

/// For each layer, the seeds of all models.
fn of_layers(seeds: &[u64], layers: usize) -> Vec<Vec<u64>> {
    let of_layer = |index| {
        let own = seeds.iter().map(|&seed| seeds::of_layer(seed, index));
        own.collect()
    };
    (0..layers).map(of_layer).collect()
}

impl Pass {
    /// Where the layer at `index` runs.
    fn run(&self, index: usize) -> DeviceRun<'_> {
        let packing = &self.batch.packed.packing;
        DeviceRun {
            card: &self.card,
            packed: &self.batch.packed,
            before: &packing.frames[index],
            after: &packing.made[index],
            models: self.models,
            seeds: self.seeds.as_ref().map(|seeds| &seeds[index][..]),
        }
    }

    /// The frames that the last layer makes, and what all leave for the backward pass, if there is to be one.
    fn forward(&self, features: Memory) -> Result<(Memory, Vec<Held>), CudaError> {
        let (card, models, packed) = (&self.card, self.models, &self.batch.packed);
        let mut kept = Vec::new();
        let mut input = DeviceFrames {
            values: features,
            shared: true,
        };
        for (index, layer) in self.chain.layers().iter().enumerate() {
            if input.shared && !layer.takes_shared() {
                input = DeviceFrames {
                    values: gather::repeat(card, &input.values, models)?,
                    shared: false,
                };
            }
            let (run, tables) = (self.run(index), &self.batch.layers[index]);
            let (output, own) = layer.forward(&run, tables, &self.values[index], input)?;
            if self.seeds.is_some() {
                kept.push(own);
            }
            let ways = (run.after, &packed.packing.frames[index + 1]);
            let values = match ways.0 == ways.1 {
                true => output,
                false => spread(card, packed, ways, (models, layer.output()), output.at(0))?,
            };
            input = DeviceFrames {
                values,
                shared: false,
            };
        }
        Ok((input.values, kept))
    }

    /// From dL/d(output) to the gradients of all layers.
    fn backward(
        &self,
        mut kept: Vec<Held>,
        of_output: Pointer,
        places: &[Vec<GradientPlace>],
        gradients: &mut Gradients,
    ) -> Result<(), CudaError> {
        let packed = &self.batch.packed;
        // dL/d(output) of the next layer; for the last one it is on the tape.
        let mut held: Option<Memory> = None;
        while let Some(own) = kept.pop() {
            let index = kept.len();
            let layer = &self.chain.layers()[index];
            let run = self.run(index);
            let mut from = held.as_ref().map_or(of_output, |held| held.at(0));
            let ways = (&packed.packing.frames[index + 1], run.after);
            let closer = match ways.0 == ways.1 {
                true => None,
                false => {
                    let size = (self.models, layer.output());
                    Some(spread(&self.card, packed, ways, size, from)?)
                }
            };
            if let Some(closer) = &closer {
                from = closer.at(0);
            }
            let own_places = places[index].iter();
            let found: Result<Vec<Pointer>, CudaError> =
                own_places.map(|place| place.find(gradients)).collect();
            let arrays = DeviceArrays {
                values: &self.values[index],
                gradients: &found?,
            };
            let tables = &self.batch.layers[index];
            held = layer.backward(&run, tables, own, arrays, from, index > 0)?;
            if held.is_none() {
                break;
            }
        }
        Ok(())
    }
}
