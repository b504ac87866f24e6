//! A training's hold on the device: it asks for steps and waits for them.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, Weak};

use dfdx::tensor::CudaError;
use pipe_foundation::Digest;
use pipe_foundation::FeaturesView;
use pipe_foundation::Workers;
use pipe_foundation::sync::{lock, wait_timeout};

use crate::model::cuda::{Card, Corpus, Group};
use crate::model::{DeviceError, ModelError, Network, Outputs, StepLosses, TrainingState};
use crate::train::{Example, TrainingData};

use super::{Answer, Lockstep, POLL, Place, Position, State, StepWork, Work};

/// Who may train together: one network, one data, one order.
type Key = (usize, bool, Digest);

/// A training's hold on the device.
pub(in crate::train) struct Member<'a> {
    /// Its features to train on and to validate on.
    host: [Corpus<'a>; 2],
    lockstep: Arc<Lockstep>,
    id: usize,
    workers: Arc<Workers>,
}

impl<'a> Member<'a> {
    /// Joins the trainings with the same `key`, which covers network, data and order; `name` sorts them.
    pub(in crate::train) fn join(
        (ordinal, tf32): (usize, bool),
        (key, name): (Digest, Digest),
        data: &TrainingData<'a>,
        state: TrainingState,
        workers: &Arc<Workers>,
    ) -> Result<Self, ModelError> {
        static ALL: Mutex<Option<HashMap<Key, Weak<Lockstep>>>> = Mutex::new(None);
        let card = Card::shared(ordinal, tf32)?;
        let lockstep = {
            let mut all = lock(&ALL);
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
            // Not between the moment at which the step of another lockstep looks for room and takes it.
            let card = Arc::clone(&locked.card);
            let _turn = card.turn();
            let resident = upload(&card, &views);
            let resident = resident
                .map_err(|error| locked.card.to_device_error("copying the features", &error));
            locked.resident = resident?;
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
    pub(in crate::train) fn step(
        &self,
        position: Position,
        work: StepWork,
    ) -> Result<(), ModelError> {
        self.ask(position, Work::Step(Box::new(work))).map(|_| ())
    }

    /// What the network says of the validation utterances.
    pub(in crate::train) fn predict(&self, epoch: usize) -> Result<Vec<Outputs>, ModelError> {
        match self.ask(Position::validation(epoch), Work::Predict)? {
            Answer::Predicted(outputs) => Ok(outputs),
            Answer::Stepped => Ok(Vec::new()),
        }
    }

    /// What the steps since the last call measured.
    pub(in crate::train) fn losses(&self) -> Result<Vec<StepLosses>, ModelError> {
        let mut state = self.lockstep.lock();
        state.collect_losses()?;
        let own = state.places.get_mut(&self.id);
        Ok(own
            .map(|own| std::mem::take(&mut own.losses))
            .unwrap_or_default())
    }

    /// What the user should know of how the device is used; each remark is given to one of the trainings.
    pub(in crate::train) fn remarks(&self) -> Vec<String> {
        self.lockstep.lock().remarks()
    }

    /// The network with its present values.
    pub(in crate::train) fn network(&self) -> Result<Network, ModelError> {
        self.read(
            |group, model| group.network(model),
            TrainingState::into_network,
        )
    }

    /// All that the next step depends on besides its batch.
    pub(in crate::train) fn state(&self) -> Result<TrainingState, ModelError> {
        self.read(|group, model| group.state(model), |state| state)
    }

    /// Goes on from another state.
    pub(in crate::train) fn restore(&self, new: TrainingState) -> Result<(), ModelError> {
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
                return Ok(
                    found.map_err(|error| state.card.to_device_error("reading a model", &error))?
                );
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
            state = wait_timeout(&self.lockstep.changed, state, POLL);
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
