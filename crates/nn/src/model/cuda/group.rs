//! Models that train in lockstep: what they hold on the device, and what their shared layers make of a batch.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers::DeviceShape;
use crate::model::dense_tape::Learns;
use crate::model::losses::HeadWeight;
use crate::model::ops::gather::cuda_kernel as gather;
use crate::model::ops::relu::cuda_kernel::relu;
use crate::model::optimiser::{Step, Update};
use crate::model::parameter::Part;
use crate::model::spec::{HeadSpec, Reversal};
use crate::model::{Network, Targets, TrainingState};

use super::arrays::SharedArrays;
use super::demand::step_bytes;
use super::feed::Feed;
use super::packing::{Masked, Packed, Packing};
use super::stacked_heads::{StackedHead, dense_of};
use super::stacked_parameters::StackedParameters;
use super::{Card, Corpus, Memory, Tape, Value, encoder};

mod reading;
mod step;

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
    /// Optimiser and learning rate; all models of a group have one kind of optimiser.
    pub update: Update,
    /// Largest norm of the gradient; 0 switches clipping off.
    pub gradient_clip_norm: f64,
}

/// Models side by side on a device.
pub struct Group {
    card: Arc<Card>,
    feed: Arc<Feed>,
    shape: Arc<DeviceShape>,
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
    /// Whether a step has started to move values and not ended.
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
    /// Puts models side by side; all have one encoder, which the device has kernels for, and none is missing a head's
    /// labels.
    ///
    /// # Errors
    /// Where the device has no memory left.
    pub fn new(card: &Arc<Card>, states: Vec<TrainingState>) -> Result<Self, CudaError> {
        let networks: Vec<&Network> = states.iter().map(TrainingState::network).collect();
        let shape = match networks.first().map(|network| network.shape().on_device()) {
            Some(Ok(shape)) => shape,
            None => DeviceShape::default(),
            Some(Err(_)) => unreachable!("encoders without kernels are refused before"),
        };
        let arrays = networks
            .first()
            .map(|network| SharedArrays::new(network, &shape))
            .unwrap_or_default();
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
            .map(|network| network.heads.iter().map(|(head, _)| head.clone()).collect())
            .collect();
        Ok(Self {
            shape: Arc::new(shape),
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

    /// Makes room for what an optimiser remembers.
    fn prepare(&mut self, step: &Step) -> Result<(), CudaError> {
        self.shared.prepare(step)?;
        for head in &mut self.heads {
            head.parameters.prepare(step)?;
        }
        Ok(())
    }

    /// Whether a step failed after it had started to move values, so that it must not be taken again.
    pub fn half_done(&self) -> bool {
        self.half_done
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
