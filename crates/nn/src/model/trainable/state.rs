//! The state of a training on the processor, taken and put back.

use crate::model::heads::{Dense, Linear};
use crate::model::parameter::Part;
use crate::model::{Network, TrainingState};

use super::Trainable;

impl Trainable {
    /// All that the next step depends on besides its batch.
    pub fn state(&self) -> TrainingState {
        let mut state = TrainingState::new(self.part(Part::Values));
        state.steps = self.steps;
        *state.part_mut(Part::First) = self.part(Part::First);
        if !self.moments.second.is_empty() {
            *state.part_mut(Part::Second) = self.part(Part::Second);
        }
        state
    }

    /// Goes back to where [`Self::state`] was taken.
    pub fn restore(&mut self, state: TrainingState) {
        for part in Part::ALL {
            if let Some(network) = state.part(part) {
                self.set_part(part, network.clone());
            }
        }
        self.steps = state.steps;
    }

    /// One part of every trained value, in the shape of the network.
    fn part(&self, part: Part) -> Network {
        let mut network = self.network.clone();
        network.values = match part {
            Part::Values => self.network.values.clone(),
            Part::First => self.moments.first.clone(),
            Part::Second => self.moments.second.clone(),
        };
        let collect =
            |layers: &[Linear]| -> Vec<Dense> { layers.iter().map(|l| l.part(part)).collect() };
        network.emotion = self.emotion.part(part);
        for ((_, dense), layer) in network.targets.iter_mut().zip(&self.numbers) {
            *dense = layer.part(part);
        }
        for ((_, dense), layers) in network.heads.iter_mut().zip(&self.heads) {
            *dense = collect(layers);
        }
        network
    }

    fn set_part(&mut self, part: Part, network: Network) {
        match part {
            Part::Values => self.network.values = network.values,
            Part::First => self.moments.first = network.values,
            Part::Second => self.moments.second = network.values,
        }
        let own = [&mut self.emotion].into_iter();
        let own = own
            .chain(&mut self.numbers)
            .chain(self.heads.iter_mut().flatten());
        let heads = network.heads.into_iter().flat_map(|(_, layers)| layers);
        let new = [network.emotion].into_iter();
        let targets = network.targets.into_iter().map(|(_, dense)| dense);
        for (layer, dense) in own.zip(new.chain(targets).chain(heads)) {
            layer.set_part(part, dense);
        }
    }
}
