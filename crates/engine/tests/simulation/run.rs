//! One run of the plan by a simulated process, and what was heard of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};

use pipe_engine::cache::{Cache, CacheError};
use pipe_engine::exec::{self, Event, Observer, RunError, RunOptions, RunSummary, Status};
use pipe_engine::manifest::ReadOptions;
use pipe_engine::plan::Plan;
use pipe_engine::stage::Device;
use pipe_foundation::panics::describe;
use pipe_foundation::sync::lock;

use super::domain::Texts;
use super::model::Parameters;
use super::process::Process;
use super::story::{CACHE, RUNS};

/// A step that was done.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its id.
    pub step: String,
    /// Whether it ran.
    pub executed: bool,
    /// Items that were made.
    pub computed: usize,
}

/// What was heard of a run while its process lived.
#[derive(Debug, Default)]
pub struct Heard {
    /// Steps that were done.
    pub finished: Vec<Finished>,
    /// Warnings.
    pub warnings: Vec<String>,
    /// Errors of steps.
    pub failures: Vec<String>,
}

/// What became of a run.
pub struct Ran {
    /// Its end; none where its process was killed.
    pub summary: Option<Result<RunSummary, RunError>>,
    /// What was heard of it.
    pub heard: Heard,
    /// A defect of the engine.
    pub panic: Option<String>,
}

struct Listener<'a> {
    process: &'a Process,
    heard: Mutex<Heard>,
}

impl Observer for Listener<'_> {
    fn event(&self, event: &Event) {
        if !self.process.world.lives(self.process.number) {
            return;
        }
        let mut heard = lock(&self.heard);
        match event {
            Event::Warning { step, message } => heard.warnings.push(format!("{step}: {message}")),
            Event::StepFailed { step, error, .. } => {
                heard.failures.push(format!("{step}: {error}"));
            }
            Event::StepFinished {
                step,
                status: status @ (Status::Executed | Status::Hit),
                computed,
                ..
            } => heard.finished.push(Finished {
                step: step.clone(),
                executed: *status == Status::Executed,
                computed: *computed,
            }),
            _ => {}
        }
    }
}

/// Items of more bytes are long: those of the longest texts.
const LONG_BYTES: u64 = 130;

/// The cache, as `process` sees it.
pub fn open(process: &Process) -> Result<Cache, CacheError> {
    let mut cache = Cache::open_on(Arc::new(process.clone()), Path::new(CACHE), false)?;
    cache.set_long_bytes(LONG_BYTES);
    Ok(cache)
}

/// Runs the plan in `process`, which then ends.
pub fn run(process: &Process, manifest: &Path, parameters: Parameters) -> Ran {
    let overrides = [
        format!("stage.salted.salt={}", parameters.salt),
        format!("stage.fitted.rounds={}", parameters.rounds),
    ];
    let read = ReadOptions {
        overrides: &overrides,
        ..ReadOptions::default()
    };
    let mut domain = Texts(process.clone());
    let plan = Plan::read(manifest, &read, Device::default(), &mut domain);
    let mut plan = plan.unwrap_or_else(|errors| panic!("{:?}", errors.shown()));
    // Wherever the tests are, the seed is the same.
    plan.manifest = "/demo.toml".into();
    // The parameters stand for edits of the manifest, whose results have one folder.
    plan.changes = None;
    let options = RunOptions {
        jobs: 1,
        keep_going: false,
        memory_bytes: u64::MAX,
        devices: 1,
        checkpoint_bytes: 250,
        largest_copy_bytes: 60,
        expected: None,
        runs: Path::new(RUNS),
        ..RunOptions::default()
    };
    let listener = Listener {
        process,
        heard: Mutex::default(),
    };
    let work = || -> Result<RunSummary, RunError> {
        let cache = open(process)?;
        exec::run(&plan, &cache, &options, &listener)
    };
    let done = catch_unwind(AssertUnwindSafe(work));
    drop(plan);
    let lived = process.world.end(process.number);
    let (summary, panic) = match done {
        Ok(done) => (lived.then_some(done), None),
        Err(panic) => (None, Some(describe(&*panic))),
    };
    Ran {
        summary,
        heard: lock(&listener.heard).take(),
        panic,
    }
}

impl Heard {
    fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}
