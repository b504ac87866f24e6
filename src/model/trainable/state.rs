//! What a training must keep to go on later: every value, and what the optimiser remembers of it.

use super::Trainable;
use crate::model::heads::{Dense, Linear};
use crate::model::parameter::Part;
use crate::model::{Array, Network};

impl Trainable {
    /// Steps taken so far; Adam corrects its moments by it.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Values and moments as named arrays in PyTorch's layout: all that the next step depends on beside
    /// its batch and [`Self::steps`].
    pub fn state(&self) -> Vec<Array> {
        let mut arrays = Vec::new();
        for part in Part::ALL {
            if part == Part::Second && self.moments.second.is_empty() {
                continue;
            }
            let mut part_arrays = self.part(part).to_arrays();
            for array in &mut part_arrays {
                array.name.insert_str(0, part.prefix());
            }
            arrays.extend(part_arrays);
        }
        arrays
    }

    /// Goes back to where [`Self::state`] was taken, after `steps` steps. Changes nothing on error.
    ///
    /// # Errors
    /// The reason as a lower-case fragment: what is missing, misshapen or too many.
    pub fn restore(&mut self, steps: u64, arrays: &[Array]) -> Result<(), String> {
        let mut parts = Vec::new();
        for part in Part::ALL {
            let own: Vec<Array> = arrays
                .iter()
                .filter_map(|array| {
                    let name = array.name.strip_prefix(part.prefix())?.to_owned();
                    Some(Array {
                        name,
                        ..array.clone()
                    })
                })
                .collect();
            if part == Part::Second && own.is_empty() {
                continue;
            }
            let mut network = self.network.clone();
            network.set_arrays(&own)?;
            parts.push((part, network));
        }
        for (part, network) in parts {
            self.set_part(part, network);
        }
        self.steps = steps;
        Ok(())
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
        network.trunk = collect(&self.trunk);
        network.emotion = self.emotion.part(part);
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
        let own = self.trunk.iter_mut().chain([&mut self.emotion]);
        let own = own.chain(self.heads.iter_mut().flatten());
        let heads = network.heads.into_iter().flat_map(|(_, layers)| layers);
        let new = network.trunk.into_iter().chain([network.emotion]);
        for (layer, dense) in own.zip(new.chain(heads)) {
            layer.set_part(part, dense);
        }
    }
}
