//! One run of an aggregate step.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;

use crate::artifact::FingerprintInputs;
use crate::cache::{
    Cache, CacheError, Lookup, Reservation, RunLog, Scratch, StepOutput, checkpoint_key,
    final_checkpoint_key,
};
use crate::plan::Plan;
use crate::stage::{AggregateContext, AggregateStage, Device, Interrupted, Stage};

use super::allotment::Allotment;
use super::declared_files::KeyedFiles;
use super::event::{Event, Status};
use super::internal_error::internal_error;
use super::misses::Misses;
use super::observer::{Observer, StepProgress};
use super::outcome::StepResult;
use super::outputs::Outputs;
use super::status::Resolver;

/// Why a step has no result of its own.
pub enum Stopped {
    /// The cache cannot be used.
    Cache(CacheError),
    /// These objects among its inputs are damaged.
    Damaged(BTreeSet<Digest>),
    /// The accelerator that was lent to it cannot go on: how the step ends where there is no other.
    Accelerator(Box<(usize, StepResult)>),
}

impl From<CacheError> for Stopped {
    fn from(error: CacheError) -> Self {
        Self::Cache(error)
    }
}

/// The error of a stage, unless it is one of the cache: then no stage has failed.
fn not_of_the_cache(error: miette::Report) -> Result<miette::Report, CacheError> {
    match error.downcast::<CacheError>() {
        Ok(error) => Err(error),
        Err(error) => Ok(error),
    }
}

/// Whether the same was done on a device of another kind.
fn done_elsewhere(
    device: &Device,
    cache: &Cache,
    fingerprint: &FingerprintInputs,
) -> Result<bool, CacheError> {
    for kind in device.kinds {
        let other = fingerprint.on_device(*kind);
        if other != *fingerprint && cache.records.get(&other.key())?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a step that is not in the cache needs to run.
pub struct AggregateRun<'a> {
    /// Finds the groups that hold item inputs.
    pub resolver: &'a Resolver<'a>,
    /// Outputs of the steps before it.
    pub outputs: &'a Outputs,
    /// Folders for work in progress.
    pub scratch: &'a Scratch,
    /// Where the run is recorded; none where another one is.
    pub log: Option<&'a RunLog<'a>>,
    /// Why steps have to run.
    pub misses: &'a Misses,
    /// Receives events.
    pub observer: &'a dyn Observer,
}

impl AggregateRun<'_> {
    pub(super) fn plan(&self) -> &Plan {
        self.resolver.plan
    }

    pub(super) fn cache(&self) -> &Cache {
        self.resolver.cache
    }

    /// Runs `step`, or takes the result of another run that was working on it.
    ///
    /// # Errors
    /// When the cache cannot be used, or a file among the inputs is damaged; a failure of the stage itself is a result.
    pub fn run(
        &self,
        step: usize,
        fingerprint: &FingerprintInputs,
        lent: &Allotment,
    ) -> Result<StepResult, Stopped> {
        self.open_inputs(step)?;
        let id = self.plan().steps[step].id();
        let waiting = || {
            let holder = self.cache().working_on(fingerprint);
            self.observer.event(&Event::waiting(id, &holder));
        };
        let reservation = match self
            .cache()
            .lookup(fingerprint, waiting, || self.observer.interrupted())?
        {
            None => return Ok(StepResult::skipped()),
            Some(Lookup::Hit(record)) => {
                let output = Arc::new(record.output);
                return Ok(StepResult::hit(fingerprint.key(), output));
            }
            Some(Lookup::Miss(reservation)) => reservation,
        };
        let Stage::Aggregate(stage) = &self.plan().steps[step].stage else {
            return Ok(StepResult::skipped());
        };
        self.observer.event(&Event::StepStarted { step: id.into() });
        self.execute(step, stage.as_ref(), reservation, fingerprint, lent)
    }

    /// An estimate of the memory that `step` needs; 0 where its inputs cannot be had, which its run will report.
    pub fn memory_bytes(&self, step: usize, threads: usize) -> u64 {
        let stage = match &self.plan().steps[step].stage {
            Stage::Aggregate(stage) => stage,
            _ => return 0,
        };
        let declared = stage.resources().memory_bytes;
        if !stage.needs_memory() {
            return declared;
        }
        let progress = StepProgress {
            step: self.plan().steps[step].id(),
            observer: self.observer,
        };
        let estimate = || -> miette::Result<u64> {
            let folder = self.scratch.folder()?;
            let inputs = self.inputs(step, folder.path(), threads, &progress)?;
            Ok(declared.saturating_add(stage.memory_bytes(&inputs)))
        };
        let estimate = catch_unwind(AssertUnwindSafe(estimate));
        estimate.map_or(0, Result::unwrap_or_default)
    }

    fn execute(
        &self,
        step: usize,
        stage: &dyn AggregateStage,
        mut reservation: Reservation,
        fingerprint: &FingerprintInputs,
        lent: &Allotment,
    ) -> Result<StepResult, Stopped> {
        let id = self.plan().steps[step].id();
        let system = &self.cache().system;
        let started = system.uptime();
        let out = self.scratch.folder()?;
        let temporary = self.scratch.folder()?;
        let resume = reservation.unfinished(self.cache());
        let checkpoint = match stage.extensible() {
            [] => None,
            parameters => {
                if let Some(log) = self.log {
                    log.record_start(id, fingerprint.key(), checkpoint_key(fingerprint))?;
                }
                Some(final_checkpoint_key(fingerprint, parameters))
            }
        };
        if stage.uses_device() {
            let device = &self.plan().device;
            reservation.computed_on(device.accelerator_name(lent.accelerator));
        }
        // What another device has finished would be taken over whole, and nothing be computed on this one.
        let earlier = match checkpoint {
            Some(key) if !done_elsewhere(&self.plan().device, self.cache(), fingerprint)? => {
                Some(self.cache().checkpoint(&key))
            }
            _ => None,
        };
        let progress = StepProgress {
            step: id,
            observer: self.observer,
        };
        let files = KeyedFiles::of_key(stage.files(), stage.folders(), fingerprint);
        let accelerator_failed = AtomicBool::new(false);
        let work = || -> miette::Result<()> {
            let inputs = self.inputs(step, temporary.path(), lent.share.threads(), &progress)?;
            files.check(&self.cache().files)?;
            let context = AggregateContext {
                inputs,
                missing: self.missing(step),
                out: out.path(),
                scratch: temporary.path(),
                resume: &resume,
                earlier: earlier.as_deref(),
                cores: lent.share.clone(),
                accelerator: lent.accelerator,
                accelerator_failed: &accelerator_failed,
                devices: &lent.devices,
                findings: self.cache(),
                progress: &progress,
            };
            let ran = stage.run(&context);
            // A file that changed may also be why the stage failed.
            files.check(&self.cache().files)?;
            self.check_listed_files(step)?;
            ran
        };
        let ran = catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|panic| Err(internal_error(&*panic)));
        // Who was stopped for so long that another run took the step over may have lost its scratch folder too.
        if let Some(record) = self.cache().taken_over(&mut reservation)? {
            return Ok(StepResult::hit(fingerprint.key(), Arc::new(record.output)));
        }
        let seconds = (system.uptime() - started).as_secs_f64();
        if let Err(error) = ran {
            if self.observer.interrupted() || error.is::<Interrupted>() {
                return Ok(StepResult::skipped());
            }
            let error = not_of_the_cache(error)?;
            let kept = stage.kept_on_failure().iter().filter_map(|name| {
                let bytes = system.read(&out.path().join(name)).ok()?;
                Some(((*name).to_owned(), bytes))
            });
            let failed = StepResult {
                seconds,
                kept: kept.collect(),
                ..StepResult::failed(error, Some(fingerprint.key()))
            };
            return match accelerator_failed.into_inner() {
                true => Err(Stopped::Accelerator(Box::new((step, failed)))),
                false => Ok(failed),
            };
        }
        let files = self.cache().objects.take(out.path())?;
        if let Some(Err(error)) = checkpoint.map(|key| self.cache().leave(&mut reservation, &key)) {
            progress.warn(&format!(
                "its checkpoint cannot be kept, so a longer run of it will start over: {error}"
            ));
        }
        let record = self
            .cache()
            .publish(reservation, id, StepOutput::Files(files), seconds)?;
        Ok(StepResult {
            status: Status::Executed,
            key: Some(fingerprint.key()),
            output: Some(Arc::new(record.output)),
            seconds,
            ..StepResult::skipped()
        })
    }
}
