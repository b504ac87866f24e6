//! Hands in units that no task stands for.

use std::collections::BTreeSet;

use crate::assignments::Assignments;
use crate::cluster::{Cluster, Submission};
use crate::cut::{Cut, Placed, cut};
use crate::error::ClusterError;
use crate::job_array::JobArray;
use crate::results::Results;

use super::{Follower, Happening};

impl Follower<'_> {
    /// Hands in what no task stands for. Whoever calls it holds the lock of the ledgers.
    ///
    /// # Errors
    /// When the cluster refuses, or the ledger cannot be written. What was handed in before stays.
    pub fn submit(
        &mut self,
        cluster: &dyn Cluster,
        tell: &mut dyn FnMut(Happening),
    ) -> Result<(), ClusterError> {
        let limits = cluster.limits()?;
        let most_tasks = self.options.cut.most_tasks.min(limits.most_tasks);
        let how = Cut {
            most_tasks,
            ..self.options.cut
        };
        let open = self.ready();
        let known = &self.assignments;
        let placed = known.placed.iter();
        let is_open = |unit: &usize| self.open.contains(unit) && !open.contains(unit);
        let placed = placed
            .filter(|(unit, _)| is_open(unit))
            .map(|(unit, placed)| (*unit, placed.clone()))
            .collect();
        let arrays = cut(&self.works, &open, &known.arrays, &placed, &how);
        let first = known.arrays.len();
        for (place, array) in arrays.iter().enumerate() {
            let number = first + place;
            let name = self.ledger.name(&array.title, number);
            let attempt = |unit: usize| self.assignments.attempts.get(&unit).copied().unwrap_or(0);
            // Until then it says what became of the task before, to others too.
            for piece in array.tasks.values().flatten() {
                self.ledger.forget_left(&self.works[piece.unit].name);
            }
            let file = Assignments::file(array, name.clone(), &self.works, attempt);
            self.ledger.add(number, &file)?;
            self.assignments.refresh(self.ledger, &self.by_name)?;
            let submission = self.submission(number, name, array);
            let job = self.hand_in(cluster, &submission)?;
            self.ledger.set_job(number, job)?;
            self.assignments.jobs[number] = Some(job);
            tell(Happening::Submitted {
                title: array.title.clone(),
                tasks: array.tasks.len(),
                job,
            });
        }
        self.homeless.retain(|unit| !open.contains(unit));
        Ok(())
    }

    /// What no task stands for and can be handed in: what it takes is made, is handed in with it, or has a task that goes on.
    /// Of a task that has ended and whose result is still looked for, nobody knows yet what to wait for.
    pub(super) fn ready(&self) -> BTreeSet<usize> {
        let is_unsure = |unit: &usize| {
            let placed = self.assignments.placed.get(unit);
            let unseen = |placed: &Placed| self.unseen.contains_key(&(placed.array, placed.task));
            let is_unknown = |placed: &Placed| self.assignments.jobs[placed.array].is_none();
            self.ended_well.contains_key(unit)
                || placed.is_some_and(|placed| unseen(placed) || is_unknown(placed))
        };
        let mut ready = self.homeless.clone();
        loop {
            let waits = |unit: &usize| {
                let mut open = self.works[*unit]
                    .after
                    .iter()
                    .filter(|other| self.open.contains(other));
                open.any(|other| match self.homeless.contains(other) {
                    true => !ready.contains(other),
                    false => is_unsure(other),
                })
            };
            let waiting: BTreeSet<usize> =
                ready.iter().copied().filter(|unit| waits(unit)).collect();
            if waiting.is_empty() {
                return ready;
            }
            ready.retain(|unit| !waiting.contains(unit));
        }
    }

    /// As [`Follower::submit`], with the lock taken first. Others who follow the same may have handed it in meanwhile.
    pub(super) fn submit_again(
        &mut self,
        cluster: &dyn Cluster,
        results: &mut dyn Results,
        tell: &mut dyn FnMut(Happening),
        stop: &dyn Fn() -> bool,
    ) -> Result<(), ClusterError> {
        let Some(_alone) = self.ledger.hold(stop)? else {
            return Ok(());
        };
        if self.refresh()? && self.homeless.is_empty() {
            return Ok(());
        }
        for unit in self.homeless.clone() {
            let key = results.key(unit);
            let work = &mut self.works[unit];
            work.key = key.or_else(|| work.key.take());
        }
        self.submit(cluster, tell)
    }

    /// An array whose submission nobody answered may have been taken all the same: it is not handed in twice.
    fn hand_in(&self, cluster: &dyn Cluster, submission: &Submission) -> Result<u64, ClusterError> {
        match cluster.submit(submission) {
            Ok(job) => Ok(job),
            Err(error) => {
                let polled = cluster.poll().unwrap_or_default();
                let taken = polled.iter().find(|status| status.name == submission.name);
                taken.map(|status| status.job).ok_or(error)
            }
        }
    }

    fn submission(&self, number: usize, name: String, array: &JobArray) -> Submission {
        let jobs = &self.assignments.jobs;
        let after = array.after.iter().filter_map(|dependency| {
            let job = jobs.get(dependency.array).copied().flatten();
            Some((dependency.kind, job?))
        });
        let quoted = |path: std::path::PathBuf| {
            format!("'{}'", path.to_string_lossy().replace('\'', "'\\''"))
        };
        let tasks = quoted(self.ledger.tasks(number));
        // The number of a task is filled in by the shell.
        let ended = quoted(self.ledger.ended(number, ""));
        let mut script = self.options.setup.join("\n");
        if !script.is_empty() {
            script.push('\n');
        }
        let memory = match array.resources.memory_bytes {
            0 => String::new(),
            bytes => format!(" --memory {bytes}B"),
        };
        script += &format!(
            "{} --jobs \"$CORES\"{memory} --tasks {tasks} --task \"$TASK\"\ncode=$?\necho \"$code\" > {ended}\"$TASK\"\nexit \"$code\"\n",
            self.options.command
        );
        Submission {
            name,
            tasks: array.tasks.keys().copied().collect(),
            after: after.collect(),
            resources: array.resources,
            script,
            file: self.ledger.script(number),
            folder: self.options.folder.clone(),
            log: self.ledger.log(number, "{task}"),
        }
    }
}
