//! Models that train in lockstep: what they hold on the device, and what their shared layers make of a batch.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::dense_tape::Learns;
use crate::model::losses::HeadWeight;
use crate::model::ops::gather::cuda_kernel as gather;
use crate::model::optimiser::{Step, Update};
use crate::model::parameter::Part;
use crate::model::spec::{HeadSpec, Reversal};
use crate::model::{Network, Targets, TaskSpec, TrainingState};

use super::arrays::SharedArrays;
use super::chain::{Chain, LaidBatch};
use super::demand::step_bytes;
use super::encoder::{Batch, Embedded};
use super::feed::Feed;
use super::packing::{Masked, Packed};
use super::stacked_heads::{StackedHead, dense_of};
use super::stacked_parameters::StackedParameters;
use super::stacked_targets::StackedTargets;
use super::{Card, Corpus, Memory, Tape, Value, encoder};

mod head_losses;
mod reading;
mod step;
mod task_losses;

pub use reading::predict;

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
    /// The tasks of all models.
    pub tasks: &'a [TaskSpec],
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
    chain: Arc<Chain>,
    arrays: SharedArrays,
    shared: StackedParameters,
    targets: StackedTargets,
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
    /// `[LossRows::all, models]`.
    losses: Memory,
    norms: Memory<f64>,
    /// For each model, the weights of its losses.
    weights: Vec<(f32, Vec<HeadWeight>)>,
    /// The share of each task in the weight of all.
    tasks: Vec<TaskShare>,
}

/// A step while its losses are put on the tape.
#[derive(Clone, Copy)]
struct StepInput<'a> {
    batch: &'a GroupBatch<'a>,
    models: &'a [ModelStep<'a>],
    /// For each model, the weights of its losses.
    weights: &'a [(f32, Vec<HeadWeight>)],
    /// The rule of the step, and its numbers for each model.
    rule: (&'a Step, &'a Memory),
    /// Where losses are kept: [`Measured::losses`].
    losses: &'a Memory,
}

/// A batch as far as it has come when the heads see it.
struct HeadInput {
    /// The embeddings as they are predicted from.
    embeddings: Value,
    /// The same after dropout.
    dropped: Value,
    /// Logits of the classes, where there are some.
    logits: Option<Value>,
}

/// A task's part in the loss of the tasks.
struct TaskShare {
    /// The row of its losses.
    row: usize,
    share: f32,
}

/// Where the losses of a step are: those of the emotion, each target, each kind of head, then each kind as it counts in the
/// total. The last two differ for discriminators, which take their own step between.
#[derive(Clone, Copy)]
struct LossRows {
    targets: usize,
    kinds: usize,
}

impl LossRows {
    const EMOTION: usize = 0;

    fn target(self, place: usize) -> usize {
        1 + place
    }

    fn head(self, kind: usize) -> usize {
        self.target(self.targets) + kind
    }

    fn counted_head(self, kind: usize) -> usize {
        self.head(self.kinds) + kind
    }

    fn all(self) -> usize {
        self.counted_head(self.kinds)
    }
}

impl Group {
    /// Puts models side by side; all have one encoder, which the device has kernels for, the same classes and targets, and
    /// none is missing a head's labels.
    ///
    /// # Errors
    /// Where the device has no memory left.
    pub fn new(card: &Arc<Card>, states: Vec<TrainingState>) -> Result<Self, CudaError> {
        let networks: Vec<&Network> = states.iter().map(TrainingState::network).collect();
        let chain = match networks.first().map(|network| Chain::new(network.shape())) {
            Some(Ok(chain)) => chain,
            None => Chain::default(),
            Some(Err(_)) => unreachable!("encoders without kernels are refused before"),
        };
        let arrays = networks
            .first()
            .map(|network| SharedArrays::new(network, &chain))
            .unwrap_or_default();
        let all: Vec<usize> = (0..states.len()).collect();
        let mut shared = StackedParameters::new(card, arrays.pieces.clone(), &all)?;
        let mut targets = StackedTargets::of(card, &networks)?;
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
            targets.write(part, &borrowed)?;
            for head in &mut heads {
                head.write(part, &borrowed)?;
            }
        }
        let specs = networks
            .iter()
            .map(|network| network.heads.iter().map(|(head, _)| head.clone()).collect())
            .collect();
        Ok(Self {
            chain: Arc::new(chain),
            alive: Memory::of(card, &vec![1; states.len()])?,
            ones: Memory::of(card, &vec![1.0; states.len()])?,
            feed: Feed::new(card)?,
            card: Arc::clone(card),
            arrays,
            shared,
            targets,
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
        self.targets.parameters.prepare(step)?;
        for head in &mut self.heads {
            head.parameters.prepare(step)?;
        }
        Ok(())
    }

    /// Whether a step failed after it had started to move values, so that it must not be taken again.
    pub fn half_done(&self) -> bool {
        self.half_done
    }

    /// The shared layers' output `[models, utterances, embedding]`; with a seed for each model where it is learned from.
    fn embed(
        &self,
        tape: &mut Tape,
        corpus: &Corpus<'_>,
        utterances: &[Masked],
        fill: f32,
        seeds: Option<&[u64]>,
    ) -> Result<Embedded, CudaError> {
        let share = corpus.share(utterances);
        let LaidBatch { packing, layers } =
            self.chain
                .lay(self.card.sms(), &share.frames, &share.sources);
        let packed = Packed::new(&self.feed, packing, &share.brought)?;
        let source = share.there.unwrap_or_else(|| packed.brought());
        let features = gather::features(&self.card, &packed, source, corpus.bins, fill)?;
        let arrays = (&self.arrays.layers[..], &self.shared);
        let batch = Batch { packed, layers };
        encoder::forward(tape, &self.chain, arrays, batch, features, seeds)
    }

    /// Logits of the emotion head; none where there are no classes.
    fn emotion(&self, tape: &mut Tape, x: &Value) -> Result<Option<Value>, CudaError> {
        let layer = Some(&self.arrays.emotion).filter(|layer| layer.outputs > 0);
        let logits = layer.map(|layer| dense_of(tape, x, &self.shared, layer, Learns::Yes));
        logits.transpose()
    }

    /// Where the losses of a step are.
    fn loss_rows(&self) -> LossRows {
        LossRows {
            targets: self.targets.len(),
            kinds: self.heads.len(),
        }
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
        let needed = step_bytes(&self.card, &self.chain, &networks, &frames);
        let known = (needed, self.card.taken());
        if known.0 > self.reserved.0 || known.1 != self.reserved.1 {
            // Given back at once, but the device's pool keeps it for this process.
            Memory::<u8>::new(&self.card, needed)?;
            self.reserved = known;
        }
        Ok(())
    }
}
