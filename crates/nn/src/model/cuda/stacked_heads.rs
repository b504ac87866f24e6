//! Attribute heads of one kind, of those models that have one.

use std::collections::BTreeMap;
use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::dense_tape::Learns;
use crate::model::ops::dense::cuda_kernel::{DenseArrays, dense};
use crate::model::ops::relu::cuda_kernel::relu;
use crate::model::parameter::Part;
use crate::model::spec::{Attribute, HeadMode, HeadSpec};
use crate::model::{Network, TrainingState};

use super::arrays::{DensePieces, dense_slices, push_dense, put_dense};
use super::stacked_parameters::StackedParameters;
use super::{Card, Memory, Tape, Value};

/// A model's place in the group, and the head's place in the model.
type Owner = (usize, usize);

/// A head of the same attribute, mode, conditioning and number of labels in several models of a group. What an utterance is labelled may
/// differ between them, as where one adapts to another corpus.
pub struct StackedHead {
    pub spec: HeadSpec,
    /// For each row of the parameters: the model's place in the group and the head's place in the model.
    pub owners: Vec<Owner>,
    pub parameters: StackedParameters,
    layers: Vec<DensePieces>,
}

impl StackedHead {
    /// All heads of the networks, put together by kind.
    ///
    /// Kinds have an order of their own: that of their gradients where they meet, whichever models are in the group.
    pub fn of(card: &Arc<Card>, networks: &[&Network]) -> Result<Vec<Self>, CudaError> {
        let mut kinds: BTreeMap<(&Attribute, HeadMode, bool, usize), Vec<Owner>> = BTreeMap::new();
        for (model, network) in networks.iter().enumerate() {
            // Penalties have no layers, and so no number of labels.
            for (place, (spec, layers)) in network.heads.iter().enumerate() {
                let labels = layers.last().map_or(0, |layer| layer.outputs);
                let conditioned = spec.entropy_conditioning;
                let kind = (&spec.attribute, spec.mode, conditioned, labels);
                let owners = kinds.entry(kind).or_default();
                owners.push((model, place));
            }
        }
        kinds
            .into_values()
            .map(|owners| {
                let mut pieces = Vec::new();
                let (model, place) = owners[0];
                let (spec, layers) = &networks[model].heads[place];
                let layers = layers
                    .iter()
                    .map(|layer| push_dense(&mut pieces, layer))
                    .collect();
                let which: Vec<usize> = owners.iter().map(|owner| owner.0).collect();
                Ok(Self {
                    parameters: StackedParameters::new(card, pieces, &which)?,
                    spec: spec.clone(),
                    owners,
                    layers,
                })
            })
            .collect()
    }

    /// For each row, the place of its model in the group, on the device.
    pub fn which(&self) -> &Arc<Memory<i32>> {
        self.parameters.which()
    }

    /// Classes it distinguishes.
    pub fn classes(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.outputs)
    }

    /// The layers in a row with ReLU between them, none after the last.
    pub fn forward(&self, tape: &mut Tape, x: Value, learns: Learns) -> Result<Value, CudaError> {
        let mut x = x;
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                x = relu(tape, &x)?;
            }
            x = dense_of(tape, &x, &self.parameters, layer, learns)?;
        }
        Ok(x)
    }

    /// Writes one part of the heads of all models.
    pub fn write(&mut self, part: Part, models: &[&TrainingState]) -> Result<(), CudaError> {
        let owners = self.owners.iter();
        let parts: Option<Vec<_>> = owners
            .map(|&(model, place)| {
                let layers = &models[model].part(part)?.heads[place].1;
                Some(dense_slices(layers.iter()).collect::<Vec<_>>())
            })
            .collect();
        match parts {
            Some(parts) => self.parameters.write(part, &parts),
            None => Ok(()),
        }
    }

    /// Reads one part into the head of the model at a place of the group, if it has one of this kind.
    pub fn read(
        &self,
        part: Part,
        model: usize,
        state: &mut TrainingState,
    ) -> Result<(), CudaError> {
        let Some(row) = self.owners.iter().position(|owner| owner.0 == model) else {
            return Ok(());
        };
        let place = self.owners[row].1;
        self.parameters.read(part, row, |piece, values| {
            let layers = &mut state.part_mut(part).heads[place].1;
            put_dense(&mut layers[piece / 2], piece, values);
        })
    }
}

/// One fully connected layer of several models on the tape.
pub fn dense_of(
    tape: &mut Tape,
    x: &Value,
    parameters: &StackedParameters,
    layer: &DensePieces,
    learns: Learns,
) -> Result<Value, CudaError> {
    let arrays = DenseArrays {
        weight: parameters.values(layer.weight),
        bias: parameters.values(layer.bias),
        inputs: layer.inputs,
        outputs: layer.outputs,
    };
    let (weight, bias) = (
        parameters.gradient_place(layer.weight),
        parameters.gradient_place(layer.bias),
    );
    let find = move |gradients: &mut super::Gradients| {
        Ok((weight.find(gradients)?, bias.find(gradients)?))
    };
    dense(tape, x, arrays, find, learns)
}
