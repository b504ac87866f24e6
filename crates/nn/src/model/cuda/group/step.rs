//! One step of all models of a group: discriminators first, then the rest with the discriminators frozen.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers;
use crate::model::cuda::stacked_heads::StackedHead;
use crate::model::cuda::stacked_parameters::StepParameters;
use crate::model::cuda::tape::Walked;
use crate::model::cuda::{Memory, Tape, Value, arguments};
use crate::model::dense_tape::Learns;
use crate::model::losses::weights;
use crate::model::ops::cross_entropy::cuda_kernel::{Labels, cross_entropy, softmax};
use crate::model::ops::dropout::cuda_kernel::dropout;
use crate::model::ops::gather::cuda_kernel as gather;
use crate::model::ops::row_loss::cuda_kernel::weigh;
use crate::model::optimiser::Step;
use crate::model::spec::HeadMode;

use super::{Group, GroupBatch, HeadInput, Measured, ModelStep, StepInput};

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
        let losses = Memory::zeros(&self.card, self.loss_rows().all() * models.len())?;
        let rule = &steps[0];
        let walked = self.descend(StepInput {
            batch,
            models,
            weights: &weights,
            rule: (rule, &rates),
            losses: &losses,
        })?;
        let norms = self.clip_and_update(models, walked, (rule, &rates), &losses)?;
        self.measured.push(Measured {
            losses,
            norms,
            weights,
            tasks: self.task_shares(batch.tasks),
        });
        for state in &mut self.states {
            state.steps += 1;
        }
        self.half_done = false;
        Ok(())
    }

    /// Forward and backward, and what arrays that are measured are after the step; the discriminators take their own steps on
    /// the way.
    fn descend(
        &mut self,
        step: StepInput<'_>,
    ) -> Result<(Walked, Vec<layers::Measured>), CudaError> {
        let (batch, models) = (step.batch, step.models);
        let mut tape = Tape::new(&self.card);
        let seeds: Vec<u64> = models.iter().map(|model| model.dropout_seed).collect();
        let (corpus, utterances) = (batch.corpus, batch.utterances);
        let embedded = self.embed(&mut tape, corpus, utterances, batch.fill, Some(&seeds))?;
        let embeddings = embedded.output;
        let dropped = dropout(&mut tape, &embeddings, batch.dropout, &seeds)?;
        let logits = self.descend_tasks(&mut tape, &dropped, step)?;
        let input = HeadInput {
            embeddings,
            dropped,
            logits,
        };
        self.descend_heads(&mut tape, &input, step)?;
        Ok((tape.backward()?, embedded.measured))
    }

    /// One step of the discriminators of one kind on detached emotion probabilities; gives their losses before the step.
    pub(super) fn step_discriminator(
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
        (mut walked, measured): (Walked, Vec<layers::Measured>),
        (step, rates): (&Step, &Memory),
        losses: &Memory,
    ) -> Result<Memory<f64>, CudaError> {
        let count = models.len();
        let norms = Memory::<f64>::zeros(&self.card, count)?;
        let gradients = &mut walked.gradients;
        self.shared.add_squares(gradients, &norms)?;
        self.targets.parameters.add_squares(gradients, &norms)?;
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
                of norms, of scales, of self.alive, of clips, of losses, int self.loss_rows().all(), int count,
            ],
        )?;
        let parameters_of_step = StepParameters {
            rates,
            scales: &scales,
            alive: &self.alive,
        };
        self.half_done = true;
        self.shared.update(step, gradients, &parameters_of_step)?;
        self.targets
            .parameters
            .update(step, gradients, &parameters_of_step)?;
        self.shared.keep_measured(&measured, &self.alive)?;
        for head in self.heads.iter_mut().filter(|head| learning(head)) {
            head.parameters
                .update(step, gradients, &parameters_of_step)?;
        }
        Ok(norms)
    }

    /// Keeps the losses of the models in `which` for later.
    pub(super) fn note(
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
