//! The cluster in memory: machines, jobs, results, and what goes wrong.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::trouble::Trouble;
use pipe_cluster::{
    Cluster, ClusterError, ClusterLimits, DependencyKind, Ending, Ledger, Left, PieceFile, Results,
    Submission, TaskState, TaskStatus, Work,
};
use pipe_foundation::random::{stream, uniform, whole};

struct Task {
    pieces: Vec<PieceFile>,
    /// Pieces that are behind it.
    at: usize,
    /// Whether one of them failed.
    failed: bool,
    state: TaskState,
    forgotten: bool,
}

struct Job {
    name: String,
    array: usize,
    after: Vec<(DependencyKind, u64)>,
    tasks: BTreeMap<u32, Task>,
}

/// A cluster with results.
pub struct World {
    pub works: Vec<Work>,
    by_name: HashMap<String, usize>,
    ledger: Ledger,
    trouble: Trouble,
    random: RefCell<rand_chacha::ChaCha8Rng>,
    jobs: RefCell<BTreeMap<u64, Job>>,
    /// Tasks on machines that work.
    machines: Vec<Option<(u64, u32)>>,
    /// Units whose results are there, with the periods until they are seen.
    visible_in: BTreeMap<usize, usize>,
    polls: Cell<usize>,
    /// How often each unit was made.
    pub made: Vec<usize>,
    /// How many tasks were lost.
    pub lost: usize,
    /// Units that fail for good.
    pub doomed: BTreeSet<usize>,
}

impl World {
    pub fn new(works: Vec<Work>, ledger: Ledger, machines: usize, trouble: Trouble) -> Self {
        let mut random = stream("simulated cluster", &[&trouble.seed.to_le_bytes()]);
        let doomed = (1..works.len()).filter(|_| uniform(&mut random) < trouble.doomed);
        let doomed = doomed.collect();
        Self {
            made: vec![0; works.len()],
            by_name: (works.iter().enumerate())
                .map(|(unit, work)| (work.name.clone(), unit))
                .collect(),
            works,
            ledger,
            trouble,
            random: RefCell::new(random),
            jobs: RefCell::default(),
            machines: vec![None; machines],
            visible_in: BTreeMap::new(),
            polls: Cell::new(0),
            lost: 0,
            doomed,
        }
    }

    pub fn polls(&self) -> usize {
        self.polls.get()
    }

    pub fn draws(&self, chance: f64) -> bool {
        chance > 0.0 && uniform(&mut self.random.borrow_mut()) < chance
    }

    fn unit(&self, name: &str) -> usize {
        self.by_name[name]
    }

    /// A period: what waits may start, what is at work does a piece, and something goes wrong.
    pub fn pass_time(&mut self) {
        for left in self.visible_in.values_mut() {
            *left = left.saturating_sub(1);
        }
        self.forget();
        self.schedule();
        for machine in 0..self.machines.len() {
            if let Some((job, task)) = self.machines[machine] {
                self.work(machine, job, task);
            }
        }
    }

    fn forget(&mut self) {
        let mut jobs = self.jobs.borrow_mut();
        for task in jobs.values_mut().flat_map(|job| job.tasks.values_mut()) {
            if matches!(task.state, TaskState::Ended(_)) && !task.forgotten {
                task.forgotten = self.draws(self.trouble.forgotten);
            }
        }
    }

    /// Whether a task may start: none while it waits.
    fn verdict(jobs: &BTreeMap<u64, Job>, job: &Job, task: u32) -> Option<bool> {
        let mut may = Some(true);
        for (kind, before) in &job.after {
            let tasks = &jobs[before].tasks;
            let ended = |task: &Task| match task.state {
                TaskState::Ended(ending) => Some(ending == Ending::Well),
                _ => None,
            };
            let fulfilled = match kind {
                DependencyKind::AfterCorresponding => match tasks.get(&task) {
                    Some(task) => ended(task),
                    None => Some(false),
                },
                DependencyKind::AfterAny => {
                    let all = tasks.values().all(|task| ended(task).is_some());
                    all.then_some(true)
                }
                DependencyKind::AfterOk => {
                    let mut ends = tasks.values().map(ended);
                    match ends.clone().any(|end| end == Some(false)) {
                        true => Some(false),
                        false => ends.all(|end| end == Some(true)).then_some(true),
                    }
                }
            };
            may = match (may, fulfilled) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        may
    }

    fn schedule(&mut self) {
        let mut free: Vec<usize> = (0..self.machines.len())
            .filter(|&machine| self.machines[machine].is_none())
            .collect();
        let mut changes = Vec::new();
        {
            let jobs = self.jobs.borrow();
            for (&number, job) in jobs.iter() {
                // What tasks of one array wait for is mostly the same, and asked once.
                let mut common = None;
                let corresponds = job
                    .after
                    .iter()
                    .any(|(kind, _)| *kind == DependencyKind::AfterCorresponding);
                for (&task, state) in &job.tasks {
                    if state.state != TaskState::Waiting {
                        continue;
                    }
                    let verdict = match (corresponds, common) {
                        (false, Some(known)) => known,
                        _ => Self::verdict(&jobs, job, task),
                    };
                    common = Some(verdict);
                    match verdict {
                        Some(true) => match free.pop() {
                            Some(machine) => changes.push((number, task, Some(machine))),
                            None => break,
                        },
                        Some(false) => changes.push((number, task, None)),
                        None if !corresponds => break,
                        None => {}
                    }
                }
            }
        }
        for (job, task, machine) in changes {
            let state = match machine {
                Some(machine) => {
                    self.machines[machine] = Some((job, task));
                    TaskState::Running
                }
                None => TaskState::Ended(Ending::NeverStarted),
            };
            self.task(job, task, |task| task.state = state);
        }
    }

    fn task<T>(&self, job: u64, task: u32, act: impl FnOnce(&mut Task) -> T) -> T {
        let mut jobs = self.jobs.borrow_mut();
        act(jobs.get_mut(&job).unwrap().tasks.get_mut(&task).unwrap())
    }

    fn work(&mut self, machine: usize, job: u64, number: u32) {
        let trouble = self.trouble;
        let mishaps = [
            (trouble.killed, Ending::Killed(9)),
            (trouble.machine_fails, Ending::NodeFailed),
            (trouble.preempted, Ending::Preempted),
            (trouble.timed_out, Ending::TimedOut),
        ];
        for (chance, ending) in mishaps {
            if !self.draws(chance) {
                continue;
            }
            self.lost += 1;
            self.machines[machine] = None;
            let starts_again = ending == Ending::Preempted && self.draws(0.5);
            self.task(job, number, |task| {
                (task.at, task.failed) = (0, false);
                task.state = match starts_again {
                    true => TaskState::Waiting,
                    false => TaskState::Ended(ending),
                };
            });
            return;
        }
        // Pieces of the same task that are done need no time.
        loop {
            let piece = self.task(job, number, |task| task.pieces.get(task.at).cloned());
            let Some(piece) = piece else {
                break;
            };
            let done_before = self.do_piece(&piece);
            self.task(job, number, |task| {
                task.at += 1;
                task.failed |= done_before.is_none();
            });
            if done_before != Some(true) {
                break;
            }
        }
        let over = self.task(job, number, |task| {
            (task.at >= task.pieces.len()).then_some(task.failed && task.pieces.len() == 1)
        });
        if let Some(failed) = over {
            self.machines[machine] = None;
            let (code, ending) = match failed {
                true => (1, Ending::Badly(Some(1))),
                false => (0, Ending::Well),
            };
            let array = self.jobs.borrow()[&job].array;
            std::fs::write(
                self.ledger.ended(array, &number.to_string()),
                format!("{code}\n"),
            )
            .unwrap();
            self.task(job, number, |task| task.state = TaskState::Ended(ending));
        }
    }

    /// Does a piece: true where it had been done, none where it failed.
    fn do_piece(&mut self, piece: &PieceFile) -> Option<bool> {
        if piece.share.is_some() {
            return Some(false);
        }
        let unit = self.unit(&piece.unit);
        if self.made[unit] > 0 {
            return Some(true);
        }
        if !self.works[unit]
            .after
            .iter()
            .all(|before| self.made[*before] > 0)
        {
            self.ledger
                .leave(&piece.unit, &Left::WithoutInputs)
                .unwrap();
            return None;
        }
        if self.doomed.contains(&unit) {
            let left = Left::Failed {
                reason: "it cannot be done".into(),
                code: None,
                help: None,
            };
            self.ledger.leave(&piece.unit, &left).unwrap();
            return None;
        }
        self.made[unit] += 1;
        let late = match self.draws(self.trouble.late) {
            true => 1 + whole(&mut self.random.borrow_mut(), 3),
            false => 0,
        };
        self.visible_in.insert(unit, late);
        Some(false)
    }

    /// The results as they are seen now.
    pub fn results(&self) -> Seen {
        let seen = self.visible_in.iter().filter(|(_, left)| **left == 0);
        Seen(seen.map(|(unit, _)| *unit).collect())
    }

    fn is_silent(&self) -> Result<(), ClusterError> {
        match self.draws(self.trouble.silent) {
            false => Ok(()),
            true => Err(ClusterError::Refused {
                program: "squeue".into(),
                said: "no answer".into(),
            }),
        }
    }
}

/// Results that are seen.
pub struct Seen(pub BTreeSet<usize>);

impl Results for Seen {
    fn appeared(&mut self, open: &BTreeSet<usize>) -> Result<Vec<usize>, ClusterError> {
        Ok(open.intersection(&self.0).copied().collect())
    }

    fn can_go_on(&self, _unit: usize) -> bool {
        true
    }

    fn key(&self, _unit: usize) -> Option<String> {
        None
    }

    fn given_up(&mut self, _unit: usize) {}
}

impl Cluster for World {
    fn limits(&self) -> Result<ClusterLimits, ClusterError> {
        self.is_silent()?;
        Ok(ClusterLimits { most_tasks: 1001 })
    }

    fn submit(&self, submission: &Submission) -> Result<u64, ClusterError> {
        self.is_silent()?;
        let array = self.ledger.number(&submission.name).unwrap();
        let file = self.ledger.arrays_from(array).unwrap().remove(0);
        let tasks = file.tasks.into_iter().map(|(number, pieces)| {
            let task = Task {
                pieces,
                at: 0,
                failed: false,
                state: TaskState::Waiting,
                forgotten: false,
            };
            (number, task)
        });
        let mut jobs = self.jobs.borrow_mut();
        let number = jobs.len() as u64 + 1;
        let job = Job {
            name: submission.name.clone(),
            array,
            after: submission.after.clone(),
            tasks: tasks.collect(),
        };
        assert!(
            !jobs.values().any(|known| known.name == job.name),
            "{} twice",
            job.name
        );
        jobs.insert(number, job);
        match self.draws(self.trouble.unanswered) {
            true => Err(ClusterError::Refused {
                program: "sbatch".into(),
                said: "timed out".into(),
            }),
            false => Ok(number),
        }
    }

    fn poll(&self) -> Result<Vec<TaskStatus>, ClusterError> {
        self.polls.set(self.polls.get() + 1);
        self.is_silent()?;
        let jobs = self.jobs.borrow();
        let tasks = jobs.iter().flat_map(|(&number, job)| {
            let known = job.tasks.iter().filter(|(_, task)| !task.forgotten);
            known.map(move |(&task, state)| TaskStatus {
                name: job.name.clone(),
                job: number,
                task,
                state: state.state,
                reason: String::new(),
            })
        });
        Ok(tasks.collect())
    }

    fn cancel(&self, _jobs: &[u64]) -> Result<(), ClusterError> {
        Ok(())
    }
}
