//! `pipe run --executor slurm`: the steps of a run as jobs of a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::Arc;

use pipe_cluster::slurm::Slurm;
use pipe_cluster::{Cluster, Cut, FollowOptions, Follower, Ledger, Work};
use pipe_engine::cache::Cache;
use pipe_engine::exec::{
    self, Elsewhere, FailedElsewhere, MissingInputs, PlanUnit, Resolver, RunOptions, Selection,
    StepStatus, Watch, run as execute, units,
};
use pipe_foundation::Digest;
use pipe_foundation::system::{RealSystem, System};
use pipe_nn::model::DeviceChoice;
use pipe_stages::domain::SpeechPlan;
use pipe_stages::shell_words;

use crate::cluster::{HandedIn, RunFile, handed_in, works};
use crate::configuration::ExecutorConfiguration;
use crate::lock::LockFile;

use super::arguments::Common;
use super::console::print_error;
use super::error::CliError;
use super::following::{Following, Teller, ToldObserver};
use super::local_run::{Ended, listening};
use super::run_arguments::RunArguments;
use super::signals::Signals;
use super::{context, lock, own_name, permission, remote_cache};

/// How long a result may take to be seen after its job has ended: what a shared file system remembers of a folder, it believes
/// for a minute.
const LATE_S: u64 = 90;

/// Hands the steps of a manifest in, or follows the run in `attached`, to the end.
pub fn run(
    arguments: &RunArguments,
    common: &Common,
    configuration: &ExecutorConfiguration,
    attached: Option<&HandedIn>,
) -> Result<u8, CliError> {
    check(arguments)?;
    let device = &arguments.device;
    // It need not be on this machine.
    let device = device.device.resolve_for_keys(device.tf32)?;
    let plan = permission::plan(arguments, device, common)?;
    let mut cache = context::cache(common, arguments.manifest.rehash)?;
    if let Some(reason) = cache.why_not_stored() {
        return Err(CliError::Usage {
            message: format!("the cache {} cannot be written: {reason}", cache.root.display()),
            help: "jobs of a cluster and this process meet in the cache: it has to be in a folder that all of them may write".into(),
        });
    }
    remote_cache::connect(&mut cache, &arguments.remote, common)?;
    own_name::claim(&plan, &cache, &common.limits())?;
    let locked = match arguments.locked {
        true => Some(lock::hold(&plan, &cache, common)?),
        false => None,
    };
    let signals = Signals::listen_for(&cache);
    let session = Session {
        arguments,
        common,
        configuration,
        plan,
        cache,
        locked,
        signals,
    };
    session.run(attached)
}

/// What cannot be done on other machines.
fn check(arguments: &RunArguments) -> Result<(), CliError> {
    let manifest = &arguments.manifest.manifest;
    let (message, help) = if arguments.device.device == DeviceChoice::Auto {
        (
            "--device auto means another device on each machine".into(),
            "name the device that jobs are to compute on: --device cpu or --device cuda".to_owned(),
        )
    } else if !arguments.target.targets.is_empty() {
        (
            "--target is about steps of a run in this process".into(),
            "leave it out, or use --executor local".to_owned(),
        )
    } else if !manifest.is_file() {
        (
            format!("{} is no file that jobs can read", manifest.display()),
            "jobs read the manifest themselves: give a file in a folder that all machines share"
                .to_owned(),
        )
    } else {
        return Ok(());
    };
    Err(CliError::Usage { message, help })
}

/// One process that follows a run on a cluster.
struct Session<'a> {
    arguments: &'a RunArguments,
    common: &'a Common,
    configuration: &'a ExecutorConfiguration,
    plan: ManuallyDrop<SpeechPlan>,
    cache: Cache,
    locked: Option<LockFile>,
    signals: Signals,
}

impl Session<'_> {
    fn run(&self, attached: Option<&HandedIn>) -> Result<u8, CliError> {
        let (observer, lost) = listening(self.common, &self.arguments.telling, &self.signals);
        let stop = || self.signals.asked();
        if self.cache.remote.is_some() {
            // What the remote cache has is not handed in.
            exec::pull(&self.plan, &self.cache, observer.as_ref())?;
        }
        let jobs = self.cache.jobs();
        // Until its jobs are known, nobody else hands in the same.
        let Some(alone) = Ledger::alone(&RealSystem, &jobs, &stop)? else {
            return Ok(self.signals.exit_code());
        };
        let in_use = self.cache.in_use(stop)?;
        let resolver = Resolver::new(&self.plan, &self.cache, &stop);
        self.cache.files.save()?;
        let missing_inputs = match self.arguments.keep_going {
            true => MissingInputs::Allowed,
            false => MissingInputs::Refused,
        };
        let mut watch = Watch::new(&resolver, missing_inputs)?;
        if stop() {
            return Ok(self.signals.exit_code());
        }
        let mut teller = Teller::new(&self.plan, observer.as_ref(), self.common.json);
        teller.begins(&watch);
        let mut elsewhere = Elsewhere {
            began: Some(RealSystem.uptime()),
            ..Elsewhere::default()
        };
        for (step, status) in watch.statuses().0.iter().enumerate() {
            if let StepStatus::Failed { error } = status {
                elsewhere.failed.insert(step, foreseen(error));
            }
        }
        let all = units(&self.plan);
        let is_made = |unit: &PlanUnit| unit.steps.iter().all(|&step| watch.is_made(step));
        let is_hopeless = |unit: &PlanUnit| {
            let mut steps = unit.steps.iter();
            steps.any(|step| elsewhere.failed.contains_key(step))
        };
        let open = all.iter().enumerate();
        let open = open.filter(|(_, unit)| !is_made(unit) && !is_hopeless(unit));
        let open: BTreeSet<usize> = open.map(|(unit, _)| unit).collect();
        let starts = self.arguments.keep_going || elsewhere.failed.is_empty();
        if starts && !open.is_empty() {
            let slurm = Slurm::new(self.configuration.slurm());
            let plan_keys = resolver.plan_keys(None);
            let items = |unit: &PlanUnit| {
                let listings = unit.steps.iter().filter_map(|&step| resolver.listing(step));
                listings.map(|listing| listing.items.len()).sum()
            };
            let keep_going = self.arguments.keep_going;
            let mut works = works(&self.plan, &all, &watch, &plan_keys, items, keep_going);
            for work in &mut works {
                work.resources = self.configuration().completed(work.resources);
            }
            let plan_key = whole_plan_key(&works);
            let (handed_in, is_new) = self.handed_in(attached, &slurm, &plan_key)?;
            let ledger = &handed_in.ledger;
            let options = self.follow_options(&handed_in.run)?;
            let mut follower = Follower::new(works, open, ledger, options)?;
            if is_new {
                let submitted = follower.submit(&slurm, &mut |happening| teller.tell(happening));
                if let Err(error) = submitted {
                    // Nothing is left of a run that could not be handed in as a whole.
                    let _ = slurm.cancel(&follower.jobs());
                    let _ = RealSystem.remove_folders(ledger.folder());
                    return Err(error.into());
                }
            }
            drop(alone);
            let following = Following {
                units: &all,
                period: self.configuration.period(),
                signals: &self.signals,
            };
            let ended = following.to_the_end(&mut follower, &slurm, &mut watch, &mut teller)?;
            if !ended {
                if !self.common.json {
                    let manifest = &self.plan.manifest;
                    print_error(&format!(
                        "detached; the jobs go on. `pipe attach {manifest}` follows them, `pipe cancel {manifest}` ends them"
                    ));
                }
                return Ok(self.signals.exit_code());
            }
            teller.add_to(&mut elsewhere);
            if elsewhere.failed.is_empty() {
                // What went well leaves its results; what did not, its logs.
                let _ = RealSystem.remove_folders(ledger.folder());
            } else {
                // Jobs that wait for what has failed would be in the way of the next run. Slurm ends them, too, if this fails.
                let _ = slurm.cancel(&follower.jobs());
                let over = RunFile {
                    over: true,
                    ..handed_in.run.clone()
                };
                let _ = over.write(ledger.folder());
            }
        } else {
            drop(alone);
        }
        drop(in_use);
        let selection = Selection::only_looked_up(&self.plan);
        let expected = self.locked.as_ref().map(LockFile::expected);
        let mut options = RunOptions {
            keep_going: self.arguments.keep_going,
            runs: self.arguments.runs.path(),
            expected: expected.as_ref(),
            selection: Some(&selection),
            elsewhere: Some(&elsewhere),
            ..RunOptions::default()
        };
        options.checkpoint_bytes =
            (self.arguments.keep_checkpoints).unwrap_or(options.checkpoint_bytes);
        let told = ToldObserver::new(observer.as_ref(), teller.into_told());
        let summary = execute(&self.plan, &self.cache, &options, &told)?;
        drop(observer);
        let ended = Ended {
            plan: &self.plan,
            cache: &self.cache,
            arguments: self.arguments,
            common: self.common,
            lock: self.locked.as_ref(),
            selection: None,
            signals: &self.signals,
        };
        ended.show(&summary, &lost)
    }

    /// The configuration, with what the command line says of all steps.
    fn configuration(&self) -> ExecutorConfiguration {
        let Self { arguments, .. } = self;
        let mut configuration = self.configuration.clone();
        configuration.cores = arguments.jobs.map(usize::from).or(configuration.cores);
        configuration.memory_bytes = arguments.memory.or(configuration.memory_bytes);
        configuration
    }

    /// The run whose jobs wait or are at work, or the one in `attached`; otherwise a new one, whose folder is made.
    fn handed_in(
        &self,
        attached: Option<&HandedIn>,
        slurm: &Slurm,
        plan_key: &str,
    ) -> Result<(HandedIn, bool), CliError> {
        let jobs = self.cache.jobs();
        let mut earlier = handed_in(&jobs);
        earlier.retain(|run| run.run.name == self.plan.name);
        let known = match attached {
            Some(run) => Some(run.clone()),
            None if earlier.is_empty() => None,
            None => {
                let polled = slurm.poll()?;
                let mut live = earlier.iter().rev();
                live.find(|run| !run.run.over && !run.live(&polled).is_empty())
                    .cloned()
            }
        };
        if let Some(known) = known {
            if known.run.plan_key == plan_key {
                return Ok((known, false));
            }
            let manifest = &self.plan.manifest;
            return Err(CliError::Usage {
                message: format!("a run of {manifest} as it was before is on the cluster"),
                help: format!(
                    "the manifest, its data or the options have changed since: `pipe cancel {manifest}` ends its jobs, and what they have done stays"
                ),
            });
        }
        for over in earlier {
            // Its results are in the cache, and its jobs are gone.
            let _ = RealSystem.remove_folders(over.ledger.folder());
        }
        let id = format!("{:08x}", RealSystem.unique() as u32);
        let jobs = std::path::absolute(&jobs).unwrap_or(jobs);
        let ledger = Ledger::at(Arc::new(RealSystem), jobs.join(id));
        ledger.create()?;
        let words = self
            .arguments
            .words()
            .into_iter()
            .chain(self.common.words());
        let started = RealSystem.now().duration_since(std::time::UNIX_EPOCH);
        let run = RunFile {
            name: self.plan.name.clone(),
            folder: current_folder()?,
            arguments: words.map(text_of).collect::<Result<_, _>>()?,
            plan_key: plan_key.to_owned(),
            started_s: started.unwrap_or_default().as_secs(),
            over: false,
        };
        let written = run.write(ledger.folder());
        written.map_err(|reason| CliError::Output {
            what: ledger.folder().display().to_string(),
            reason,
        })?;
        Ok((HandedIn { ledger, run }, true))
    }

    fn follow_options(&self, run: &RunFile) -> Result<FollowOptions, CliError> {
        let program = std::env::current_exe().map_err(|reason| CliError::Output {
            what: "the path of this program".into(),
            reason,
        })?;
        let words = [program.into_os_string(), "step".into()].into_iter();
        let words = words
            .chain(self.arguments.words_of_steps())
            .chain(self.common.words());
        let words: Vec<String> = words.map(text_of).collect::<Result<_, _>>()?;
        let ExecutorConfiguration {
            retries,
            items_per_task,
            steps_per_device,
            ..
        } = *self.configuration;
        Ok(FollowOptions {
            cut: Cut {
                most_tasks: usize::MAX,
                items_per_task,
                units_per_device: steps_per_device,
            },
            retries,
            setup: self.configuration.setup.clone(),
            command: shell_words::line(words),
            folder: run.folder.clone(),
            late: std::time::Duration::from_secs(LATE_S),
        })
    }
}

/// What keeps a step from running, as a failure that is told once.
fn foreseen(error: &pipe_engine::exec::StatusError) -> FailedElsewhere {
    use miette::Diagnostic as _;
    FailedElsewhere {
        reason: error.to_string(),
        code: error.code().map(|code| code.to_string()),
        help: error.help().map(|help| help.to_string()),
    }
}

/// All that the results of a plan depend on but each other.
fn whole_plan_key(works: &[Work]) -> String {
    let keys: BTreeMap<&str, &str> = (works.iter())
        .map(|work| {
            (
                work.name.as_str(),
                work.plan_key.as_deref().unwrap_or_default(),
            )
        })
        .collect();
    let text: String = keys
        .iter()
        .map(|(name, key)| format!("{name}\0{key}\n"))
        .collect();
    Digest::of(text.as_bytes()).hex()
}

fn current_folder() -> Result<PathBuf, CliError> {
    std::env::current_dir().map_err(|reason| CliError::Output {
        what: "the path of the current folder".into(),
        reason,
    })
}

/// Scripts and files of JSON hold text alone.
fn text_of(word: OsString) -> Result<String, CliError> {
    word.into_string().map_err(|word| CliError::Usage {
        message: format!("{word:?} is not UTF-8, which scripts of jobs have to be"),
        help: "give the file or folder another name".into(),
    })
}
