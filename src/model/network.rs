//! The whole network: plain values for prediction, and their trainable form on the tape.

use std::sync::Arc;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::encoder_tape::TapeEncoder;
use super::heads::{Dense, Linear, Matrix, chain};
use super::losses::weights;
use super::ops::cross_entropy::{cross_entropy, softmax};
use super::ops::dropout::dropout;
use super::ops::grad_reverse::grad_reverse;
use super::ops::tape_op::weighted_sum;
use super::parameter::sum_of_squares;
use super::spec::{HeadMode, HeadSpec, Reversal};
use super::{
    Array, Encoder, EncoderPass, EncoderShape, Initialisation, ModelError, Sgd, StepLosses,
    Targets, Workers, initialise,
};
use crate::dsp::FeaturesView;

/// Number of emotion classes.
pub(super) const CLASSES: usize = 3;
/// Hidden units of a discriminator, both layers.
pub(super) const DISCRIMINATOR_UNITS: usize = 1000;

/// Sizes and values of a network.
#[derive(Clone, Debug)]
pub struct Network {
    pub(super) encoder: Arc<Encoder>,
    pub(super) values: Vec<f32>,
    trunk: Vec<Dense>,
    pub(super) emotion: Dense,
    heads: Vec<(HeadSpec, Vec<Dense>)>,
}

impl Network {
    /// A network with first values drawn from `seed`; each head with its number of labels.
    ///
    /// # Errors
    /// [`ModelError::Heads`] where an attribute appears twice or has fewer than two labels.
    pub fn new(
        shape: EncoderShape,
        heads: &[(HeadSpec, usize)],
        how: Initialisation,
        seed: u64,
    ) -> Result<Self, ModelError> {
        for (index, (head, labels)) in heads.iter().enumerate() {
            let name = head.attribute.name();
            if heads[..index]
                .iter()
                .any(|(other, _)| other.attribute == head.attribute)
            {
                return Err(ModelError::Heads(format!("{name} appears twice")));
            }
            if *labels < 2 {
                return Err(ModelError::Heads(format!(
                    "{name} has {labels} label in the training data; a head needs two or more"
                )));
            }
        }
        let embedding = shape.embedding();
        let trunk = shape.linears.iter().enumerate();
        let trunk = trunk
            .map(|(index, &(inputs, outputs))| {
                initialise::dense(inputs, outputs, seed, &format!("linear.{index}"))
            })
            .collect();
        let heads = heads
            .iter()
            .map(|&(head, labels)| {
                let sizes = head_sizes(&head, embedding, labels);
                let layers = sizes
                    .windows(2)
                    .enumerate()
                    .map(|(index, pair)| {
                        let name = format!("{}.{index}", head.attribute.name());
                        initialise::dense(pair[0], pair[1], seed, &name)
                    })
                    .collect();
                (head, layers)
            })
            .collect();
        let encoder = Encoder::new(shape);
        Ok(Self {
            values: initialise::encoder(encoder.layout(), how, seed),
            encoder: Arc::new(encoder),
            trunk,
            emotion: initialise::dense(embedding, CLASSES, seed, "emotion"),
            heads,
        })
    }

    /// Sizes of the encoder.
    pub fn shape(&self) -> &EncoderShape {
        self.encoder.shape()
    }

    /// The convolutions and recurrent layers.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Values of the shared layers.
    pub fn shared_parameters(&self) -> usize {
        self.shape().parameters()
    }

    /// Values of the emotion head.
    pub fn emotion_parameters(&self) -> usize {
        self.emotion.parameters()
    }

    /// Values of each attribute head.
    pub fn head_parameters(&self) -> Vec<usize> {
        self.heads
            .iter()
            .map(|(_, layers)| layers.iter().map(Dense::parameters).sum())
            .collect()
    }

    /// Every array with its PyTorch name and layout, in a fixed order.
    pub fn to_arrays(&self) -> Vec<Array> {
        let mut arrays = self.encoder.layout().to_arrays(&self.values);
        for (name, dense) in self.dense() {
            arrays.extend(dense.to_arrays(&name));
        }
        arrays
    }

    /// Replaces all values by named arrays.
    ///
    /// # Errors
    /// The reason as a lower-case fragment: what is missing, misshapen or too many.
    pub fn set_arrays(&mut self, arrays: &[Array]) -> Result<(), String> {
        let find = |name: &str| arrays.iter().find(|array| array.name == name);
        let known = self.to_arrays();
        if let Some(extra) = arrays
            .iter()
            .find(|array| known.iter().all(|other| other.name != array.name))
        {
            return Err(format!("array {} belongs to no layer", extra.name));
        }
        self.values = self.encoder.layout().from_arrays(find)?;
        for (index, dense) in self.trunk.iter_mut().enumerate() {
            dense.set(&format!("linear.{index}"), find)?;
        }
        self.emotion.set("emotion", find)?;
        for (head, layers) in &mut self.heads {
            for (index, dense) in layers.iter_mut().enumerate() {
                dense.set(&head_name(head, index), find)?;
            }
        }
        Ok(())
    }

    fn dense(&self) -> impl Iterator<Item = (String, &Dense)> {
        let trunk = self.trunk.iter().enumerate();
        let heads = self.heads.iter().flat_map(|(head, layers)| {
            let layers = layers.iter().enumerate();
            layers.map(move |(index, dense)| (head_name(head, index), dense))
        });
        trunk
            .map(|(index, dense)| (format!("linear.{index}"), dense))
            .chain([("emotion".to_owned(), &self.emotion)])
            .chain(heads)
    }

    /// The shared layers' output `[batch, embedding]`; `pass` must hold these values packed ([`Self::pack`]).
    ///
    /// # Errors
    /// Features that do not fit the network.
    pub fn embed(
        &self,
        batch: &[FeaturesView<'_>],
        pass: &mut EncoderPass,
        workers: &Workers,
    ) -> Result<Vec<f32>, ModelError> {
        let mut x = self.encoder.forward(&self.values, batch, pass, workers)?;
        for dense in &self.trunk {
            x = dense.apply(&x);
            x.iter_mut()
                .for_each(|v| *v = if *v < 0.0 { 0.0 } else { *v });
        }
        Ok(x)
    }

    /// Packs the encoder's weights for forward passes.
    pub fn pack(&self, pass: &mut EncoderPass, workers: &Workers) {
        self.encoder.pack(&self.values, pass, false, workers);
    }

    /// Emotion probabilities of embeddings.
    pub fn classify(&self, embeddings: &[f32]) -> Vec<[f32; CLASSES]> {
        softmax(&self.emotion.apply(embeddings), CLASSES)
            .as_chunks::<CLASSES>()
            .0
            .to_vec()
    }
}

/// Lengths of a head's input, of its hidden layers and of its output.
fn head_sizes(head: &HeadSpec, embedding: usize, labels: usize) -> Vec<usize> {
    match head.mode {
        HeadMode::Discriminator => vec![CLASSES, DISCRIMINATOR_UNITS, DISCRIMINATOR_UNITS, labels],
        HeadMode::Shared | HeadMode::GradReverse => vec![embedding, labels],
    }
}

/// Values of a whole network, without making it.
pub(super) fn count_parameters(shape: &EncoderShape, heads: &[(HeadSpec, usize)]) -> usize {
    let embedding = shape.embedding();
    heads
        .iter()
        .map(|(head, labels)| head_sizes(head, embedding, *labels))
        .chain([vec![embedding, CLASSES]])
        .flat_map(|sizes| {
            let pairs = sizes
                .windows(2)
                .map(|pair| (pair[0] + 1).saturating_mul(pair[1]));
            pairs.collect::<Vec<_>>()
        })
        .fold(shape.parameters(), usize::saturating_add)
}

fn head_name(head: &HeadSpec, index: usize) -> String {
    match head.mode {
        HeadMode::Discriminator => format!("discriminator.{}.{index}", head.attribute.name()),
        HeadMode::Shared | HeadMode::GradReverse => format!("head.{}", head.attribute.name()),
    }
}

/// One batch and how it is to be learned.
pub struct TrainingBatch<'a> {
    /// Features of each utterance.
    pub features: &'a [FeaturesView<'a>],
    /// What it should be classified as.
    pub targets: &'a Targets,
    /// Weight of the attributes in this epoch.
    pub alpha: f64,
    /// What alpha scales behind a reversal.
    pub reversal: Reversal,
    /// Probability of dropping a value of the embedding.
    pub dropout: f32,
    /// Seed of the dropout mask.
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
    velocity: Vec<f32>,
    trunk: Vec<Linear>,
    emotion: Linear,
    heads: Vec<Vec<Linear>>,
    specs: Vec<HeadSpec>,
    device: Cpu,
    workers: Arc<Workers>,
}

type Taped = OwnedTape<f32, Cpu>;

impl Trainable {
    /// Puts a network on the tape, momentum at zero.
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
            velocity: vec![0.0; network.values.len()],
            trunk: linears(&network.trunk)?,
            emotion: Linear::new(&device, &network.emotion)?,
            heads: network
                .heads
                .iter()
                .map(|(_, layers)| linears(layers))
                .collect::<Result<_, _>>()?,
            specs: network.heads.iter().map(|(head, _)| *head).collect(),
            network,
            device,
            workers,
        })
    }

    /// The network with its present values.
    pub fn network(&mut self) -> &Network {
        let collect = |layers: &[Linear]| layers.iter().map(Linear::dense).collect();
        self.network.trunk = collect(&self.trunk);
        self.network.emotion = self.emotion.dense();
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
    pub fn step(&mut self, batch: &TrainingBatch<'_>, sgd: Sgd) -> Result<StepLosses, ModelError> {
        let (losses, mut grads) = self.descend(batch, sgd)?;
        if self.workers.stopped() {
            return Err(ModelError::Stopped);
        }
        if losses.non_finite(&self.specs).is_some() {
            return Ok(losses);
        }
        let clip = batch.gradient_clip_norm;
        let scale = if clip > 0.0 && losses.gradient_norm > clip {
            (clip / (losses.gradient_norm + 1e-6)) as f32
        } else {
            1.0
        };
        let gradient = self.tape_encoder.gradient(&mut grads)?;
        sgd.update(
            &mut self.network.values,
            &mut self.velocity,
            gradient,
            scale,
        );
        for layer in self.trunk.iter_mut().chain([&mut self.emotion]) {
            layer.update(sgd, &mut grads, scale)?;
        }
        for (head, layers) in self.specs.iter().zip(&mut self.heads) {
            if head.mode != HeadMode::Discriminator {
                for layer in layers {
                    layer.update(sgd, &mut grads, scale)?;
                }
            }
        }
        Ok(losses)
    }

    /// Losses and gradients of one step; the discriminators have already taken theirs.
    fn descend(
        &mut self,
        batch: &TrainingBatch<'_>,
        sgd: Sgd,
    ) -> Result<(StepLosses, Gradients<f32, Cpu>), ModelError> {
        let targets = batch.targets;
        let mut x = self
            .tape_encoder
            .forward(&self.network.values, batch.features)?;
        for layer in &self.trunk {
            x = layer.forward(x)?.try_relu()?;
        }
        let x = dropout(x, batch.dropout, batch.dropout_seed)?;
        let (x, tape) = x.split_tape();
        let (logits, tape) = self.emotion.forward(x.clone().put_tape(tape))?.split_tape();
        let loss = cross_entropy(
            logits.clone().put_tape(tape),
            &targets.emotion,
            batch.class_weights,
        )?;
        let (emotion, mut tape) = loss.split_tape();
        let (emotion_weight, head_weights) = weights(&self.specs, batch.alpha, batch.reversal);
        let mut terms = vec![(emotion.clone(), emotion_weight)];
        let mut attributes = Vec::with_capacity(self.specs.len());
        for (index, weight) in head_weights.into_iter().enumerate() {
            let labels = targets.attributes.get(index).map_or(&[][..], Vec::as_slice);
            if self.specs[index].mode == HeadMode::Discriminator {
                attributes.push(self.step_discriminator(index, &logits, labels, sgd)?);
            }
            let from: Matrix<Taped> = match self.specs[index].mode {
                HeadMode::Shared => x.clone().put_tape(tape),
                HeadMode::GradReverse => grad_reverse(x.clone().put_tape(tape), weight.lambda)?,
                HeadMode::Discriminator => {
                    logits.clone().put_tape(tape).try_softmax::<Axis<1>>()?
                }
            };
            let loss = cross_entropy(chain(&self.heads[index], from)?, labels, None)?;
            let (loss, rest) = loss.split_tape();
            tape = rest;
            if self.specs[index].mode != HeadMode::Discriminator {
                attributes.push(loss.array());
            }
            terms.push((loss, weight.loss));
        }
        let total = weighted_sum(&self.device, tape, terms)?;
        let mut losses = StepLosses {
            total: total.array(),
            emotion: emotion.array(),
            attributes,
            gradient_norm: 0.0,
        };
        let mut grads = total.try_backward()?;
        let mut squares = sum_of_squares(self.tape_encoder.gradient(&mut grads)?);
        let shared_heads = self.specs.iter().zip(&self.heads);
        let shared_heads = shared_heads
            .filter(|(head, _)| head.mode != HeadMode::Discriminator)
            .flat_map(|(_, layers)| layers);
        for layer in self.trunk.iter().chain([&self.emotion]).chain(shared_heads) {
            squares += layer.sum_of_squares(&mut grads)?;
        }
        losses.gradient_norm = squares.sqrt();
        Ok((losses, grads))
    }

    /// One SGD step of a discriminator on detached emotion probabilities; gives its loss before the step.
    fn step_discriminator(
        &mut self,
        index: usize,
        logits: &Matrix,
        labels: &[Option<usize>],
        sgd: Sgd,
    ) -> Result<f32, ModelError> {
        let layers = &mut self.heads[index];
        let detached = softmax(&logits.as_vec(), CLASSES);
        let y = self.device.try_tensor_from_vec(detached, *logits.shape())?;
        let loss = cross_entropy(chain(layers, y.leaky_traced())?, labels, None)?;
        let value = loss.array();
        if value.is_finite() {
            let mut grads = loss.try_backward()?;
            for layer in layers {
                layer.update(sgd, &mut grads, 1.0)?;
            }
        }
        Ok(value)
    }

    /// Losses and every gradient by name, in PyTorch's layout, without a step of the shared layers and heads.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn gradients(
        &mut self,
        batch: &TrainingBatch<'_>,
        sgd: Sgd,
    ) -> Result<(StepLosses, Vec<Array>), ModelError> {
        let (losses, mut grads) = self.descend(batch, sgd)?;
        let gradient = self.tape_encoder.gradient(&mut grads)?;
        let mut arrays = self.network.encoder.layout().to_arrays(gradient);
        for (index, layer) in self.trunk.iter().enumerate() {
            let dense = layer.gradients(&mut grads)?;
            arrays.extend(dense.to_arrays(&format!("linear.{index}")));
        }
        arrays.extend(self.emotion.gradients(&mut grads)?.to_arrays("emotion"));
        for (head, layers) in self.specs.iter().zip(&self.heads) {
            if head.mode != HeadMode::Discriminator {
                for (index, layer) in layers.iter().enumerate() {
                    let dense = layer.gradients(&mut grads)?;
                    arrays.extend(dense.to_arrays(&head_name(head, index)));
                }
            }
        }
        Ok((losses, arrays))
    }
}

#[cfg(test)]
mod tests;
