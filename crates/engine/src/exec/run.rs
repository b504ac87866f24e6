//! One run of a plan: sources are listed, steps checked, missing results computed, published and recorded.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use miette::{Diagnostic, Report};
use pipe_foundation::Digest;
use thiserror::Error;

use crate::cache::{Cache, CacheError};
use crate::plan::Plan;
use crate::program;
use crate::stage::SourceListing;

use super::aggregate::AggregateRun;
use super::event::{Event, ItemCounts, SCHEMA_VERSION, Status, StepCounts};
use super::execution::Execution;
use super::history::{record_listings, run_record};
use super::misses::Misses;
use super::observer::Observer;
use super::outcome::StepResult;
use super::outputs::Outputs;
use super::plan_results::{KnownStep, PlanResults};
use super::publish::Publisher;
use super::pushing::{finish, offer_hits};
use super::recorded::Recorded;
use super::results::Results;
use super::run_options::RunOptions;
use super::status::Resolver;

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
    /// Seconds of work.
    pub seconds: f64,
    /// Why it failed, in one line.
    pub error: Option<String>,
}

/// A finished run.
pub struct RunSummary {
    /// Every step in the order of the plan.
    pub steps: Vec<StepSummary>,
    /// What the sources list and what the steps made.
    pub results: PlanResults,
    /// Steps by how they ended.
    pub counts: StepCounts,
    /// Items over all steps.
    pub items: ItemCounts,
    /// Steps with results that are in the cache and not where people look for them, because something else is in their place;
    /// the warnings say what.
    pub blocked: usize,
    /// Steps that ran and whose results are nowhere: neither the cache nor the folder where people look can be written.
    pub lost: usize,
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
    let started = cache.system.uptime();
    // What ran elsewhere is part of the run.
    let began = options.elsewhere.and_then(|elsewhere| elsewhere.began);
    let took = || cache.system.uptime() - began.unwrap_or(started);
    let log = cache
        .runs
        .log(&plan.name, &plan.manifest, &plan.device.name);
    let recorded = Recorded::new(observer, &log, &*cache.system, started);
    let observer: &dyn Observer = &recorded;
    let _in_use = cache.in_use(|| observer.interrupted())?;
    observer.event(&Event::RunStarted {
        schema_version: SCHEMA_VERSION,
        pipe_version: program::version().into(),
        manifest: plan.name.clone(),
        steps: (plan.steps.iter().map(|step| step.id().to_string())).collect(),
    });
    // What is known of the run before only explains what is done now.
    let before = cache.runs.latest(&plan.name).ok().flatten();
    let to_retry = before.map_or_else(BTreeMap::new, |before| before.record.to_retry);
    for message in cache.notices() {
        observer.event(&Event::Warning {
            step: plan.name.clone(),
            message,
        });
    }
    let resolver = Resolver::of(plan, cache, options.selection, &|| observer.interrupted());
    cache.files.save()?;
    let mut publisher = Publisher::new(options, plan, cache);
    if !options.for_another_run {
        publish_listings(&resolver, &mut publisher, observer);
    }

    let scratch = cache.scratch()?;
    let mut results = Results::new(plan, observer, publisher);
    let misses = Misses::new(to_retry);
    let mut remade = BTreeSet::new();
    let executed = loop {
        let outputs = Outputs::new(plan.steps.len());
        let work = AggregateRun {
            resolver: &resolver,
            outputs: &outputs,
            scratch: &scratch,
            log: (!options.for_another_run).then_some(&log),
            misses: &misses,
            observer,
        };
        let mut execution = Execution::new(&work, options, results);
        let executed = execution.run();
        results = execution.results;
        let damaged = match executed {
            Ok(damaged) if damaged.is_empty() => break Ok(()),
            Ok(damaged) => damaged,
            Err(error) => break Err(error),
        };
        if let Some(digest) = damaged.intersection(&remade).next() {
            break Err(CacheError::DamagedAgain {
                path: cache.objects.path(digest),
            });
        }
        if let Err(error) = forget_damaged(cache, &damaged, &misses, observer) {
            break Err(error);
        }
        let may_continue = options.keep_going || !results.any_failed();
        if observer.interrupted() || results.machine_failed() || !may_continue {
            break Ok(());
        }
        remade.extend(damaged);
        results.start_over();
    };
    let (results, publisher) = results.into_parts();
    let offered = offer_hits(&resolver, &results, cache);
    let executed = executed.and(offered);
    finish(cache, plan, observer);
    let completed = executed.is_ok() && !observer.interrupted();
    let blocked = publisher.blocked.len();
    let is_lost = |step: &&usize| results[**step].status == Status::Executed;
    let lost = match cache.why_not_stored() {
        Some(_) => publisher.failed.iter().filter(is_lost).count(),
        None => 0,
    };
    let published = match options.for_another_run {
        true => Ok(()),
        false => publisher.finish(completed, observer),
    };
    let has_run = |result: &StepResult| result.status == Status::Executed;
    if !options.for_another_run && results.iter().any(has_run) {
        limit_checkpoints(plan, cache, options, observer);
    }
    // What the stat cache says of objects, and the history of results, must not outlive them.
    let saved = cache.save_file_stats().and_then(|()| {
        if options.for_another_run {
            return Ok(());
        }
        record_listings(&resolver, &results)?;
        let record = run_record(plan, &results, took(), observer.interrupted());
        if misses.damaged_results() > 0 {
            log.has_repaired();
        }
        log.end(record, |new| record_hits(cache, &results, new))
    });
    if let Some(reason) = log.take_lost() {
        observer.event(&Event::Warning {
            step: plan.name.clone(),
            message: format!("the log of this run is not complete: {reason}"),
        });
    }
    // The first error is the one to report; what follows on a full disk is its consequence.
    executed.and(saved).and(published)?;
    let interrupted = observer.interrupted();
    let listings = resolver.into_listings();
    let summary = RunSummary {
        blocked,
        lost,
        ..summary(plan, results, listings, took(), interrupted)
    };
    observer.event(&Event::RunFinished {
        steps: summary.counts,
        items: summary.items,
        damaged: misses.damaged_results(),
        blocked,
        lost,
        seconds: summary.seconds,
        interrupted,
    });
    Ok(summary)
}

/// Sees to it that hits under `new` keys are on disk: whoever made them may have been killed before they were.
fn record_hits(
    cache: &Cache,
    results: &[StepResult],
    new: &HashSet<Digest>,
) -> Result<(), CacheError> {
    for result in results.iter().filter(|result| result.status == Status::Hit) {
        if let (Some(key), Some(output)) = (result.key, &result.output)
            && new.contains(&key)
        {
            cache.sync_result(&key, output)?;
        }
    }
    cache.wait_for_disk()
}

/// Removes checkpoints of finished steps beyond what they may take. Nothing depends on them.
fn limit_checkpoints(
    plan: &Plan,
    cache: &Cache,
    options: &RunOptions<'_>,
    observer: &dyn Observer,
) {
    if let Err(error) = cache.limit_checkpoints(options.checkpoint_bytes) {
        observer.event(&Event::Warning {
            step: plan.name.clone(),
            message: format!("checkpoints of finished steps take more than they may: {error}"),
        });
    }
}

/// Forgets results that are damaged and those that were made from them, with a warning for each damaged one.
fn forget_damaged(
    cache: &Cache,
    damaged: &BTreeSet<Digest>,
    misses: &Misses,
    observer: &dyn Observer,
) -> Result<(), CacheError> {
    let results = cache.damaged_results(damaged)?;
    let made_from = results.iter().filter(|result| result.file.is_none());
    let made_from = match made_from.count() {
        0 => "recomputing it".into(),
        1 => "recomputing it and the 1 result that was made from it".into(),
        count => format!("recomputing it and the {count} results that were made from it"),
    };
    misses.damaged(results.iter().map(|result| result.key));
    for result in &results {
        observer.event(&Event::ResultDamaged {
            step: result.step.clone(),
            key: result.key.hex(),
            file: result.file.clone(),
            gone: false,
        });
        if let Some(file) = &result.file {
            observer.event(&Event::Warning {
                step: result.step.clone(),
                message: format!("{file} is damaged in the cache; {made_from}"),
            });
        }
    }
    cache.forget_damaged(damaged, &results)
}

/// Reports what the sources list: warnings, and tables for people.
fn publish_listings(
    resolver: &Resolver<'_>,
    publisher: &mut Publisher<'_>,
    observer: &dyn Observer,
) {
    for (step, message) in resolver.warnings() {
        observer.event(&Event::Warning {
            step: resolver.plan.steps[step].id().into(),
            message: message.into(),
        });
    }
    for (step, listing) in resolver.listings() {
        if let Err(error) = publisher.listing(step, listing) {
            publisher.failed(step, &error, observer);
        }
        if listing.left_out > 0 {
            observer.event(&Event::ItemsLeftOut {
                step: resolver.plan.steps[step].id().into(),
                items: listing.left_out,
                causes: listing.causes.clone(),
            });
        }
    }
}

fn summary(
    plan: &Plan,
    results: Vec<StepResult>,
    listings: Vec<(usize, SourceListing)>,
    took: Duration,
    interrupted: bool,
) -> RunSummary {
    let left_out = listings.iter().map(|(_, listing)| listing.left_out);
    let left_out = left_out.sum();
    let mut summary = RunSummary {
        steps: Vec::new(),
        results: PlanResults {
            listings,
            steps: Vec::new(),
        },
        counts: StepCounts::default(),
        items: ItemCounts {
            left_out,
            ..ItemCounts::default()
        },
        blocked: 0,
        lost: 0,
        seconds: took.as_secs_f64(),
        interrupted,
    };
    for (step, result) in plan.steps.iter().zip(results) {
        match result.status {
            Status::Hit => {
                summary.counts.hit += 1;
                summary.counts.fetched += usize::from(result.fetched);
            }
            Status::Executed => summary.counts.executed += 1,
            Status::Failed => summary.counts.failed += 1,
            Status::Skipped => summary.counts.skipped += 1,
        }
        // A record that was written by hand may claim any number.
        let add = |sum: &mut usize, more: usize| *sum = sum.saturating_add(more);
        add(&mut summary.items.computed, result.computed);
        add(&mut summary.items.reused, result.reused);
        add(&mut summary.items.bad, result.bad);
        summary.results.steps.push(KnownStep {
            key: result.key,
            output: result.output,
        });
        summary.steps.push(StepSummary {
            id: step.id().into(),
            status: result.status,
            seconds: result.seconds,
            error: result.error.map(|error| one_line(&error)),
        });
    }
    summary
}

/// An error with its causes, without line breaks.
fn one_line(error: &Report) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let causes = causes.join(": ");
    causes.split_whitespace().collect::<Vec<_>>().join(" ")
}
