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
use super::worker::{FileState, Request, Worker, WorkerError, file_state};
use super::{CommandError, CommandStage, sandbox};

/// What became of an item.
type Made = Result<Box<dyn ItemData>, ItemError>;

/// Why items that were asked for together have no results.
struct Unmade {
    error: ItemError,
    /// One of them may be to blame.
    by_an_item: bool,
}

impl Unmade {
    fn of(error: CommandError) -> Self {
        match &error {
            CommandError::Start { reason, .. } => Self {
                error: ItemError::of_system(&error, reason),
                by_an_item: false,
            },
            CommandError::Died { .. }
            | CommandError::TimedOut { .. }
            | CommandError::NoAnswer { .. }
            | CommandError::OtherNumber { .. } => Self {
                error: ItemError::transient(error),
                by_an_item: true,
            },
            _ => Self::of_all(error),
        }
    }

    fn of_all(reason: impl ToString) -> Self {
        Self {
            error: ItemError::transient(reason),
            by_an_item: false,
        }
    }
}

/// Tells that a program is started again for `items`, by the id of the first of them.
fn report_restart(items: &[(&str, &dyn ItemData)], reason: String, context: &ItemContext<'_>) {
    let item = items.first().map_or("", |(id, _)| id).to_owned();
    let restarted = ProgramRestarted { item, reason };
    context.progress.report(Arc::new(restarted));
}

impl CommandStage {
    /// Has a worker process items, each with its id: one that is idle, or a new one. Items with which a worker dies, or takes
    /// too long, are halved until it is one; that one gets a second worker.
    pub fn process_by_worker(
        &self,
        items: &[(&str, &dyn ItemData)],
        context: &ItemContext<'_>,
    ) -> Vec<Made> {
        self.warn_of_shell(context.progress);
        let mut places: BTreeMap<String, PathBuf> = BTreeMap::new();
        let lent = self.lent(context.threads, context.devices, &mut places);
        let program = self.program(&places, lent);
        let mut made = Vec::with_capacity(items.len());
        // Parts that are left, the next one last.
        let mut left = vec![items];
        while let Some(part) = left.pop() {
            match self.process_part(part, &program, context) {
                Ok(part) => made.extend(part),
                Err(unmade) if unmade.by_an_item && part.len() > 1 => {
                    let reason = format!("{} ({} items at once)", unmade.error.reason, part.len());
                    report_restart(part, reason, context);
                    let (first, second) = part.split_at(part.len() / 2);
                    left.extend([second, first]);
                }
                Err(unmade) => made.extend(part.iter().map(|_| Err(unmade.error.clone()))),
            }
        }
        made
    }

    /// Has a worker process items at once. One with which it dies alone gets a second one.
    ///
    /// # Errors
    /// Why there is no answer.
    fn process_part(
        &self,
        items: &[(&str, &dyn ItemData)],
        program: &Program,
        context: &ItemContext<'_>,
    ) -> Result<Vec<Made>, Unmade> {
        let request = match self.options.batch {
            Some(_) => Request::List,
            None => Request::One,
        };
        let mut first = items.len() == 1;
        let mut unchanged = true;
        loop {
            let mut worker = self.worker(program, context).map_err(Unmade::of)?;
            let paths: Vec<(PathBuf, PathBuf)> = (items.iter().enumerate())
                .map(|(at, (_, item))| {
                    let place = |name: &str| worker.path(&numbered(name, at));
                    (place(input_name(*item)), place(self.output_name()))
                })
                .collect();
            let written = items.iter().zip(&paths);
            let written = written
                .map(|((_, item), (input, _))| write_item(input, *item, context.progress))
                .collect::<Result<Vec<()>, String>>();
            if let Err(error) = written {
                self.keep(worker, &paths);
                return Err(Unmade::of_all(error));
            }
            let asked = worker.ask(program, request, &paths, context.progress);
            // What the program has read of a declared file before is not what the key names, even if that is back by now.
            if worker.files != self.file_states() {
                worker.end(false);
                if std::mem::take(&mut unchanged) {
                    report_restart(items, "a file of the command changed".into(), context);
                    continue;
                }
                let reason = "the files of the command change while its program runs";
                return Err(Unmade::of_all(reason));
            }
            match asked {
                Ok(answers) => {
                    let made = answers.into_iter().zip(&paths);
                    let made = made.map(|(answer, (_, output))| match answer.error {
                        None => read_item(output, self.makes, context.progress)
                            .map_err(ItemError::transient),
                        Some(reason) => {
                            Err(ItemError::transient(format!("the program says: {reason}")))
                        }
                    });
                    let made = made.collect();
                    self.keep(worker, &paths);
                    return Ok(made);
                }
                Err(WorkerError::Died(ended)) if std::mem::take(&mut first) => {
                    let reason = format!("it ended with {}", self.status(&ended));
                    report_restart(items, reason, context);
                    worker.end(false);
                }
                Err(WorkerError::Died(ended)) => {
                    worker.end(false);
                    return Err(Unmade::of(self.died(&ended, program)));
                }
                Err(WorkerError::Failed(error)) => {
                    worker.end(false);
                    return Err(Unmade::of(error));
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
    fn keep(&self, worker: Worker, files: &[(PathBuf, PathBuf)]) {
        for (input, output) in files {
            // One that was not written is not there.
            let _ = std::fs::remove_file(input);
            let _ = std::fs::remove_file(output);
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

/// The name of the file of an item among several; the first has the plain one.
fn numbered(name: &str, at: usize) -> String {
    match (at, name.split_once('.')) {
        (0, _) => name.to_owned(),
        (_, Some((stem, extension))) => format!("{stem}-{at}.{extension}"),
        (_, None) => format!("{name}-{at}"),
    }
}
