//! Trainings that take each step together on one CUDA device.
//!
//! Every training runs its own loop on a thread of its own and asks for steps here. Once all have asked, the last one
//! carries out the earliest step for all that are at it, while the others wait. One that is done leaves; one that
//! comes later catches up first.
//!
//! Features stay on the device where they take at most half of what is free there. Otherwise whoever carries out a step
//! brings those of its batch along, which are the same for all.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use dfdx::tensor::CudaError;

use super::arrival::Arrival;
use super::{Example, TrainingData};
use crate::digest::Digest;
use crate::dsp::FeaturesView;
use crate::model::cuda::{Card, Corpus, Group, GroupBatch, Masked, ModelStep};
use crate::model::spec::Reversal;
use crate::model::{
    DeviceError, ModelError, Network, StepLosses, Targets, TrainingState, Update, Workers,
};

/// How often someone who waits looks whether the user wants to stop.
const POLL: Duration = Duration::from_millis(20);
/// Longest wait for trainings that were announced.
const ARRIVAL: Duration = Duration::from_secs(30);

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
    Classify,
}

enum Answer {
    Stepped,
    Classified(Vec<[f32; 3]>),
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

/// Who may train together: one network, one data, one order.
type Key = (usize, bool, Digest);

struct Lockstep {
    state: Mutex<State>,
    changed: Condvar,
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
    failed: Option<DeviceError>,
    since: Instant,
}

/// A training's hold on the device.
pub(super) struct Member<'a> {
    /// Its features to train on and to validate on.
    host: [Corpus<'a>; 2],
    lockstep: Arc<Lockstep>,
    id: usize,
    workers: Arc<Workers>,
}

impl<'a> Member<'a> {
    /// Joins the trainings with the same `key`, which stands for network, data and order; `name` sorts them.
    pub(super) fn join(
        (ordinal, tf32): (usize, bool),
        (key, name): (Digest, Digest),
        data: &TrainingData<'a>,
        state: TrainingState,
        workers: &Arc<Workers>,
    ) -> Result<Self, ModelError> {
        static ALL: Mutex<Option<HashMap<Key, Weak<Lockstep>>>> = Mutex::new(None);
        let card = Card::shared(ordinal, tf32)?;
        let lockstep = {
            let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
            let all = all.get_or_insert_default();
            all.retain(|_, known| known.strong_count() > 0);
            let own = (ordinal, tf32, key);
            match all.get(&own).and_then(Weak::upgrade) {
                Some(known) => known,
                None => {
                    let new = Arc::new(Lockstep {
                        state: Mutex::new(State::new(card)),
                        changed: Condvar::new(),
                    });
                    all.insert(own, Arc::downgrade(&new));
                    new
                }
            }
        };
        let views = |examples: &[Example<'a>]| -> Vec<FeaturesView<'a>> {
            examples.iter().map(|example| example.features).collect()
        };
        let views = [views(&data.train), views(&data.validation)];
        let mut locked = lockstep.lock();
        if !locked.tried {
            let resident = upload(&locked.card, &views);
            let told = resident.map_err(|error| locked.card.tell("copying the features", &error));
            locked.resident = told?;
            locked.tried = true;
        }
        let id = locked.next;
        locked.next += 1;
        let place = Place {
            name,
            state: Some(state),
            request: None,
            answer: None,
            losses: Vec::new(),
        };
        locked.places.insert(id, place);
        drop(locked);
        Ok(Self {
            host: views.map(Corpus::on_host),
            lockstep,
            id,
            workers: Arc::clone(workers),
        })
    }

    /// One step; what it measured comes with [`Self::losses`].
    pub(super) fn step(&self, position: Position, work: StepWork) -> Result<(), ModelError> {
        self.ask(position, Work::Step(Box::new(work))).map(|_| ())
    }

    /// Emotion probabilities of the validation utterances.
    pub(super) fn classify(&self, epoch: usize) -> Result<Vec<[f32; 3]>, ModelError> {
        match self.ask(Position::validation(epoch), Work::Classify)? {
            Answer::Classified(rows) => Ok(rows),
            Answer::Stepped => Ok(Vec::new()),
        }
    }

    /// What the steps since the last call measured.
    pub(super) fn losses(&self) -> Result<Vec<StepLosses>, ModelError> {
        let mut state = self.lockstep.lock();
        state.collect_losses()?;
        let own = state.places.get_mut(&self.id);
        Ok(own
            .map(|own| std::mem::take(&mut own.losses))
            .unwrap_or_default())
    }

    /// The network with its present values.
    pub(super) fn network(&self) -> Result<Network, ModelError> {
        self.read(
            |group, model| group.network(model),
            TrainingState::into_network,
        )
    }

    /// All that the next step depends on beside its batch.
    pub(super) fn state(&self) -> Result<TrainingState, ModelError> {
        self.read(|group, model| group.state(model), |state| state)
    }

    /// Goes on from another state.
    pub(super) fn restore(&self, new: TrainingState) -> Result<(), ModelError> {
        let mut state = self.lockstep.lock();
        state.dissolve()?;
        if let Some(own) = state.places.get_mut(&self.id) {
            own.state = Some(new);
        }
        Ok(())
    }

    fn read<T>(
        &self,
        of_group: impl Fn(&Group, usize) -> Result<T, CudaError>,
        of_state: impl Fn(TrainingState) -> T,
    ) -> Result<T, ModelError> {
        let state = self.lockstep.lock();
        if let Some(own) = state
            .places
            .get(&self.id)
            .and_then(|own| own.state.as_ref())
        {
            return Ok(of_state(own.clone()));
        }
        for (ids, group) in &state.groups {
            if let Some(model) = ids.iter().position(|id| *id == self.id) {
                let found = of_group(group, model);
                return Ok(found.map_err(|error| state.card.tell("reading a model", &error))?);
            }
        }
        let lost = state.failed.clone().unwrap_or_else(|| DeviceError::Failed {
            what: "reading a model".into(),
            reason: "it is not on the device any more".into(),
        });
        Err(lost.into())
    }

    /// Asks for work and waits until it is done, by this thread or another.
    fn ask(&self, position: Position, work: Work) -> Result<Answer, ModelError> {
        let mut state = self.lockstep.lock();
        if let Some(own) = state.places.get_mut(&self.id) {
            own.request = Some((position, work));
        }
        loop {
            if let Some(error) = &state.failed {
                return Err(error.clone().into());
            }
            let answer = state
                .places
                .get_mut(&self.id)
                .and_then(|own| own.answer.take());
            if let Some(answer) = answer {
                return Ok(answer);
            }
            if self.workers.stopped() {
                return Err(ModelError::Stopped);
            }
            if state.all_have_asked() {
                state.lead(&self.host);
                self.lockstep.changed.notify_all();
                continue;
            }
            let waited = self.lockstep.changed.wait_timeout(state, POLL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        let mut state = self.lockstep.lock();
        state.places.remove(&self.id);
        drop(state);
        // Those who wait may now be all there are.
        self.lockstep.changed.notify_all();
    }
}

impl Lockstep {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts features on the device where they leave at least as much memory free as they take.
fn upload(
    card: &Arc<Card>,
    [train, validation]: &[Vec<FeaturesView<'_>>; 2],
) -> Result<Option<[Corpus<'static>; 2]>, CudaError> {
    let values = |view: &FeaturesView<'_>| size_of_val(view.values);
    let bytes: usize = train.iter().chain(validation).map(values).sum();
    if bytes > card.free_bytes()? / 2 {
        return Ok(None);
    }
    let copy = || Ok([Corpus::new(card, train)?, Corpus::new(card, validation)?]);
    match copy() {
        Err(error) if card.is_out_of_memory(&error) => Ok(None),
        other => other.map(Some),
    }
}

impl State {
    fn new(card: Arc<Card>) -> Self {
        Self {
            card,
            resident: None,
            tried: false,
            places: BTreeMap::new(),
            next: 0,
            groups: Vec::new(),
            capacity: usize::MAX,
            failed: None,
            since: Instant::now(),
        }
    }

    fn all_have_asked(&self) -> bool {
        let none_to_come = Arrival::expected() == 0 || self.since.elapsed() > ARRIVAL;
        none_to_come && self.places.values().all(|place| place.request.is_some())
    }

    /// Carries out the earliest step that anyone asks for. A failure is everyone's.
    fn lead(&mut self, host: &[Corpus<'_>; 2]) {
        let led = catch_unwind(AssertUnwindSafe(|| self.carry_out(host)));
        let failed = match led {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            // dfdx and cudarc panic where a device breaks between two calls.
            Err(_) => DeviceError::Sticky {
                reason: "a call of the CUDA libraries panicked".into(),
            },
        };
        self.failed = Some(failed);
    }

    fn carry_out(&mut self, host: &[Corpus<'_>; 2]) -> Result<(), DeviceError> {
        let asked = |place: &Place| place.request.as_ref().map(|request| request.0);
        let Some(position) = self.places.values().filter_map(asked).min() else {
            return Ok(());
        };
        loop {
            // After an attempt that went half way, only those whose step is still to be taken.
            let mut ids: Vec<usize> = self
                .places
                .iter()
                .filter(|(_, place)| asked(place) == Some(position))
                .map(|(&id, _)| id)
                .collect();
            ids.sort_by_key(|id| (self.places[id].name, *id));
            match self.attempt(&ids, host) {
                Err(DeviceError::OutOfMemory { .. })
                    if !self.half_done() && self.make_room(ids.len()) => {}
                other => return other,
            }
        }
    }

    /// Whether a group failed in the middle of a step.
    fn half_done(&self) -> bool {
        self.groups.iter().any(|(_, group)| group.half_done())
    }

    /// Puts half as many models side by side, or takes the features off the device where there is but one; false where
    /// nothing is left to try.
    fn make_room(&mut self, models: usize) -> bool {
        let most = self.capacity.min(models);
        self.capacity = most.div_ceil(2);
        match most {
            0 | 1 => self.resident.take().is_some(),
            _ => self.dissolve().is_ok(),
        }
    }

    /// Where the device has too little memory, nothing has changed on it, so that another attempt may follow; unless the
    /// group is [`Self::half_done`].
    fn attempt(&mut self, ids: &[usize], host: &[Corpus<'_>; 2]) -> Result<(), DeviceError> {
        // One group's step has the memory for itself.
        let card = Arc::clone(&self.card);
        let _turn = card.turn();
        self.regroup(ids)?;
        let [train, validation]: &[Corpus<'_>; 2] = match &self.resident {
            Some(resident) => resident,
            None => host,
        };
        for (ids, group) in &mut self.groups {
            let mut steps = Vec::with_capacity(ids.len());
            for id in ids.iter() {
                if let Some(Some((_, Work::Step(step)))) =
                    self.places.get(id).map(|place| &place.request)
                {
                    steps.push(&**step);
                }
            }
            let told = |error: CudaError| {
                let told = self.card.tell("taking a step", &error);
                match (told, steps.first()) {
                    (DeviceError::OutOfMemory { .. }, Some(step)) => too_large(step, train),
                    (told, _) => told,
                }
            };
            let answers: Vec<Answer> = match steps.first() {
                Some(first) => {
                    group
                        .reserve(train, &first.utterances, &first.update)
                        .map_err(told)?;
                    step(group, train, &steps).map_err(told)?;
                    ids.iter().map(|_| Answer::Stepped).collect()
                }
                None => {
                    let rows = group.classify(validation).map_err(told)?;
                    rows.into_iter().map(Answer::Classified).collect()
                }
            };
            for (id, answer) in ids.iter().zip(answers) {
                if let Some(place) = self.places.get_mut(id) {
                    place.request = None;
                    place.answer = Some(answer);
                }
            }
        }
        Ok(())
    }

    /// Puts exactly these trainings on the device, at most `capacity` side by side.
    fn regroup(&mut self, ids: &[usize]) -> Result<(), DeviceError> {
        let there = self.groups.iter().flat_map(|(ids, _)| ids);
        if there.eq(ids) {
            return Ok(());
        }
        self.dissolve()?;
        for chunk in ids.chunks(self.capacity) {
            let states: Vec<TrainingState> = chunk
                .iter()
                .filter_map(|id| self.places.get(id)?.state.clone())
                .collect();
            let group = Group::new(&self.card, states);
            let group = group.map_err(|error| self.card.tell("holding the models", &error))?;
            for id in chunk {
                if let Some(place) = self.places.get_mut(id) {
                    place.state = None;
                }
            }
            self.groups.push((chunk.to_vec(), group));
        }
        Ok(())
    }

    /// Takes all trainings off the device.
    fn dissolve(&mut self) -> Result<(), DeviceError> {
        self.collect_losses()?;
        for (ids, group) in std::mem::take(&mut self.groups) {
            for (model, id) in ids.iter().enumerate() {
                if let Some(place) = self.places.get_mut(id) {
                    let state = group.state(model);
                    place.state =
                        Some(state.map_err(|error| self.card.tell("reading a model", &error))?);
                }
            }
        }
        Ok(())
    }

    /// Hands what the steps measured to their trainings.
    fn collect_losses(&mut self) -> Result<(), DeviceError> {
        for (ids, group) in &mut self.groups {
            let losses = group.losses();
            for step in losses.map_err(|error| self.card.tell("reading the losses", &error))? {
                for (id, losses) in ids.iter().zip(step) {
                    if let Some(place) = self.places.get_mut(id) {
                        place.losses.push(losses);
                    }
                }
            }
        }
        Ok(())
    }
}

fn step(group: &mut Group, corpus: &Corpus<'_>, steps: &[&StepWork]) -> Result<(), CudaError> {
    let Some(first) = steps.first() else {
        return Ok(());
    };
    let models: Vec<ModelStep<'_>> = steps
        .iter()
        .map(|step| ModelStep {
            targets: &step.targets,
            alpha: step.alpha,
            reversal: step.reversal,
            dropout_seed: step.dropout_seed,
            update: step.update,
            gradient_clip_norm: step.gradient_clip_norm,
        })
        .collect();
    let batch = GroupBatch {
        corpus,
        utterances: &first.utterances,
        fill: first.fill,
        dropout: first.dropout,
        class_weights: first.class_weights.as_deref(),
    };
    group.step(&batch, &models)
}

/// What to say where not even one model's batch fits.
fn too_large(step: &StepWork, corpus: &Corpus<'_>) -> DeviceError {
    let frames: usize = step
        .utterances
        .iter()
        .map(|own| corpus.frames(own.at))
        .sum();
    DeviceError::OutOfMemory {
        what: format!(
            "a batch of {} utterances with {frames} frames",
            step.utterances.len()
        ),
        help: "lower `batch` of the train stage, or free memory on the device (`nvidia-smi` tells who holds it)"
            .into(),
    }
}
