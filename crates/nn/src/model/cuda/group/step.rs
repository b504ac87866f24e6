//! One step of all models of a group: discriminators first, then the rest with the discriminators frozen.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::stacked_heads::StackedHead;
use crate::model::cuda::stacked_parameters::StepParameters;
use crate::model::cuda::tape::Walked;
use crate::model::cuda::{Memory, Tape, Value, arguments};
use crate::model::dense_tape::Learns;
use crate::model::losses::{HeadWeight, weights};
use crate::model::ops::cross_entropy::cuda_kernel::{Labels, cross_entropy, softmax, weigh};
use crate::model::ops::dropout::cuda_kernel::dropout;
use crate::model::ops::gather::cuda_kernel as gather;
use crate::model::ops::grad_reverse::cuda_kernel::grad_reverse;
use crate::model::optimiser::Step;
use crate::model::spec::HeadMode;

use super::{Group, GroupBatch, Measured, ModelStep};

impl Group {
    /// One step of every model, as `Trainable::step` does it for one: discriminators first, then the rest with the
    /// discriminators frozen. What it measured comes with [`Self::losses`].
    ///
    /// # Errors
    /// What went wrong on the device; [`Self::half_done`] says whether the models are then half a step ahead.
    pub fn step(
        &mut self,
        batch: &GroupBatch<'_>,
        models: &[ModelStep<'_>],
    ) -> Result<(), CudaError> {
        assert_eq!(models.len(), self.models(), "a step for every model");
        if models.is_empty() {
            return Ok(());
        }
        let steps: Vec<Step> = models
            .iter()
            .zip(&self.states)
            .map(|(model, state)| model.update.step(state.steps + 1))
            .collect();
        self.prepare(&steps[0])?;
        let numbers: Vec<f32> = steps.iter().flat_map(Step::numbers).collect();
        let rates = Memory::of(&self.card, &numbers)?;
        let weights: Vec<_> = models
            .iter()
            .zip(&self.specs)
            .map(|(model, specs)| weights(specs, model.alpha, model.reversal))
            .collect();
        let losses = Memory::zeros(&self.card, self.loss_rows() * models.len())?;
        let walked = self.descend(batch, models, &weights, (&steps[0], &rates), &losses)?;
        let norms = self.clip_and_update(models, walked, (&steps[0], &rates), &losses)?;
        self.measured.push(Measured {
            losses,
            norms,
            weights,
        });
        for state in &mut self.states {
            state.steps += 1;
        }
        self.half_done = false;
        Ok(())
    }

    /// Forward and backward; the discriminators take their own steps on the way.
    fn descend(
        &mut self,
        batch: &GroupBatch<'_>,
        models: &[ModelStep<'_>],
        weights: &[(f32, Vec<HeadWeight>)],
        parameters_of_step: (&Step, &Memory),
        losses: &Memory,
    ) -> Result<Walked, CudaError> {
        let card = Arc::clone(&self.card);
        let mut tape = Tape::new(&card);
        let x = self.embed(&mut tape, batch.corpus, batch.utterances, batch.fill, true)?;
        let seeds: Vec<u64> = models.iter().map(|model| model.dropout_seed).collect();
        let x = dropout(&mut tape, &x, batch.dropout, &seeds)?;
        let logits = self.emotion(&mut tape, &x)?;
        let emotion = Labels::new(
            &tape,
            &models[0].targets.emotion,
            logits.columns,
            batch.class_weights,
        )?;
        let loss = cross_entropy(&mut tape, &logits, &emotion)?;
        self.note(losses, 0, &loss, self.shared.which())?;
        let own: Vec<f32> = weights.iter().map(|(emotion, _)| *emotion).collect();
        weigh(&mut tape, &loss, &own)?;
        for index in 0..self.heads.len() {
            let head = &self.heads[index];
            let own: Vec<HeadWeight> = head
                .owners
                .iter()
                .map(|&(model, place)| weights[model].1[place])
                .collect();
            let (model, place) = head.owners[0];
            let targets = models[model].targets.attributes.get(place);
            let targets = targets.map_or(&[][..], Vec::as_slice);
            let labels = Labels::new(&tape, targets, head.classes(), None)?;
            let which = Arc::clone(head.which());
            let discriminates = head.spec.mode == HeadMode::Discriminator;
            if discriminates {
                let loss = self.step_discriminator(index, &logits, &labels, parameters_of_step)?;
                self.note(losses, index + 1, &loss, &which)?;
            }
            let head = &self.heads[index];
            let from = match head.spec.mode {
                HeadMode::Shared => gather::pick(&mut tape, &x, &which)?,
                HeadMode::GradReverse => {
                    let lambda: Vec<f32> = own.iter().map(|weight| weight.lambda).collect();
                    let picked = gather::pick(&mut tape, &x, &which)?;
                    let lambda = Memory::of(&card, &lambda)?;
                    grad_reverse(&mut tape, &picked, lambda)?
                }
                HeadMode::Discriminator => {
                    let picked = gather::pick(&mut tape, &logits, &which)?;
                    softmax(&mut tape, &picked)?
                }
                HeadMode::Coral | HeadMode::Mmd | HeadMode::Cdan => {
                    unreachable!("trainings with such a head are refused on a device")
                }
            };
            let learns = if discriminates {
                Learns::No
            } else {
                Learns::Yes
            };
            let logits = head.forward(&mut tape, from, learns)?;
            let loss = cross_entropy(&mut tape, &logits, &labels)?;
            if !discriminates {
                self.note(losses, index + 1, &loss, &which)?;
            }
            self.note(losses, index + 1 + self.heads.len(), &loss, &which)?;
            let own: Vec<f32> = own.iter().map(|weight| weight.loss).collect();
            weigh(&mut tape, &loss, &own)?;
        }
        tape.backward()
    }

    /// One step of the discriminators of one kind on detached emotion probabilities; gives their losses before the step.
    fn step_discriminator(
        &mut self,
        index: usize,
        logits: &Value,
        labels: &Labels,
        (step, rates): (&Step, &Memory),
    ) -> Result<Value, CudaError> {
        let mut tape = Tape::new(&self.card);
        let head = &mut self.heads[index];
        let which = Arc::clone(head.which());
        // The gradient that reaches the logits here belongs to this tape and goes no further.
        let picked = gather::pick(&mut tape, logits, &which)?;
        let detached = softmax(&mut tape, &picked)?;
        let out = head.forward(&mut tape, detached, Learns::Yes)?;
        let loss = cross_entropy(&mut tape, &out, labels)?;
        let count = which.len();
        weigh(&mut tape, &loss, &vec![1.0; count])?;
        let mut walked = tape.backward()?;
        let well = Memory::zeros(&self.card, self.states.len())?;
        self.card.launch(
            "may_step",
            (count, 1),
            arguments![of well, of self.alive, of which, of loss.values, int count],
        )?;
        let parameters_of_step = StepParameters {
            rates,
            scales: &self.ones,
            alive: &well,
        };
        self.half_done = true;
        head.parameters
            .update(step, &mut walked.gradients, &parameters_of_step)?;
        Ok(loss)
    }

    /// Norms, clipping, and the update of everything but the discriminators.
    fn clip_and_update(
        &mut self,
        models: &[ModelStep<'_>],
        mut walked: Walked,
        (step, rates): (&Step, &Memory),
        losses: &Memory,
    ) -> Result<Memory<f64>, CudaError> {
        let count = models.len();
        let norms = Memory::<f64>::zeros(&self.card, count)?;
        let gradients = &mut walked.gradients;
        self.shared.add_squares(gradients, &norms)?;
        let learning = |head: &StackedHead| head.spec.mode != HeadMode::Discriminator;
        for head in self.heads.iter().filter(|head| learning(head)) {
            head.parameters.add_squares(gradients, &norms)?;
        }
        let clips: Vec<f32> = models
            .iter()
            .map(|model| model.gradient_clip_norm as f32)
            .collect();
        let clips = Memory::of(&self.card, &clips)?;
        let scales = Memory::<f32>::new(&self.card, count)?;
        self.card.launch(
            "settle",
            (count, 1),
            arguments![
                of norms, of scales, of self.alive, of clips, of losses, int self.loss_rows(), int count,
            ],
        )?;
        let parameters_of_step = StepParameters {
            rates,
            scales: &scales,
            alive: &self.alive,
        };
        self.half_done = true;
        self.shared.update(step, gradients, &parameters_of_step)?;
        for head in self.heads.iter_mut().filter(|head| learning(head)) {
            head.parameters
                .update(step, gradients, &parameters_of_step)?;
        }
        Ok(norms)
    }

    /// Rows of [`Measured::losses`].
    fn loss_rows(&self) -> usize {
        1 + 2 * self.heads.len()
    }

    /// Keeps the losses of the models in `which` for later.
    fn note(
        &self,
        losses: &Memory,
        row: usize,
        loss: &Value,
        which: &Memory<i32>,
    ) -> Result<(), CudaError> {
        let to = losses.at(row * self.models());
        self.card.launch(
            "scatter",
            (loss.models, 1),
            arguments![at to, of loss.values, of which, int loss.models],
        )
    }
}
