//! Models that train in lockstep: one step of all of them at once, and their emotion probabilities.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use super::arrays::SharedArrays;
use super::demand::step_bytes;
use super::feed::Feed;
use super::packing::{Masked, Packed, Packing};
use super::stacked_heads::{StackedHead, dense_of};
use super::stacked_parameters::{StackedParameters, StepParameters, rates};
use super::tape::Walked;
use super::{Card, Corpus, Memory, Tape, Value, arguments, encoder};
use crate::model::dense_tape::Learns;
use crate::model::losses::{HeadWeight, weights};
use crate::model::ops::cross_entropy::cuda_kernel::{Labels, cross_entropy, softmax, weigh};
use crate::model::ops::dropout::cuda_kernel::dropout;
use crate::model::ops::gather::cuda_kernel as gather;
use crate::model::ops::grad_reverse::cuda_kernel::grad_reverse;
use crate::model::ops::relu::cuda_kernel::relu;
use crate::model::optimiser::{Step, Update};
use crate::model::parameter::Part;
use crate::model::spec::{HeadMode, HeadSpec, Reversal};
use crate::model::{EncoderShape, Network, Targets, TrainingState};

mod reading;

pub use reading::classify;

/// What all models of a group learn in one step.
pub struct GroupBatch<'a> {
    /// The features, on the device or on the host.
    pub corpus: &'a Corpus<'a>,
    /// The batch: places in the corpus, and masks.
    pub utterances: &'a [Masked],
    /// What a mask puts in place of a value.
    pub fill: f32,
    /// Probability of dropping a value of the embedding.
    pub dropout: f32,
    /// Weight of each emotion class; equal without it.
    pub class_weights: Option<&'a [f32]>,
}

/// How one model of the group learns in one step.
pub struct ModelStep<'a> {
    /// What the batch should be classified as.
    pub targets: &'a Targets,
    /// Weight of the attributes in this epoch.
    pub alpha: f64,
    /// What alpha scales behind a reversal.
    pub reversal: Reversal,
    /// Seed of the dropout mask.
    pub dropout_seed: u64,
    /// Rule and learning rate; all models of a group have one rule.
    pub update: Update,
    /// Largest norm of the gradient; 0 switches clipping off.
    pub gradient_clip_norm: f64,
}

/// Models side by side on a device.
pub struct Group {
    card: Arc<Card>,
    feed: Arc<Feed>,
    shape: Arc<EncoderShape>,
    arrays: SharedArrays,
    shared: StackedParameters,
    heads: Vec<StackedHead>,
    /// What the models looked like when they came: sizes for what is read back, and numbers of steps.
    states: Vec<TrainingState>,
    specs: Vec<Vec<HeadSpec>>,
    /// Zero for a model that met a loss or gradient that is not finite; it is not moved any more.
    alive: Memory<i32>,
    /// Gradient scales of 1, for discriminators, which are never clipped.
    ones: Memory,
    measured: Vec<Measured>,
    /// Bytes that the device is known to have for a step, and what [`Card::taken`] said then.
    reserved: (usize, usize),
    /// Whether a step has begun to move values and not ended.
    half_done: bool,
}

/// What a step measured, still on the device.
struct Measured {
    /// Emotion, each kind of head, then each kind as it counts in the total: `[1 + 2 kinds, models]`. The last two
    /// differ for discriminators, which take their own step between.
    losses: Memory,
    norms: Memory<f64>,
    /// For each model, the weights of its losses.
    weights: Vec<(f32, Vec<HeadWeight>)>,
}

impl Group {
    /// Puts models side by side; all have one encoder and none is missing a head's labels.
    ///
    /// # Errors
    /// Where the device has no memory left.
    pub fn new(card: &Arc<Card>, states: Vec<TrainingState>) -> Result<Self, CudaError> {
        let networks: Vec<&Network> = states.iter().map(TrainingState::network).collect();
        let arrays = networks.first().map(|network| SharedArrays::new(network));
        let arrays = arrays.unwrap_or_default();
        let shape = networks.first().map(|network| network.shape().clone());
        let all: Vec<usize> = (0..states.len()).collect();
        let mut shared = StackedParameters::new(card, arrays.pieces.clone(), &all)?;
        let mut heads = StackedHead::of(card, &networks)?;
        let borrowed: Vec<&TrainingState> = states.iter().collect();
        for part in Part::ALL {
            let slices: Option<Vec<_>> = borrowed
                .iter()
                .map(|state| Some(arrays.slices(state.part(part)?)))
                .collect();
            if let Some(slices) = slices {
                shared.write(part, &slices)?;
            }
            for head in &mut heads {
                head.write(part, &borrowed)?;
            }
        }
        let specs = networks
            .iter()
            .map(|network| network.heads.iter().map(|(head, _)| *head).collect())
            .collect();
        Ok(Self {
            shape: Arc::new(shape.unwrap_or(EncoderShape {
                bins: 0,
                convs: Vec::new(),
                lstms: Vec::new(),
                pool: crate::model::spec::TimePool::Mean,
                linears: Vec::new(),
            })),
            alive: Memory::of(card, &vec![1; states.len()])?,
            ones: Memory::of(card, &vec![1.0; states.len()])?,
            feed: Feed::new(card)?,
            card: Arc::clone(card),
            arrays,
            shared,
            heads,
            specs,
            states,
            measured: Vec::new(),
            reserved: (0, 0),
            half_done: false,
        })
    }

    /// Number of models.
    pub fn models(&self) -> usize {
        self.states.len()
    }

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
        let numbers: Vec<f32> = steps.iter().flat_map(rates).collect();
        let rates = Memory::of(&self.card, &numbers)?;
        let weights: Vec<_> = models
            .iter()
            .zip(&self.specs)
            .map(|(model, specs)| weights(specs, model.alpha, model.reversal))
            .collect();
        let losses = Memory::zeros(&self.card, self.loss_rows() * models.len())?;
        let rule = steps[0];
        let walked = self.descend(batch, models, &weights, (&rule, &rates), &losses)?;
        let norms = self.settle(models, walked, (&rule, &rates), &losses)?;
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

    /// Makes room for what a rule remembers.
    fn prepare(&mut self, step: &Step) -> Result<(), CudaError> {
        self.shared.prepare(step)?;
        for head in &mut self.heads {
            head.parameters.prepare(step)?;
        }
        Ok(())
    }

    /// Whether a step failed after it had begun to move values, so that it must not be taken again.
    pub fn half_done(&self) -> bool {
        self.half_done
    }

    /// Forward and backward; the discriminators take their own steps on the way.
    fn descend(
        &mut self,
        batch: &GroupBatch<'_>,
        models: &[ModelStep<'_>],
        weights: &[(f32, Vec<HeadWeight>)],
        pace: (&Step, &Memory),
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
                let loss = self.step_discriminator(index, &logits, &labels, pace)?;
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
        let pace = StepParameters {
            rates,
            scales: &self.ones,
            alive: &well,
        };
        self.half_done = true;
        head.parameters.update(step, &mut walked.gradients, &pace)?;
        Ok(loss)
    }

    /// Norms, clipping, and the update of everything but the discriminators.
    fn settle(
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
        let pace = StepParameters {
            rates,
            scales: &scales,
            alive: &self.alive,
        };
        self.half_done = true;
        self.shared.update(step, gradients, &pace)?;
        for head in self.heads.iter_mut().filter(|head| learning(head)) {
            head.parameters.update(step, gradients, &pace)?;
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

    /// The shared layers' output `[models, utterances, embedding]`.
    fn embed(
        &self,
        tape: &mut Tape,
        corpus: &Corpus<'_>,
        utterances: &[Masked],
        fill: f32,
        learns: bool,
    ) -> Result<Value, CudaError> {
        let share = corpus.share(utterances);
        let packing = Packing::new(&self.shape, self.card.sms(), &share.frames, &share.sources);
        let packed = Arc::new(Packed::new(&self.feed, packing, &share.brought)?);
        let source = share.there.unwrap_or_else(|| packed.brought());
        let features = gather::features(&self.card, &packed, source, corpus.bins, fill)?;
        let (shape, arrays) = (&self.shape, &self.arrays);
        let mut x = encoder::forward(tape, shape, arrays, &self.shared, &packed, features, learns)?;
        let (_, trunk) = self.arrays.dense.split_last().unwrap_or_else(|| {
            unreachable!("every network has an emotion head");
        });
        for layer in trunk {
            let out = dense_of(tape, &x, &self.shared, layer, Learns::Yes)?;
            x = relu(tape, &out)?;
        }
        Ok(x)
    }

    /// Logits of the emotion head.
    fn emotion(&self, tape: &mut Tape, x: &Value) -> Result<Value, CudaError> {
        let layer = self.arrays.dense.last().unwrap_or_else(|| {
            unreachable!("every network has an emotion head");
        });
        dense_of(tape, x, &self.shared, layer, Learns::Yes)
    }

    /// Makes sure, before anything is changed, that the device has the memory for a step on a batch.
    ///
    /// # Errors
    /// Where it has not.
    pub fn reserve(
        &mut self,
        corpus: &Corpus<'_>,
        utterances: &[Masked],
        update: &Update,
    ) -> Result<(), CudaError> {
        self.prepare(&update.step(1))?;
        let frames: Vec<usize> = utterances.iter().map(|own| corpus.frames(own.at)).collect();
        let networks: Vec<&Network> = self.states.iter().map(TrainingState::network).collect();
        let needed = step_bytes(&self.card, &self.shape, &networks, &frames);
        let known = (needed, self.card.taken());
        if known.0 > self.reserved.0 || known.1 != self.reserved.1 {
            // Given back at once, but the device's pool keeps it for this process.
            Memory::<u8>::new(&self.card, needed)?;
            self.reserved = known;
        }
        Ok(())
    }
}
