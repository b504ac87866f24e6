//! The one loop that brings every step of a plan up to date.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc;
use std::time::Instant;

use miette::Diagnostic;
use thiserror::Error;

use crate::cache::{Cache, CacheError, Ending, Listing, RunRecord, StepOutput};
use crate::plan::Plan;
use crate::stage::Stage;
use crate::train::Arrival;

use super::board::Board;
use super::group::{Group, source_digest};
use super::observer::{Event, ItemCounts, Observer, Status, StepCounts};
use super::outcome::StepResult;
use super::publish::Publisher;
use super::schedule::{Slots, Unit, UnitState, beside, fits, one_group, units};
use super::sources::{Listings, list_sources};
use super::walk::internal_error;
use super::whole::WholeRun;

/// How a run is to be done; nothing here changes a result.
pub struct RunOptions<'a> {
    /// Cores it may use.
    pub jobs: usize,
    /// After a failure, go on with everything that does not need the failed step.
    pub keep_going: bool,
    /// Memory that steps running side by side may need together, by their own estimates.
    pub memory_bytes: u64,
    /// The folder under which results appear for people.
    pub runs: &'a Path,
}

/// Why a run could not be done at all.
#[derive(Debug, Error, Diagnostic)]
pub enum RunError {
    /// The cache is not usable.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cache(#[from] CacheError),
}

/// One step of a finished run.
pub struct StepSummary {
    /// Its id.
    pub id: String,
    /// How it ended.
    pub status: Status,
    /// Its result.
    pub output: Option<StepOutput>,
    /// Seconds of work.
    pub seconds: f64,
    /// Why it failed, in one line.
    pub error: Option<String>,
}

/// A finished run.
pub struct RunSummary {
    /// Every step in the order of the plan.
    pub steps: Vec<StepSummary>,
    /// Steps by how they ended.
    pub counts: StepCounts,
    /// Items over all steps.
    pub items: ItemCounts,
    /// Seconds from start to end.
    pub seconds: f64,
    /// True when the user stopped it.
    pub interrupted: bool,
}

/// Runs the plan.
///
/// # Errors
/// When the cache cannot be used. Steps that fail are part of the summary.
pub fn run(
    plan: &Plan,
    cache: &Cache,
    options: &RunOptions<'_>,
    observer: &dyn Observer,
) -> Result<RunSummary, RunError> {
    let started = Instant::now();
    let log = cache.runs.log(&plan.name, &plan.manifest, plan.device);
    let _in_use = cache.in_use(|| observer.interrupted())?;
    observer.event(&Event::RunStarted {
        manifest: plan.name.clone(),
        steps: plan
            .steps
            .iter()
            .map(|step| step.id().to_string())
            .collect(),
    });
    let Listings {
        mut listed,
        mut failed,
    } = list_sources(plan, cache, &|| observer.interrupted());
    cache.files.save()?;
    if observer.interrupted() {
        listed.clear();
        failed.clear();
    }
    let left_out = listed.values().map(|listing| listing.dropped.len()).sum();
    tell_listings(plan, &listed, observer);
    let publisher = Publisher::new(options.runs, plan, cache);
    for (step, listing) in &listed {
        if let Err(error) = publisher.listing(*step, listing) {
            publisher.failed(*step, &error, observer);
        }
    }

    let members = plan.item_groups();
    let groups: Vec<Group<'_>> = members
        .iter()
        .map(|members| {
            let own = members
                .iter()
                .filter_map(|member| Some((*member, listed.remove(member)?)))
                .collect();
            Group::new(plan, cache, members.clone(), own)
        })
        .collect();
    let scratch = cache.scratch()?;
    let mut board = Board {
        plan,
        cache,
        observer,
        publisher,
        results: HashMap::new(),
        keep_going: options.keep_going,
        error: None,
    };

    let units = units(plan, &members);
    let mut state: Vec<UnitState> = vec![UnitState::Waiting; units.len()];
    let waits: Vec<bool> = units
        .iter()
        .map(|unit| waits_for_device(plan, unit))
        .collect();
    let mut slots = Slots::new(options.jobs.max(1));
    let mut needs: HashMap<usize, u64> = HashMap::new();
    let mut taken = 0_u64;
    std::thread::scope(|scope| {
        let (sender, receiver) =
            mpsc::channel::<(usize, usize, Result<Vec<(usize, StepResult)>, CacheError>)>();
        let mut running = 0_usize;
        loop {
            if board.error.is_none() && !observer.interrupted() {
                let mut ready = board.settle(&units, &mut state, &groups);
                one_group(&mut ready, &units, &state);
                ready.retain(|&index| slots.has_room(waits[index]));
                if !ready.is_empty() {
                    let outputs = board.outputs();
                    let work = WholeRun {
                        plan,
                        cache,
                        groups: &groups,
                        outputs: &outputs,
                        scratch: &scratch,
                        log: &log,
                        observer,
                    };
                    // All needs are known before the first unit starts, so that those at the device start together.
                    for &index in &ready {
                        let of_unit = || work.memory_bytes(units[index].steps[0], options.jobs);
                        needs.entry(index).or_insert_with(of_unit);
                    }
                }
                let needed: Vec<u64> = ready
                    .iter()
                    .map(|index| needs.get(index).copied().unwrap_or_default())
                    .collect();
                // Whoever reaches the device first waits until all that start now are announced.
                let _more = Arrival::announce();
                for (place, &index) in ready.iter().enumerate() {
                    let unit = &units[index];
                    if board.stopped() {
                        break;
                    }
                    if !slots.has_room(waits[index])
                        || !fits(needed[place], taken, options.memory_bytes)
                    {
                        continue;
                    }
                    let cores = if waits[index] {
                        slots.enter();
                        0
                    } else {
                        let rivals = (ready[place..].iter().zip(&needed[place..]))
                            .filter(|(rival, _)| !waits[**rival]);
                        let rivals: Vec<u64> = rivals.map(|(_, needed)| *needed).collect();
                        let rivals = beside(&rivals, taken, options.memory_bytes);
                        slots.take(rivals, wanted(plan, unit))
                    };
                    let threads = cores.max(1);
                    taken = taken.saturating_add(needed[place]);
                    running += 1;
                    state[index] = UnitState::Running;
                    let outputs = board.outputs();
                    let material = board.material_of(unit);
                    let sender = sender.clone();
                    let (groups, scratch, log) = (&groups, &scratch, &log);
                    let arrival = waits[index].then(Arrival::announce);
                    scope.spawn(move || {
                        if let Some(arrival) = arrival {
                            arrival.carry();
                        }
                        let work = WholeRun {
                            plan,
                            cache,
                            groups,
                            outputs: &outputs,
                            scratch,
                            log,
                            observer,
                        };
                        let work = || run_unit(unit, groups, material, &work, threads);
                        let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
                            let failed = |_| StepResult::failed(internal_error(&*panic), None);
                            Ok(unit
                                .steps
                                .iter()
                                .map(|&step| (step, failed(step)))
                                .collect())
                        });
                        // The receiver outlives all threads; if it is gone there is nobody to tell.
                        let _ = sender.send((index, cores, result));
                    });
                }
            }
            if running == 0 {
                break;
            }
            let Ok((index, cores, result)) = receiver.recv() else {
                break;
            };
            running -= 1;
            slots.give_back(cores);
            taken = taken.saturating_sub(needs.get(&index).copied().unwrap_or_default());
            state[index] = UnitState::Done;
            match result {
                Ok(mut results) => {
                    for (step, result) in &mut results {
                        if let Some(error) = failed.remove(step) {
                            *result = StepResult::failed(error, None);
                        }
                    }
                    board.take(results);
                }
                Err(error) => board.error = board.error.take().or(Some(error)),
            }
        }
    });

    let Board {
        mut results,
        error,
        publisher,
        ..
    } = board;
    drop(publisher);
    let saved = cache.files.save().and_then(|()| {
        record_listings(plan, cache, &groups, &results)?;
        log.end(ended(plan, &results, started, observer.interrupted()))
    });
    // The first error is the one to tell; what follows on a full disk is its consequence.
    error.map_or(saved, Err)?;
    let mut summary = RunSummary {
        steps: Vec::new(),
        counts: StepCounts::default(),
        items: ItemCounts {
            left_out,
            ..ItemCounts::default()
        },
        seconds: started.elapsed().as_secs_f64(),
        interrupted: observer.interrupted(),
    };
    for (index, step) in plan.steps.iter().enumerate() {
        let result = results.remove(&index).unwrap_or_else(StepResult::skipped);
        match result.status {
            Status::Hit => summary.counts.hit += 1,
            Status::Executed => summary.counts.executed += 1,
            Status::Failed => summary.counts.failed += 1,
            Status::Skipped => summary.counts.skipped += 1,
        }
        summary.items.computed += result.computed;
        summary.items.reused += result.reused;
        summary.items.bad += result.bad;
        summary.steps.push(StepSummary {
            id: step.id().into(),
            status: result.status,
            output: result.output,
            seconds: result.seconds,
            error: result.error.map(|error| one_line(&error)),
        });
    }
    observer.event(&Event::RunFinished {
        steps: summary.counts,
        items: summary.items,
        seconds: summary.seconds,
    });
    Ok(summary)
}

/// An error with its causes, without line breaks.
fn one_line(error: &miette::Report) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    causes
        .join(": ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn wanted(plan: &Plan, unit: &Unit) -> usize {
    match &plan.steps[unit.steps[0]].stage {
        Stage::Whole(stage) => stage.threads(),
        _ => usize::MAX,
    }
}

/// True for a unit that takes no core, since a CUDA device does its work.
fn waits_for_device(plan: &Plan, unit: &Unit) -> bool {
    match &plan.steps[unit.steps[0]].stage {
        Stage::Whole(stage) => plan.device.is_cuda() && stage.waits_for_device(),
        _ => false,
    }
}

fn run_unit(
    unit: &Unit,
    groups: &[Group<'_>],
    material: Option<crate::artifact::KeyMaterial>,
    work: &WholeRun<'_>,
    threads: usize,
) -> Result<Vec<(usize, StepResult)>, CacheError> {
    match (unit.group, material) {
        (Some(group), _) => {
            groups[group].run(work.scratch.folder()?.path(), threads, work.observer)
        }
        (None, Some(material)) => {
            let step = unit.steps[0];
            Ok(vec![(step, work.run(step, &material, threads)?)])
        }
        (None, None) => Ok(vec![(unit.steps[0], StepResult::skipped())]),
    }
}

fn tell_listings(
    plan: &Plan,
    listed: &HashMap<usize, crate::stage::SourceListing>,
    observer: &dyn Observer,
) {
    let mut order: Vec<_> = listed.iter().collect();
    order.sort_by_key(|(step, _)| **step);
    for (step, listing) in order {
        for message in &listing.warnings {
            observer.event(&Event::Warning {
                step: plan.steps[*step].id().into(),
                message: message.clone(),
            });
        }
    }
}

/// Keeps what the sources listed, for `pipe why`.
fn record_listings(
    plan: &Plan,
    cache: &Cache,
    groups: &[Group<'_>],
    results: &HashMap<usize, StepResult>,
) -> Result<(), CacheError> {
    for (step, result) in results {
        let listing = groups.iter().find_map(|group| group.listing(*step));
        if let (Some(listing), Some(_), Status::Executed) =
            (listing, &result.material, result.status)
        {
            let digests: Listing = listing
                .items
                .iter()
                .map(|item| (item.utterance.id.clone(), item.digest))
                .collect();
            cache
                .listings(&plan.name, plan.steps[*step].id())
                .record(&source_digest(listing), &digests)?;
        }
    }
    Ok(())
}

/// What the memory of runs keeps of this one.
fn ended(
    plan: &Plan,
    results: &HashMap<usize, StepResult>,
    started: Instant,
    interrupted: bool,
) -> RunRecord {
    let mut record = RunRecord {
        seconds: Some(started.elapsed().as_secs_f64()),
        ending: match interrupted {
            true => Ending::Stopped,
            false => Ending::Ended,
        },
        ..RunRecord::default()
    };
    for (index, step) in plan.steps.iter().enumerate() {
        let id = step.id().to_string();
        match results.get(&index) {
            Some(StepResult {
                status: Status::Hit | Status::Executed,
                material,
                ..
            }) => {
                let key = material.as_ref().map(|material| material.key());
                record.steps.extend(key.map(|key| (id, key)));
            }
            Some(StepResult {
                status: Status::Failed,
                error,
                ..
            }) => {
                let causes = error.iter().flat_map(|report| report.chain());
                let causes: Vec<String> = causes.map(ToString::to_string).collect();
                record.failed.insert(id, causes.join(": "));
            }
            _ => record.not_run.push(id),
        }
    }
    record
}
