//! Trainings that take each step together on one CUDA device.
//!
//! Every training runs its own loop on a thread of its own and asks for steps here. Once all have asked, the last one
//! carries out the earliest step for all that are at it, while the others wait. One that is done leaves; one that
//! comes later catches up first.
//!
//! Features stay on the device where they take at most half of what is free there. Otherwise whoever carries out a step
//! brings those of its batch along, which are the same for all.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;

use crate::model::cuda::{Card, Corpus, Group, Masked};
use crate::model::spec::Reversal;
use crate::model::{DeviceError, Outputs, StepLosses, Targets, TaskSpec, TrainingState, Update};

mod member;
mod state;

pub(super) use member::Member;

/// How often someone who waits looks whether the user wants to stop.
const POLL: Duration = Duration::from_millis(20);
/// Longest wait for trainings that were announced.
const LONGEST_LAUNCH: Duration = Duration::from_secs(30);

/// Where a training is: epochs and, within one, batches; the validation comes after the last batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) epoch: usize,
    pub(super) batch: usize,
}

impl Position {
    /// The validation of an epoch.
    pub(super) fn validation(epoch: usize) -> Self {
        Self {
            epoch,
            batch: usize::MAX,
        }
    }
}

/// One step of one training; the batch is the same for all that are at the same place.
#[derive(Clone)]
pub(super) struct StepWork {
    pub(super) utterances: Vec<Masked>,
    pub(super) fill: f32,
    pub(super) dropout: f32,
    pub(super) tasks: Vec<TaskSpec>,
    pub(super) class_weights: Option<Vec<f32>>,
    pub(super) targets: Targets,
    pub(super) alpha: f64,
    pub(super) reversal: Reversal,
    pub(super) dropout_seed: u64,
    pub(super) update: Update,
    pub(super) gradient_clip_norm: f64,
}

enum Work {
    Step(Box<StepWork>),
    Predict,
}

enum Answer {
    Stepped,
    Predicted(Vec<Outputs>),
}

/// A training among others.
struct Place {
    /// What sorts the trainings, whoever came first.
    name: Digest,
    /// Its state while it is not on the device.
    state: Option<TrainingState>,
    request: Option<(Position, Work)>,
    answer: Option<Answer>,
    losses: Vec<StepLosses>,
}

struct Lockstep {
    state: Mutex<State>,
    changed: Condvar,
}

/// What was reported to the user of how the device is used.
struct Reported {
    /// Most models side by side.
    capacity: usize,
    /// Whether the features have left the device.
    features_left: bool,
    /// Irregular products of the card.
    irregular: usize,
}

struct State {
    card: Arc<Card>,
    /// Features to train on and to validate on, where they stay on the device.
    resident: Option<[Corpus<'static>; 2]>,
    /// Whether the first who came has tried to put them there.
    tried: bool,
    places: BTreeMap<usize, Place>,
    next: usize,
    /// Who is on the device, in the order of the models.
    groups: Vec<(Vec<usize>, Group)>,
    /// Most models that are on the device side by side.
    capacity: usize,
    reported: Reported,
    failed: Option<DeviceError>,
    since: Instant,
}

impl Lockstep {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}
