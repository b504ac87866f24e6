//! Which tasks were given which units.

use std::collections::HashMap;

use crate::cut::Placed;
use crate::error::ClusterError;
use crate::job_array::{JobArray, Piece};
use crate::ledger::{Ledger, PieceFile, TaskFile};
use crate::work::Work;

/// What was submitted, as the ledger has it.
#[derive(Debug, Default)]
pub struct Assignments {
    /// The arrays, by number.
    pub arrays: Vec<JobArray>,
    /// The names that they were submitted under.
    pub names: Vec<String>,
    /// Their jobs, where these are known.
    pub jobs: Vec<Option<u64>>,
    /// For each unit, the task that it was given last.
    pub placed: HashMap<usize, Placed>,
    /// For each unit whose items are shared, the array that does these.
    pub shares: HashMap<usize, usize>,
    /// How often a unit was tried before the last time.
    pub attempts: HashMap<usize, usize>,
}

impl Assignments {
    /// Takes what the ledger has of arrays that are not known yet; true if there were any.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn refresh(
        &mut self,
        ledger: &Ledger,
        units: &HashMap<String, usize>,
    ) -> Result<bool, ClusterError> {
        let more = ledger.arrays_from(self.arrays.len())?;
        let any = !more.is_empty();
        for array in more {
            let number = self.arrays.len();
            let job = ledger.job(number)?;
            self.take(array, job, units);
        }
        Ok(any)
    }

    fn take(&mut self, file: TaskFile, job: Option<u64>, units: &HashMap<String, usize>) {
        let number = self.arrays.len();
        let mut array = JobArray {
            title: file.title,
            tasks: Default::default(),
            after: file.after,
            resources: file.resources,
        };
        for (task, pieces) in file.tasks {
            let mut known = Vec::new();
            for piece in pieces {
                let Some(&unit) = units.get(&piece.unit) else {
                    continue;
                };
                known.push(Piece {
                    unit,
                    share: piece.share,
                });
                match piece.share {
                    Some(_) => drop(self.shares.insert(unit, number)),
                    None => {
                        let place = Placed {
                            array: number,
                            task,
                        };
                        self.placed.insert(unit, place);
                        self.attempts.insert(unit, piece.attempt);
                    }
                }
            }
            array.tasks.insert(task, known);
        }
        self.arrays.push(array);
        self.names.push(file.name);
        self.jobs.push(job);
    }

    /// What the tasks of `array` do, as the ledger is to have it; `attempt` says how often a unit was tried before.
    pub fn file(
        array: &JobArray,
        name: String,
        works: &[Work],
        attempt: impl Fn(usize) -> usize,
    ) -> TaskFile {
        let piece = |piece: &Piece| {
            let work = &works[piece.unit];
            PieceFile {
                unit: work.name.clone(),
                share: piece.share,
                key: work.key.clone(),
                plan_key: work.plan_key.clone(),
                attempt: attempt(piece.unit),
            }
        };
        let tasks = array.tasks.iter();
        TaskFile {
            title: array.title.clone(),
            name,
            resources: array.resources,
            after: array.after.clone(),
            tasks: tasks
                .map(|(task, pieces)| (*task, pieces.iter().map(piece).collect()))
                .collect(),
        }
    }
}
