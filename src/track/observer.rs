//! Receives the events of a run and writes those of its trainings.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;

use miette::Report;
use pipe_engine::artifact::FingerprintInputs;
use pipe_engine::cache::Cache;
use pipe_engine::exec::{Event, Observer, StageEvent, Status, runs_folder};
use pipe_engine::plan::Plan;
use pipe_foundation::Digest;
use pipe_foundation::sync::lock;
use pipe_nn::train::{EpochReport, TrainingResumed};

use crate::inspect::step::{self, history};
use pipe_stages::items::MODEL;

use super::event::Event as BoardEvent;
use super::event_file::EventFile;
use super::target::TrackTarget;

/// Passes everything on to another observer and tracks the trainings.
pub struct Tracking<'a> {
    inner: &'a dyn Observer,
    cache: &'a Cache,
    /// Every training of the plan, by id.
    trainings: HashMap<String, Training>,
    open: Mutex<HashMap<String, Option<EventFile>>>,
}

/// A training and where its events go.
struct Training {
    folder: PathBuf,
    identity: String,
    summary: String,
}

impl<'a> Tracking<'a> {
    /// Tracks the trainings of `plan` below the folder of `target`, each in a folder named after manifest and step.
    pub fn new(
        target: &TrackTarget,
        plan: &Plan,
        cache: &'a Cache,
        inner: &'a dyn Observer,
    ) -> Self {
        let TrackTarget::TensorBoard(root) = target;
        let steps = plan.steps.iter().enumerate();
        let trainings = steps
            .filter(|(_, step)| step.output == MODEL)
            .map(|(index, step)| {
                let mut parameters = FingerprintInputs::default();
                parameters.add_json("", &step.keyed_parameters());
                let summary = markdown(&parameters);
                let training = Training {
                    folder: root.join(&plan.name).join(runs_folder(plan, index)),
                    identity: Digest::of(summary.as_bytes()).short(),
                    summary,
                };
                (step.id().to_string(), training)
            })
            .collect();
        Self {
            inner,
            cache,
            trainings,
            open: Mutex::default(),
        }
    }

    fn on_event(&self, event: &Event) -> Result<(), (String, std::io::Error)> {
        let (step, done) = match event {
            Event::StepStarted { step } => (step, self.started(step)),
            Event::Stage(event) => (&event.step, self.reported(event)),
            Event::StepFinished {
                step, status, key, ..
            } => (step, self.finished(step, *status, key.as_deref())),
            _ => return Ok(()),
        };
        done.map_err(|error| (step.clone(), error))
    }

    fn reported(&self, event: &StageEvent) -> std::io::Result<()> {
        let step = &event.step;
        if let Some(TrainingResumed { scalars }) = event.report() {
            for (epoch, scalars) in scalars.iter().enumerate() {
                self.push(step, &BoardEvent::scalars(epoch + 1, scalars))?;
            }
        }
        match event.report() {
            Some(EpochReport { epoch, scalars, .. }) => {
                self.push(step, &BoardEvent::scalars(epoch + 1, scalars))
            }
            None => Ok(()),
        }
    }

    fn started(&self, step: &str) -> std::io::Result<()> {
        let Some(training) = self.trainings.get(step) else {
            return Ok(());
        };
        let mut file = EventFile::open(&training.folder, &training.identity)?;
        file.push(&BoardEvent::version())?;
        file.push(&BoardEvent::text("parameters", &training.summary))?;
        self.open_files().insert(step.into(), Some(file));
        Ok(())
    }

    fn push(&self, step: &str, event: &BoardEvent) -> std::io::Result<()> {
        match self.open_files().get_mut(step) {
            Some(Some(file)) => file.push(event),
            _ => Ok(()),
        }
    }

    fn finished(&self, step: &str, status: Status, key: Option<&str>) -> std::io::Result<()> {
        if !self.trainings.contains_key(step) {
            return Ok(());
        }
        let key = key
            .and_then(Digest::parse)
            .filter(|_| status == Status::Hit);
        let record = match key {
            Some(key) => self
                .cache
                .records
                .get(&key)
                .map_err(std::io::Error::other)?,
            None => None,
        };
        if let Some(record) = record {
            let epochs = history(self.cache, &record).map_err(std::io::Error::other)?;
            self.started(step)?;
            let classes = step::classes(self.cache, &record).map_err(std::io::Error::other)?;
            for record in &epochs {
                self.push(
                    step,
                    &BoardEvent::scalars(record.epoch + 1, &record.scalars(&classes)),
                )?;
            }
        }
        let file = self.open_files().remove(step).flatten();
        match (file, status) {
            // What was stopped continues from there.
            (Some(_), Status::Skipped) | (None, _) => Ok(()),
            (Some(file), _) => file.finish(),
        }
    }

    fn open_files(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<EventFile>>> {
        lock(&self.open)
    }
}

impl Observer for Tracking<'_> {
    fn event(&self, event: &Event) {
        self.inner.event(event);
        if let Err((step, error)) = self.on_event(event) {
            // Tracking must not cost the training; its history can be written later.
            self.open_files().insert(step.clone(), None);
            self.inner.event(&Event::Warning {
                step,
                message: format!("no longer tracked: {error}"),
            });
        }
    }

    fn failure(&self, step: &str, report: &Report) {
        self.inner.failure(step, report);
    }

    fn interrupted(&self) -> bool {
        self.inner.interrupted()
    }
}

/// The parameters as a table.
fn markdown(parameters: &FingerprintInputs) -> String {
    let mut text = String::from("| parameter | value |\n|---|---|\n");
    for (name, value) in &parameters.0 {
        let name = name.trim_start_matches('.');
        text.push_str(&format!("| {name} | {} |\n", value.replace('|', "\\|")));
    }
    text
}
