//! Follows units of work on a cluster: in each turn it looks once at the results and once at the cluster, and hands in again
//! what was lost.

mod judging;
mod submitting;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::assignments::Assignments;
use crate::cluster::Cluster;
use crate::cut::Cut;
use crate::error::ClusterError;
use crate::ledger::Ledger;
use crate::results::Results;
use crate::task_state::{Ending, TaskState, TaskStatus};
use crate::work::Work;

/// What a unit has come to for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It has a result.
    Made,
    /// It has failed.
    Failed,
    /// It will not run, since what it takes has failed.
    Skipped,
}

impl Settled {
    /// True where there is a result.
    pub fn is_made(self) -> bool {
        self == Self::Made
    }
}

/// Something that a person may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// An array was handed in.
    Submitted {
        /// What it does.
        title: String,
        /// How many tasks it has.
        tasks: usize,
        /// Its job.
        job: u64,
    },
    /// A unit is at work.
    Started(usize),
    /// Tasks that share the items of a unit are done.
    Shared {
        /// The unit.
        unit: usize,
        /// How many are.
        done: usize,
        /// How many there are.
        of: usize,
    },
    /// A unit has a result.
    Made(usize),
    /// A unit was lost and is handed in again.
    Again {
        /// The unit.
        unit: usize,
        /// How its task ended.
        why: Ending,
    },
    /// A unit was at work and waits again: the scheduler starts its task anew by itself.
    Requeued {
        /// The unit.
        unit: usize,
        /// How its task ended, where its log says so.
        why: Option<Ending>,
    },
    /// A unit has failed.
    Failed {
        /// The unit.
        unit: usize,
        /// Why.
        reason: String,
        /// The stable code of the error.
        code: Option<String>,
        /// What to do.
        help: Option<String>,
    },
    /// A unit will not run.
    Skipped(usize),
    /// The scheduler holds an array back for a reason that waiting may not mend.
    Held {
        /// What the array does.
        title: String,
        /// The reason, in the words of the scheduler.
        reason: String,
    },
    /// The scheduler does not answer; it is asked again.
    Silent(String),
    /// The scheduler answers again.
    Heard,
}

/// How work is followed.
#[derive(Clone, Debug)]
pub struct FollowOptions {
    /// How it is cut.
    pub cut: Cut,
    /// How often a lost unit is handed in again.
    pub retries: usize,
    /// Lines of a shell that come before the command of a task.
    pub setup: Vec<String>,
    /// The command of a task, as a line of a shell, to which the file of its array and its number are added.
    pub command: String,
    /// The folder that tasks start in.
    pub folder: PathBuf,
    /// How long a result may take to be seen after its task has ended.
    pub late: Duration,
}

/// How often a task may be missing from what the scheduler says before it counts as gone.
const MOST_UNSEEN: u32 = 3;

/// Units of work on a cluster, followed from one process.
pub struct Follower<'a> {
    works: Vec<Work>,
    ledger: &'a Ledger,
    options: FollowOptions,
    by_name: HashMap<String, usize>,
    assignments: Assignments,
    settled: HashMap<usize, Settled>,
    /// Units that are neither made nor given up.
    open: BTreeSet<usize>,
    /// Those that no task stands for, so that they have to be handed in.
    homeless: BTreeSet<usize>,
    started: HashSet<usize>,
    shared: HashMap<usize, usize>,
    unseen: HashMap<(usize, u32), u32>,
    /// When the task of a unit without a result was first seen to have ended well.
    ended_well: HashMap<usize, Duration>,
    told_held: HashSet<(usize, String)>,
    is_silent: bool,
}

/// Tasks by array and number, as the scheduler says.
type Seen<'t> = HashMap<(usize, u32), &'t TaskStatus>;

impl<'a> Follower<'a> {
    /// Follows `works`, of which `open` have no result yet; what the ledger has of them is theirs.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn new(
        works: Vec<Work>,
        open: BTreeSet<usize>,
        ledger: &'a Ledger,
        options: FollowOptions,
    ) -> Result<Self, ClusterError> {
        let names = works.iter().enumerate();
        let by_name = names
            .map(|(unit, work)| (work.name.clone(), unit))
            .collect();
        let mut follower = Self {
            works,
            ledger,
            options,
            by_name,
            assignments: Assignments::default(),
            settled: HashMap::new(),
            homeless: BTreeSet::new(),
            open,
            started: HashSet::new(),
            shared: HashMap::new(),
            unseen: HashMap::new(),
            ended_well: HashMap::new(),
            told_held: HashSet::new(),
            is_silent: false,
        };
        follower.refresh()?;
        Ok(follower)
    }

    /// What the unit has come to; none while it is open, and of units that never were.
    pub fn settled(&self, unit: usize) -> Option<Settled> {
        self.settled.get(&unit).copied()
    }

    /// Units that are neither made nor given up.
    pub fn open(&self) -> &BTreeSet<usize> {
        &self.open
    }

    /// How many arrays were handed in.
    pub fn submissions(&self) -> usize {
        self.assignments.arrays.len()
    }

    /// Numbers of all jobs that are known.
    pub fn jobs(&self) -> Vec<u64> {
        self.assignments.jobs.iter().flatten().copied().collect()
    }

    /// Takes what the ledger has meanwhile.
    fn refresh(&mut self) -> Result<bool, ClusterError> {
        let any = self.assignments.refresh(self.ledger, &self.by_name)?;
        let placed = &self.assignments.placed;
        let is_homeless = |unit: &usize| !placed.contains_key(unit);
        self.homeless = self.open.iter().copied().filter(is_homeless).collect();
        Ok(any)
    }

    /// One turn at the time `now`, by any clock: true when every unit is settled.
    ///
    /// # Errors
    /// When the cache cannot be read. That the cluster does not answer, or refuses what is handed in again, is no error.
    pub fn turn(
        &mut self,
        cluster: &dyn Cluster,
        results: &mut dyn Results,
        now: Duration,
        tell: &mut dyn FnMut(Happening),
        stop: &dyn Fn() -> bool,
    ) -> Result<bool, ClusterError> {
        // The cluster first: what it says to have ended has its result by the time that is looked for.
        let polled = self.poll(cluster, tell);
        for unit in results.appeared(&self.open)? {
            self.settle(unit, Settled::Made);
            tell(Happening::Made(unit));
        }
        if let Some(polled) = polled {
            let seen = self.seen(&polled);
            self.judge(&seen, results, now, tell)?;
            self.skip_dependents(results, tell);
            if !self.ready().is_empty() && !stop() {
                // A scheduler that is busy refuses, too: it is asked again in the next turn.
                if let Err(refused) = self.submit_again(cluster, results, tell, stop)
                    && !std::mem::replace(&mut self.is_silent, true)
                {
                    tell(Happening::Silent(refused.to_string()));
                }
            }
        }
        Ok(self.open.is_empty())
    }

    fn poll(
        &mut self,
        cluster: &dyn Cluster,
        tell: &mut dyn FnMut(Happening),
    ) -> Option<Vec<TaskStatus>> {
        match cluster.poll() {
            Ok(polled) => {
                if std::mem::take(&mut self.is_silent) {
                    tell(Happening::Heard);
                }
                Some(polled)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_silent, true) {
                    tell(Happening::Silent(error.to_string()));
                }
                None
            }
        }
    }

    /// The tasks of this run among those of the user. Where it is not known which job an array has, since whoever handed it
    /// in was ended before it could say, its name tells.
    fn seen<'t>(&mut self, polled: &'t [TaskStatus]) -> Seen<'t> {
        let mut seen = Seen::new();
        for status in polled {
            let Some(array) = self.ledger.number(&status.name) else {
                continue;
            };
            if let Some(job) = self.assignments.jobs.get_mut(array) {
                job.get_or_insert(status.job);
                // A task that was handed in twice counts where it lives.
                let known = seen.entry((array, status.task)).or_insert(status);
                if matches!(known.state, TaskState::Ended(_)) {
                    *known = status;
                }
            }
        }
        seen
    }

    fn settle(&mut self, unit: usize, settled: Settled) {
        self.open.remove(&unit);
        self.homeless.remove(&unit);
        self.settled.insert(unit, settled);
    }

    /// Units that need one that has failed will not run.
    fn skip_dependents(&mut self, results: &mut dyn Results, tell: &mut dyn FnMut(Happening)) {
        let is_lost = |settled: &HashMap<usize, Settled>, unit: &usize| {
            matches!(settled.get(unit), Some(Settled::Failed | Settled::Skipped))
        };
        loop {
            let lost = self.open.iter().copied().filter(|&unit| {
                let work = &self.works[unit];
                let mut after = work.after.iter();
                match work.needs_all {
                    true => after.any(|other| is_lost(&self.settled, other)),
                    false => {
                        !work.after.is_empty() && after.all(|other| is_lost(&self.settled, other))
                    }
                }
            });
            let lost: Vec<usize> = lost.collect();
            if lost.is_empty() {
                return;
            }
            for unit in lost {
                self.settle(unit, Settled::Skipped);
                results.given_up(unit);
                tell(Happening::Skipped(unit));
            }
        }
    }
}
