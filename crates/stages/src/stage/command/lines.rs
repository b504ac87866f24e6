//! `protocol = "lines"`: items through programs that are kept running.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pipe_engine::artifact::ItemData;
use pipe_engine::stage::{ItemContext, ItemError};
use pipe_foundation::progress::Progress;
use pipe_foundation::sync::lock;

use super::exchange::{input_name, read_item, write_item};
use super::execution::{by_hand, temporary_beside};
use super::messages::{Ended, Program};
use super::restarted::ProgramRestarted;
use super::worker::{FileState, Unanswered, Worker, file_state};
use super::{CommandError, CommandStage, sandbox};

impl CommandStage {
    /// Has a worker process the item with the id `item`: one that is idle, or a new one. An item with which a worker dies gets a second one.
    ///
    /// # Errors
    /// When the item has no result.
    pub fn process_by_worker(
        &self,
        item: &str,
        input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        self.warn_of_shell(context.progress);
        let mut places: BTreeMap<String, PathBuf> = BTreeMap::new();
        let lent = self.lent(context.threads, context.devices, &mut places);
        let program = self.program(&places, lent);
        let failed = |error: CommandError| match &error {
            CommandError::Start { reason, .. } => ItemError::of_system(&error, reason),
            other => ItemError::transient(other),
        };
        let restarted = |reason: String| {
            let item = item.to_owned();
            let report = ProgramRestarted { item, reason };
            context.progress.report(Arc::new(report));
        };
        let mut first = true;
        let mut unchanged = true;
        loop {
            let mut worker = self.worker(&program, context).map_err(failed)?;
            let input_path = worker.path(input_name(input));
            let output_path = worker.path(self.output_name());
            let written = write_item(&input_path, input, context.progress);
            if let Err(error) = written {
                self.keep(worker, [&input_path, &output_path]);
                return Err(ItemError::transient(error));
            }
            let asked = worker.ask(&program, &input_path, &output_path, context.progress);
            // What the program has read of a declared file before is not what the key names, even if that is back by now.
            if worker.files != self.file_states() {
                worker.end(false);
                if std::mem::take(&mut unchanged) {
                    restarted("a file of the command changed".into());
                    continue;
                }
                let reason = "the files of the command change while its program runs";
                return Err(ItemError::transient(reason));
            }
            match asked {
                Ok(()) => {
                    let made = read_item(&output_path, self.makes, context.progress);
                    self.keep(worker, [&input_path, &output_path]);
                    return made.map_err(ItemError::transient);
                }
                Err(Unanswered::Refused(reason)) => {
                    self.keep(worker, [&input_path, &output_path]);
                    return Err(ItemError::transient(format!("the program says: {reason}")));
                }
                Err(Unanswered::Died(ended)) if std::mem::take(&mut first) => {
                    restarted(format!("it ended with {}", self.status(&ended)));
                    worker.end(false);
                }
                Err(Unanswered::Died(ended)) => {
                    worker.end(false);
                    return Err(failed(self.died(&ended, &program)));
                }
                Err(Unanswered::Failed(error)) => {
                    worker.end(false);
                    return Err(failed(error));
                }
            }
        }
    }

    /// Lets all workers end.
    pub fn end_workers(&self, progress: &dyn Progress) {
        let workers = std::mem::take(&mut *lock(&self.workers));
        for worker in workers {
            let waits = !progress.interrupted();
            let (ended, had_to) = worker.end(waits);
            if had_to && waits && !self.warned.swap(true, Ordering::Relaxed) {
                progress.warn(
                    "the program did not end when its standard input did, and was terminated; its results are whole",
                );
            }
            if let Some(ended) = ended {
                self.warn_of_left_running(&ended, progress);
            }
        }
    }

    fn worker(&self, program: &Program, context: &ItemContext<'_>) -> Result<Worker, CommandError> {
        let files = self.file_states();
        loop {
            let fits = |worker: &Worker| worker.devices == context.devices;
            let idle = {
                let mut idle = lock(&self.workers);
                let place = idle.iter().position(fits);
                place.map(|place| idle.swap_remove(place))
            };
            match idle {
                Some(worker) if worker.files == files => return Ok(worker),
                Some(outdated) => drop(outdated.end(false)),
                None => break,
            }
        }
        let prepare = |reason| CommandError::Prepare {
            path: context.scratch.to_path_buf(),
            reason,
        };
        let scratch = std::path::absolute(context.scratch).map_err(prepare)?;
        let folder = tempfile::tempdir_in(&scratch).map_err(prepare)?;
        let temporary = match self.sandbox {
            true => Some(temporary_beside(folder.path())?),
            false => None,
        };
        let started = match &temporary {
            Some(temporary) => sandbox::wrapped(
                program.clone(),
                folder.path(),
                temporary.path(),
                self.options.devices.is_some(),
            ),
            None => program.clone(),
        };
        Worker::start(&started, context.devices, files, folder, temporary)
    }

    /// Keeps a worker for the next item, which must not find the `files` of this one.
    fn keep(&self, worker: Worker, files: [&PathBuf; 2]) {
        for file in files {
            // One that was not written is not there.
            let _ = std::fs::remove_file(file);
        }
        lock(&self.workers).push(worker);
    }

    fn file_states(&self) -> Vec<FileState> {
        self.files
            .iter()
            .map(|file| file_state(&file.path))
            .collect()
    }

    fn died(&self, ended: &Ended, program: &Program) -> CommandError {
        CommandError::Died {
            status: self.status(ended),
            tail: ended.tail.trim_end().to_owned(),
            line: by_hand(program),
        }
    }
}
