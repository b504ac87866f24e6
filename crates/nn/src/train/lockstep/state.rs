//! What all trainings of a lockstep share: the work they ask for, and the groups of models on the device that do it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Card, Corpus, Group, GroupBatch, ModelStep};
use crate::model::{DeviceError, TrainingState};
use crate::train::launch_barrier::LaunchBarrier;

use super::{Answer, LONGEST_LAUNCH, Place, Reported, State, StepWork, Work};

impl State {
    pub(super) fn new(card: Arc<Card>) -> Self {
        Self {
            reported: Reported {
                capacity: usize::MAX,
                features_left: false,
                irregular: card.irregular_products(),
            },
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

    pub(super) fn all_have_asked(&self) -> bool {
        let none_to_come = LaunchBarrier::expected(self.card.ordinal()) == 0
            || self.since.elapsed() > LONGEST_LAUNCH;
        none_to_come && self.places.values().all(|place| place.request.is_some())
    }

    /// Carries out the earliest step that anyone asks for. A failure is everyone's.
    pub(super) fn lead(&mut self, host: &[Corpus<'_>; 2]) {
        let led = catch_unwind(AssertUnwindSafe(|| self.carry_out(host)));
        let failed = match led {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            // dfdx and cudarc panic where a device breaks between two calls.
            Err(_) => {
                self.card.break_off();
                DeviceError::Sticky {
                    reason: "a call of the CUDA libraries panicked".into(),
                }
            }
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
        match self.capacity.min(models) {
            0 | 1 => {
                // Without the features there may be room for more than one again.
                self.capacity = usize::MAX;
                self.resident.take().is_some()
            }
            most => {
                self.capacity = most.div_ceil(2);
                self.dissolve().is_ok()
            }
        }
    }

    /// What the user should know of how the device is used and was not told before: it costs time, or digits.
    pub(super) fn remarks(&mut self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.tried && self.resident.is_none() && !self.reported.features_left {
            self.reported.features_left = true;
            remarks.push(
                "the device has no room for all features alongside the models: each batch copies its own; results are the same"
                    .into(),
            );
        }
        let reported = std::mem::replace(&mut self.reported.capacity, self.capacity);
        if self.capacity != reported && self.capacity < usize::MAX {
            remarks.push(format!(
                "the device has room for at most {} of the models at once: they take turns; results are the same",
                self.capacity
            ));
        }
        let irregular = self.card.irregular_products();
        if self.reported.irregular == 0 && irregular > 0 {
            self.reported.irregular = irregular;
            remarks.push(format!(
                "cuBLAS refused the algorithms chosen for {irregular} products: they take longer, and last digits may depend on which models train together; another version of cuBLAS may accept them"
            ));
        }
        remarks
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
            let explained = |error: CudaError| {
                let error = self.card.to_device_error("taking a step", &error);
                match (error, steps.first()) {
                    (DeviceError::OutOfMemory { .. }, Some(step)) => too_large(step, train),
                    (error, _) => error,
                }
            };
            let answers: Vec<Answer> = match steps.first() {
                Some(first) => {
                    group
                        .reserve(train, &first.utterances, &first.update)
                        .map_err(explained)?;
                    step(group, train, &steps).map_err(explained)?;
                    ids.iter().map(|_| Answer::Stepped).collect()
                }
                None => {
                    let outputs = group.predict(validation).map_err(explained)?;
                    outputs.into_iter().map(Answer::Predicted).collect()
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
            let group =
                group.map_err(|error| self.card.to_device_error("holding the models", &error))?;
            for id in chunk {
                if let Some(place) = self.places.get_mut(id) {
                    place.state = None;
                }
            }
            self.groups.push((chunk.to_vec(), group));
        }
        Ok(())
    }

    /// Takes all trainings off the device; where one cannot be read, all have failed.
    pub(super) fn dissolve(&mut self) -> Result<(), DeviceError> {
        let dissolved = self.take_off();
        if let Err(error) = &dissolved {
            self.failed = Some(error.clone());
        }
        dissolved
    }

    fn take_off(&mut self) -> Result<(), DeviceError> {
        self.collect_losses()?;
        for (ids, group) in std::mem::take(&mut self.groups) {
            for (model, id) in ids.iter().enumerate() {
                if let Some(place) = self.places.get_mut(id) {
                    let state = group.state(model);
                    place.state =
                        Some(state.map_err(|error| {
                            self.card.to_device_error("reading a model", &error)
                        })?);
                }
            }
        }
        Ok(())
    }

    /// Passes what the steps measured to their trainings.
    pub(super) fn collect_losses(&mut self) -> Result<(), DeviceError> {
        for (ids, group) in &mut self.groups {
            let losses = group.losses();
            for step in
                losses.map_err(|error| self.card.to_device_error("reading the losses", &error))?
            {
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
            update: step.update.clone(),
            gradient_clip_norm: step.gradient_clip_norm,
        })
        .collect();
    let batch = GroupBatch {
        corpus,
        utterances: &first.utterances,
        fill: first.fill,
        dropout: first.dropout,
        tasks: &first.tasks,
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
        help: "lower `batch` of the train stage, or free memory on the device (`nvidia-smi` shows what uses it)"
            .into(),
    }
}
