//! The layers of the numeric targets, which all models of a group have.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::dense_tape::Learns;
use crate::model::parameter::Part;
use crate::model::{Network, TrainingState};

use super::arrays::{DensePieces, dense_slices, push_dense, put_dense};
use super::stacked_heads::dense_of;
use super::stacked_parameters::StackedParameters;
use super::{Card, Tape, Value};

/// One layer of one output for each numeric target, of all models.
pub struct StackedTargets {
    pub parameters: StackedParameters,
    layers: Vec<DensePieces>,
}

impl StackedTargets {
    /// Those of the networks, which have the same targets.
    pub fn of(card: &Arc<Card>, networks: &[&Network]) -> Result<Self, CudaError> {
        let mut pieces = Vec::new();
        let targets = networks.iter().take(1).flat_map(|first| &first.targets);
        let layers = targets
            .map(|(_, layer)| push_dense(&mut pieces, layer))
            .collect();
        let all: Vec<usize> = (0..networks.len()).collect();
        Ok(Self {
            parameters: StackedParameters::new(card, pieces, &all)?,
            layers,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Predictions `[models, rows, 1]` of the target at a place.
    pub fn forward(&self, tape: &mut Tape, x: &Value, place: usize) -> Result<Value, CudaError> {
        dense_of(tape, x, &self.parameters, &self.layers[place], Learns::Yes)
    }

    /// Writes one part of the layers of all models.
    pub fn write(&mut self, part: Part, models: &[&TrainingState]) -> Result<(), CudaError> {
        let parts: Option<Vec<_>> = models
            .iter()
            .map(|state| {
                let layers = state.part(part)?.targets.iter().map(|(_, layer)| layer);
                Some(dense_slices(layers).collect::<Vec<_>>())
            })
            .collect();
        match parts {
            Some(parts) => self.parameters.write(part, &parts),
            None => Ok(()),
        }
    }

    /// Reads one part into the model at a place of the group.
    pub fn read(
        &self,
        part: Part,
        model: usize,
        state: &mut TrainingState,
    ) -> Result<(), CudaError> {
        self.parameters.read(part, model, |piece, values| {
            let (_, layer) = &mut state.part_mut(part).targets[piece / 2];
            put_dense(layer, piece, values);
        })
    }
}
