//! The network in training: its forward pass, losses and gradients on dfdx's tape.

use std::sync::Arc;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;
use pipe_foundation::FeaturesView;
use pipe_foundation::Workers;

use super::dense_tape::{Learns, Matrix};
use super::encoder_tape::TapeEncoder;
use super::heads::{Dense, Linear, chain};
use super::losses::weights;
use super::ops::cross_entropy::{cross_entropy, softmax};
use super::ops::dropout::dropout;
use super::ops::loss::{ClassCase, Compare};
use super::ops::tape_op::weighted_sum;
use super::optimiser::{Moments, Step, sum_of_squares, sum_of_squares_on};
use super::spec::{HeadMode, HeadSpec, Reversal};
use super::task::{self, TaskSpec};
use super::{ModelError, Network, StepLosses, Targets, Update};
use head_input::{HeadInput, Taped, no_classes};

/// One batch and how it is to be learned.
pub struct TrainingBatch<'a> {
    /// Features of each utterance.
    pub features: &'a [FeaturesView<'a>],
    /// What it should be classified as.
    pub targets: &'a Targets,
    /// The tasks: the classes, if there are some, and each numeric target of the network in its order.
    pub tasks: &'a [TaskSpec],
    /// Weight of the attributes in this epoch.
    pub alpha: f64,
    /// What alpha scales behind a reversal.
    pub reversal: Reversal,
    /// Probability of dropping a value of the embedding.
    pub dropout: f32,
    /// Seed of the dropout mask and of what else is drawn in the step.
    pub dropout_seed: u64,
    /// Weight of each emotion class; equal without it.
    pub class_weights: Option<&'a [f32]>,
    /// Largest norm of the gradient; 0 switches clipping off.
    pub gradient_clip_norm: f64,
}

/// A network in training. Stays on one thread; the encoder spreads its work over the workers.
pub struct Trainable {
    network: Network,
    tape_encoder: TapeEncoder,
    moments: Moments,
    steps: u64,
    emotion: Linear,
    numbers: Vec<Linear>,
    heads: Vec<Vec<Linear>>,
    specs: Vec<HeadSpec>,
    device: Cpu,
    workers: Arc<Workers>,
}

impl Trainable {
    /// Puts a network on the tape, nothing remembered yet.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn new(network: Network, workers: Arc<Workers>) -> Result<Self, ModelError> {
        let device = Cpu::default();
        let linears = |layers: &[Dense]| -> Result<Vec<Linear>, CpuError> {
            layers
                .iter()
                .map(|dense| Linear::new(&device, dense))
                .collect()
        };
        let encoder = Arc::clone(&network.encoder);
        Ok(Self {
            tape_encoder: TapeEncoder::new(encoder, Arc::clone(&workers), device.clone())?,
            moments: Moments::new(network.values.len()),
            steps: 0,
            emotion: Linear::new(&device, &network.emotion)?,
            numbers: (network.targets.iter())
                .map(|(_, dense)| Linear::new(&device, dense))
                .collect::<Result<_, _>>()?,
            heads: network
                .heads
                .iter()
                .map(|(_, layers)| linears(layers))
                .collect::<Result<_, _>>()?,
            specs: network.heads.iter().map(|(head, _)| head.clone()).collect(),
            network,
            device,
            workers,
        })
    }

    /// The network with its present values.
    pub fn network(&mut self) -> &Network {
        let collect = |layers: &[Linear]| layers.iter().map(Linear::dense).collect();
        self.network.emotion = self.emotion.dense();
        for ((_, dense), layer) in self.network.targets.iter_mut().zip(&self.numbers) {
            *dense = layer.dense();
        }
        for ((_, dense), layers) in self.network.heads.iter_mut().zip(&self.heads) {
            *dense = collect(layers);
        }
        &self.network
    }

    /// One step: discriminators first, then the rest with the discriminators frozen.
    ///
    /// A step whose losses or gradient are not finite changes nothing further and says so in its losses.
    ///
    /// # Errors
    /// Features that do not fit, no memory, or [`ModelError::Stopped`] once the workers are stopped.
    pub fn step(
        &mut self,
        batch: &TrainingBatch<'_>,
        update: &Update,
    ) -> Result<StepLosses, ModelError> {
        let step = update.step(self.steps + 1);
        let (losses, mut grads) = self.descend(batch, &step)?;
        if self.workers.stopped() {
            return Err(ModelError::Stopped);
        }
        let targets = self.network.targets();
        if losses.non_finite(targets, &self.specs).is_some() {
            return Ok(losses);
        }
        let clip = batch.gradient_clip_norm;
        let scale = if clip > 0.0 && losses.gradient_norm > clip {
            (clip / (losses.gradient_norm + 1e-6)) as f32
        } else {
            1.0
        };
        let gradient = self.tape_encoder.gradient(&mut grads)?;
        self.moments.update_on(
            &self.workers,
            &step,
            &mut self.network.values,
            gradient,
            scale,
        );
        if self.workers.stopped() {
            return Err(ModelError::Stopped);
        }
        // The optimiser has nothing to do with what is measured: it has no gradient, and does not decay.
        for (range, measured) in self.tape_encoder.take_measured() {
            self.moments.clear(range.clone());
            self.network.values[range].copy_from_slice(&measured);
        }
        let emotion = (self.network.classes() > 0).then_some(&mut self.emotion);
        for layer in emotion.into_iter().chain(&mut self.numbers) {
            layer.update(&step, &mut grads, scale)?;
        }
        for (head, layers) in self.specs.iter().zip(&mut self.heads) {
            if head.mode != HeadMode::Discriminator {
                for layer in layers {
                    layer.update(&step, &mut grads, scale)?;
                }
            }
        }
        self.steps += 1;
        Ok(losses)
    }

    /// Losses and gradients of one step; the discriminators have already taken theirs.
    fn descend(
        &mut self,
        batch: &TrainingBatch<'_>,
        step: &Step,
    ) -> Result<(StepLosses, Gradients<f32, Cpu>), ModelError> {
        let targets = batch.targets;
        let (values, seed) = (&self.network.values, batch.dropout_seed);
        let x = self.tape_encoder.forward(values, batch.features, seed)?;
        let (embeddings, tape) = x.split_tape();
        let x = embeddings.clone().put_tape(tape);
        let x = dropout(x, batch.dropout, batch.dropout_seed)?;
        let (x, tape) = x.split_tape();
        let (task_weight, head_weights) = weights(&self.specs, batch.alpha, batch.reversal);
        let mut tape = tape;
        let mut terms = Vec::new();
        let mut logits = None;
        let mut emotion = 0.0;
        let mut numbers = Vec::with_capacity(self.numbers.len());
        for (task, share) in batch.tasks.iter().zip(task::shares(batch.tasks)) {
            let loss = if task.is_of_classes() {
                let (of_classes, rest) = self
                    .emotion
                    .forward(x.clone().put_tape(tape), Learns::Yes)?
                    .split_tape();
                let loss = task_loss(task, of_classes.clone().put_tape(rest), batch, &[])?;
                emotion = loss.array();
                logits = Some(of_classes);
                loss
            } else {
                let index = numbers.len();
                let known = targets.numbers.get(index).map_or(&[][..], Vec::as_slice);
                let layer = &self.numbers[index];
                let output = layer.forward(x.clone().put_tape(tape), Learns::Yes)?;
                let loss = task_loss(task, output, batch, known)?;
                numbers.push(loss.array());
                loss
            };
            let (loss, rest) = loss.split_tape();
            tape = rest;
            terms.push((loss, task_weight * share));
        }
        let mut attributes = Vec::with_capacity(self.specs.len());
        for (index, weight) in head_weights.into_iter().enumerate() {
            let labels = targets.attributes.get(index).map_or(&[][..], Vec::as_slice);
            let mode = self.specs[index].mode;
            if mode == HeadMode::Discriminator {
                let logits = logits.as_ref().ok_or_else(no_classes)?;
                attributes.push(self.step_discriminator(index, logits, labels, step)?);
            }
            let from = HeadInput {
                embeddings: &embeddings,
                dropped: &x,
                logits: logits.as_ref(),
            };
            let head = (&self.specs[index], &self.heads[index][..]);
            let loss = from.loss(tape, head, labels, weight.lambda)?;
            let (loss, rest) = loss.split_tape();
            tape = rest;
            if mode != HeadMode::Discriminator {
                attributes.push(loss.array());
            }
            terms.push((loss, weight.loss));
        }
        let total = weighted_sum(&self.device, tape, terms)?;
        let mut losses = StepLosses {
            total: total.array(),
            emotion,
            numbers,
            attributes,
            gradient_norm: 0.0,
        };
        let mut grads = total.try_backward()?;
        let gradient = self.tape_encoder.gradient(&mut grads)?;
        let layout = self.network.encoder.layout();
        let of_frames = &gradient[..layout.of_frames];
        let mut squares = sum_of_squares_on(&self.workers, of_frames);
        for arrays in layout.layers_of_vectors() {
            let sums = arrays.into_iter();
            squares += sums
                .map(|array| sum_of_squares(&gradient[array]))
                .sum::<f64>();
        }
        let shared_heads = self.specs.iter().zip(&self.heads);
        let shared_heads = shared_heads
            .filter(|(head, _)| head.mode != HeadMode::Discriminator)
            .flat_map(|(_, layers)| layers);
        let emotion = (self.network.classes() > 0).then_some(&self.emotion);
        let own = emotion.into_iter().chain(&self.numbers);
        for layer in own.chain(shared_heads) {
            squares += layer.sum_of_squares(&mut grads)?;
        }
        losses.gradient_norm = squares.sqrt();
        Ok((losses, grads))
    }

    /// One step of a discriminator on detached emotion probabilities; gives its loss before the step.
    fn step_discriminator(
        &mut self,
        index: usize,
        logits: &Matrix,
        labels: &[Option<usize>],
        step: &Step,
    ) -> Result<f32, ModelError> {
        let detached = softmax(&logits.as_vec(), self.network.classes());
        let layers = &mut self.heads[index];
        let y = self.device.try_tensor_from_vec(detached, *logits.shape())?;
        let loss = cross_entropy(chain(layers, y.leaky_traced(), Learns::Yes)?, labels, None)?;
        let value = loss.array();
        if value.is_finite() {
            let mut grads = loss.try_backward()?;
            for layer in layers {
                layer.update(step, &mut grads, 1.0)?;
            }
        }
        Ok(value)
    }
}

/// The loss of a task's outputs; `known` are the numbers of its target.
fn task_loss(
    task: &TaskSpec,
    outputs: Matrix<Taped>,
    batch: &TrainingBatch<'_>,
    known: &[Option<f32>],
) -> Result<Tensor<Rank0, f32, Cpu, Taped>, CpuError> {
    match task.loss.compare() {
        Compare::Numbers(compare) => (compare.here)(outputs, known),
        Compare::Classes(compare) => {
            let case = ClassCase {
                targets: batch.targets.of_classes(),
                weights: batch.class_weights,
                keys: task.keys(),
            };
            (compare.here)(outputs, case)
        }
    }
}

#[cfg(test)]
mod gradients;
mod head_input;
#[cfg(test)]
mod same_bits;
mod state;
#[cfg(test)]
mod tests;
