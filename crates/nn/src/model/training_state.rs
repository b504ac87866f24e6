//! What a training must keep to continue later: every value, and what the optimiser remembers of it.

use super::parameter::Part;
use super::{Array, Network};

/// A network and its optimiser's memory after some steps; the same on every device.
#[derive(Clone, Debug)]
pub struct TrainingState {
    /// Steps taken so far, which an optimiser may count by, as Adam does.
    pub steps: u64,
    values: Network,
    first: Network,
    second: Option<Network>,
}

impl TrainingState {
    /// A network before its first step.
    pub fn new(network: Network) -> Self {
        Self {
            steps: 0,
            first: network.zeroed(),
            second: None,
            values: network,
        }
    }

    /// The network with its present values.
    pub fn network(&self) -> &Network {
        &self.values
    }

    /// As [`Self::network`], taken out.
    pub fn into_network(self) -> Network {
        self.values
    }

    /// One part of every trained value, in the shape of the network; none where the optimiser keeps none.
    pub(super) fn part(&self, part: Part) -> Option<&Network> {
        match part {
            Part::Values => Some(&self.values),
            Part::First => Some(&self.first),
            Part::Second => self.second.as_ref(),
        }
    }

    /// The same, made of zeros where it did not exist.
    pub(super) fn part_mut(&mut self, part: Part) -> &mut Network {
        match part {
            Part::Values => &mut self.values,
            Part::First => &mut self.first,
            Part::Second => self.second.get_or_insert_with(|| self.values.zeroed()),
        }
    }

    /// Values and moments as named arrays in PyTorch's layout: all that the next step depends on besides its batch and
    /// the number of steps.
    pub fn to_arrays(&self) -> Vec<Array> {
        let mut arrays = Vec::new();
        for part in Part::ALL {
            let Some(network) = self.part(part) else {
                continue;
            };
            let mut own = network.to_arrays();
            for array in &mut own {
                array.name.insert_str(0, part.prefix());
            }
            arrays.extend(own);
        }
        arrays
    }

    /// The state that [`Self::to_arrays`] was taken from, of a network with the sizes of `network`.
    ///
    /// # Errors
    /// The reason as a lower-case fragment: what is missing, misshapen or too many.
    pub fn from_arrays(network: &Network, steps: u64, arrays: &[Array]) -> Result<Self, String> {
        let mut state = Self::new(network.clone());
        state.steps = steps;
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
            state.part_mut(part).set_arrays(&own)?;
        }
        Ok(state)
    }
}
