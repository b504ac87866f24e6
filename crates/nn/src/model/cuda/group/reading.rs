//! What is read back from models side by side: probabilities, losses, values.

use dfdx::tensor::CudaError;
use pipe_foundation::FeaturesView;

use crate::model::cuda::{Card, Corpus, Masked, Tape};
use crate::model::ops::cross_entropy::cuda_kernel::softmax;
use crate::model::parameter::Part;
use crate::model::{ModelError, Network, Outputs, StepLosses, TrainingState};

use super::{Group, LossRows};

/// Utterances that are computed together where there is the memory for it.
const PREDICTED_TOGETHER: usize = 64;

impl Group {
    /// What every model says of every utterance of a corpus: `[models][utterances]`.
    ///
    /// # Errors
    /// What went wrong on the device, or too little memory for a single utterance.
    pub fn predict(&self, corpus: &Corpus<'_>) -> Result<Vec<Vec<Outputs>>, CudaError> {
        let mut order: Vec<usize> = (0..corpus.utterances.len()).collect();
        order.sort_by_key(|&at| (corpus.utterances[at].1, at));
        let mut found = vec![vec![Outputs::default(); order.len()]; self.models()];
        let (mut rest, mut together) = (&order[..], PREDICTED_TOGETHER);
        while !rest.is_empty() {
            let (part, next) = rest.split_at(together.min(rest.len()));
            let outputs = match self.outputs(corpus, part) {
                Err(error) if part.len() > 1 && self.card.is_out_of_memory(&error) => {
                    together = part.len() / 2;
                    continue;
                }
                other => other?,
            };
            rest = next;
            for (found, own) in found.iter_mut().zip(outputs) {
                for (&at, output) in part.iter().zip(own) {
                    found[at] = output;
                }
            }
        }
        Ok(found)
    }

    /// What every model says of some utterances: `[models][utterances]`.
    fn outputs(&self, corpus: &Corpus<'_>, part: &[usize]) -> Result<Vec<Vec<Outputs>>, CudaError> {
        let whole = |&at: &usize| Masked {
            at,
            ..Masked::default()
        };
        let batch: Vec<Masked> = part.iter().map(whole).collect();
        // Nothing walks this tape: it only carries the operations.
        let mut tape = Tape::new(&self.card);
        let x = self.embed(&mut tape, corpus, &batch, 0.0, None)?.output;
        let mut outputs = vec![vec![Outputs::default(); part.len()]; self.models()];
        if let Some(logits) = self.emotion(&mut tape, &x)? {
            let probabilities = softmax(&mut tape, &logits)?.values.read()?;
            let rows = probabilities.chunks_exact(logits.columns);
            for (output, row) in outputs.iter_mut().flatten().zip(rows) {
                output.probabilities = row.to_vec();
            }
        }
        for place in 0..self.targets.len() {
            let numbers = self.targets.forward(&mut tape, &x, place)?.values.read()?;
            for (output, number) in outputs.iter_mut().flatten().zip(numbers) {
                output.numbers.push(number);
            }
        }
        Ok(outputs)
    }

    /// What each step since the last call measured, one entry per model.
    ///
    /// # Errors
    /// What went wrong on the device until now.
    pub fn losses(&mut self) -> Result<Vec<Vec<StepLosses>>, CudaError> {
        let mut all = Vec::with_capacity(self.measured.len());
        for step in std::mem::take(&mut self.measured) {
            let (losses, norms) = (step.losses.read()?, step.norms.read()?);
            let count = self.models();
            let rows = self.loss_rows();
            let of_row = |row: usize, model: usize| losses[row * count + model];
            let one = |model: usize| {
                let mut attributes = vec![0.0; self.specs[model].len()];
                let mut counted = attributes.clone();
                for (kind, head) in self.heads.iter().enumerate() {
                    for &(own, place) in &head.owners {
                        if own == model {
                            attributes[place] = of_row(rows.head(kind), model);
                            counted[place] = of_row(rows.counted_head(kind), model);
                        }
                    }
                }
                let (weight, heads) = &step.weights[model];
                let tasks = step.tasks.iter();
                let tasks = tasks.map(|own| of_row(own.row, model) * (weight * own.share));
                let heads = counted.iter().zip(heads);
                let heads = heads.map(|(loss, own)| loss * own.loss);
                let targets = 0..self.targets.len();
                StepLosses {
                    numbers: targets.map(|at| of_row(rows.target(at), model)).collect(),
                    total: tasks.chain(heads).sum(),
                    emotion: of_row(LossRows::EMOTION, model),
                    attributes,
                    gradient_norm: norms[model],
                }
            };
            all.push((0..count).map(one).collect());
        }
        Ok(all)
    }

    /// Reads one model back, with what the optimiser remembers.
    ///
    /// # Errors
    /// What went wrong on the device until now.
    pub fn state(&self, model: usize) -> Result<TrainingState, CudaError> {
        self.read(model, &Part::ALL)
    }

    /// Reads one model's values back.
    ///
    /// # Errors
    /// What went wrong on the device until now.
    pub fn network(&self, model: usize) -> Result<Network, CudaError> {
        Ok(self.read(model, &[Part::Values])?.into_network())
    }

    fn read(&self, model: usize, parts: &[Part]) -> Result<TrainingState, CudaError> {
        let mut state = self.states[model].clone();
        for &part in parts {
            self.shared.read(part, model, |piece, values| {
                self.arrays.put(state.part_mut(part), piece, values);
            })?;
            self.targets.read(part, model, &mut state)?;
            for head in &self.heads {
                head.read(part, model, &mut state)?;
            }
        }
        Ok(state)
    }
}

/// What one network says of utterances.
///
/// # Errors
/// A device that cannot be used, or what went wrong on it.
pub fn predict(
    ordinal: usize,
    tf32: bool,
    network: &Network,
    utterances: &[FeaturesView<'_>],
) -> Result<Vec<Outputs>, ModelError> {
    let card = Card::shared(ordinal, tf32)?;
    let run = || {
        // Trainings may be at a step.
        let _turn = card.turn();
        let group = Group::new(&card, vec![TrainingState::new(network.clone())])?;
        // Each is read once, so none needs to stay on the device.
        let corpus = Corpus::on_host(utterances.iter().copied());
        Ok(group.predict(&corpus)?.pop().unwrap_or_default())
    };
    run().map_err(|error| card.to_device_error("predicting utterances", &error).into())
}
