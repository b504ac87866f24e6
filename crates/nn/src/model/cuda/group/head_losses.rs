//! The losses of attribute heads and penalties of all models of a group.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Memory, Tape, Value};
use crate::model::dense_tape::Learns;
use crate::model::losses::HeadWeight;
use crate::model::ops::coral::cuda_kernel::coral;
use crate::model::ops::cross_entropy::cuda_kernel::{
    Labels, cross_entropy, detached_softmax, softmax,
};
use crate::model::ops::entropy_weights::cuda_kernel::entropy_weights;
use crate::model::ops::gather::cuda_kernel::pick;
use crate::model::ops::grad_reverse::cuda_kernel::grad_reverse;
use crate::model::ops::mmd::cuda_kernel::mmd;
use crate::model::ops::multilinear_map::cuda_kernel::multilinear_map;
use crate::model::ops::row_loss::cuda_kernel::weigh;
use crate::model::spec::HeadMode;

use super::{Group, HeadInput, StepInput};

impl Group {
    /// Puts the losses of all heads on the tape, each with its weight in the total, and keeps them; discriminators take their
    /// own steps before.
    pub(super) fn descend_heads(
        &mut self,
        tape: &mut Tape,
        input: &HeadInput,
        step: StepInput<'_>,
    ) -> Result<(), CudaError> {
        let rows = self.loss_rows();
        for kind in 0..self.heads.len() {
            let head = &self.heads[kind];
            let mode = head.spec.mode;
            let which = Arc::clone(head.which());
            let weights: Vec<HeadWeight> = head
                .owners
                .iter()
                .map(|&(model, place)| step.weights[model].1[place])
                .collect();
            let targets: Vec<&[Option<usize>]> = head
                .owners
                .iter()
                .map(|&(model, place)| &step.models[model].targets.attributes[place][..])
                .collect();
            let loss = match mode {
                HeadMode::Coral => {
                    let picked = pick(tape, &input.embeddings, &which)?;
                    coral(tape, &picked, &targets)?
                }
                HeadMode::Mmd => {
                    let picked = pick(tape, &input.embeddings, &which)?;
                    mmd(tape, &picked, &targets)?
                }
                _ => {
                    let labels = Labels::new(&self.card, &targets, head.classes(), None)?;
                    if mode == HeadMode::Discriminator {
                        let logits = input.logits();
                        let loss = self.step_discriminator(kind, logits, &labels, step.rule)?;
                        self.note(step.losses, rows.head(kind), &loss, &which)?;
                    }
                    self.classifier_loss(kind, tape, input, labels, &weights)?
                }
            };
            if mode != HeadMode::Discriminator {
                self.note(step.losses, rows.head(kind), &loss, &which)?;
            }
            self.note(step.losses, rows.counted_head(kind), &loss, &which)?;
            let weights: Vec<f32> = weights.iter().map(|weight| weight.loss).collect();
            weigh(tape, &loss, &weights)?;
        }
        Ok(())
    }

    /// The loss of a head with layers.
    fn classifier_loss(
        &self,
        kind: usize,
        tape: &mut Tape,
        input: &HeadInput,
        mut labels: Labels,
        weights: &[HeadWeight],
    ) -> Result<Value, CudaError> {
        let head = &self.heads[kind];
        let which = head.which();
        let lambda = || {
            let lambda: Vec<f32> = weights.iter().map(|weight| weight.lambda).collect();
            Memory::of(&self.card, &lambda)
        };
        let (from, learns) = match head.spec.mode {
            HeadMode::Shared => (pick(tape, &input.dropped, which)?, Learns::Yes),
            HeadMode::GradReverse => {
                let picked = pick(tape, &input.dropped, which)?;
                (grad_reverse(tape, &picked, lambda()?)?, Learns::Yes)
            }
            HeadMode::Discriminator => {
                let picked = pick(tape, input.logits(), which)?;
                (softmax(tape, &picked)?, Learns::No)
            }
            HeadMode::Cdan => {
                let picked = pick(tape, &input.dropped, which)?;
                let logits = pick(tape, input.logits(), which)?;
                let probabilities = detached_softmax(&self.card, &logits)?;
                if head.spec.entropy_conditioning {
                    let sizes = (logits.models, logits.rows, logits.columns);
                    let weights = entropy_weights(&self.card, &probabilities, sizes)?;
                    labels = labels.with_row_weights(&self.card, weights)?;
                }
                let mapped = multilinear_map(tape, &picked, probabilities)?;
                (grad_reverse(tape, &mapped, lambda()?)?, Learns::Yes)
            }
            HeadMode::Coral | HeadMode::Mmd => unreachable!("penalties have no layers"),
        };
        let logits = head.forward(tape, from, learns)?;
        cross_entropy(tape, &logits, &labels)
    }
}

impl HeadInput {
    /// Logits of the classes, for heads that look at them.
    fn logits(&self) -> &Value {
        let Some(logits) = &self.logits else {
            unreachable!("a network with such a head has classes")
        };
        logits
    }
}
