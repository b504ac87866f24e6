//! What is read back from models side by side: probabilities, losses, values.

use dfdx::tensor::CudaError;
use pipe_foundation::FeaturesView;

use crate::model::cuda::{Card, Corpus, Masked, Tape};
use crate::model::ops::cross_entropy::cuda_kernel::softmax;
use crate::model::parameter::Part;
use crate::model::{ModelError, Network, StepLosses, TrainingState};

use super::Group;

/// Utterances whose probabilities are computed together where there is the memory for it.
const CLASSIFIED_TOGETHER: usize = 64;

impl Group {
    /// Emotion probabilities of every utterance of a corpus by every model: `[models][utterances][classes]`.
    ///
    /// # Errors
    /// What went wrong on the device, or too little memory for a single utterance.
    pub fn classify(&self, corpus: &Corpus<'_>) -> Result<Vec<Vec<Vec<f32>>>, CudaError> {
        let mut order: Vec<usize> = (0..corpus.utterances.len()).collect();
        order.sort_by_key(|&at| (corpus.utterances[at].1, at));
        let classes = (self.states.first()).map_or(1, |state| state.network().classes());
        let mut found = vec![vec![Vec::new(); order.len()]; self.models()];
        let (mut rest, mut together) = (&order[..], CLASSIFIED_TOGETHER);
        while !rest.is_empty() {
            let (part, next) = rest.split_at(together.min(rest.len()));
            let probabilities = match self.probabilities(corpus, part) {
                Err(error) if part.len() > 1 && self.card.is_out_of_memory(&error) => {
                    together = part.len() / 2;
                    continue;
                }
                other => other?,
            };
            rest = next;
            let models = probabilities.chunks_exact(part.len() * classes);
            for (model, own) in models.enumerate() {
                for (&at, row) in part.iter().zip(own.chunks_exact(classes)) {
                    found[model][at] = row.to_vec();
                }
            }
        }
        Ok(found)
    }

    /// Emotion probabilities of some utterances: `[models, utterances, classes]`.
    fn probabilities(&self, corpus: &Corpus<'_>, part: &[usize]) -> Result<Vec<f32>, CudaError> {
        let whole = |&at: &usize| Masked {
            at,
            ..Masked::default()
        };
        let batch: Vec<Masked> = part.iter().map(whole).collect();
        // Nothing walks this tape: it only carries the operations.
        let mut tape = Tape::new(&self.card);
        let x = self.embed(&mut tape, corpus, &batch, 0.0, None)?;
        let logits = self.emotion(&mut tape, &x.output)?;
        softmax(&mut tape, &logits)?.values.read()
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
            let one = |model: usize| {
                let mut attributes = vec![0.0; self.specs[model].len()];
                let mut counted = attributes.clone();
                for (kind, head) in self.heads.iter().enumerate() {
                    for &(own, place) in &head.owners {
                        if own == model {
                            attributes[place] = losses[(kind + 1) * count + model];
                            counted[place] = losses[(kind + 1 + self.heads.len()) * count + model];
                        }
                    }
                }
                let (emotion, (weight, heads)) = (losses[model], &step.weights[model]);
                let terms = counted.iter().zip(heads);
                let total = terms.fold(emotion * weight, |sum, (loss, own)| sum + loss * own.loss);
                StepLosses {
                    numbers: Vec::new(),
                    total,
                    emotion,
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
            for head in &self.heads {
                head.read(part, model, &mut state)?;
            }
        }
        Ok(state)
    }
}

/// Emotion probabilities of utterances by one network.
///
/// # Errors
/// A device that cannot be used, or what went wrong on it.
pub fn classify(
    ordinal: usize,
    tf32: bool,
    network: &Network,
    utterances: &[FeaturesView<'_>],
) -> Result<Vec<Vec<f32>>, ModelError> {
    let card = Card::shared(ordinal, tf32)?;
    let run = || {
        // Trainings may be at a step.
        let _turn = card.turn();
        let group = Group::new(&card, vec![TrainingState::new(network.clone())])?;
        // Each is read once, so none needs to stay on the device.
        let corpus = Corpus::on_host(utterances.iter().copied());
        Ok(group.classify(&corpus)?.pop().unwrap_or_default())
    };
    run().map_err(|error| {
        card.to_device_error("classifying utterances", &error)
            .into()
    })
}
