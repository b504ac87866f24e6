//! Gathers what a report says besides results: data, checks, steps.

use std::collections::{BTreeMap, BTreeSet};

use pipe_engine::cache::{Cache, CacheError};
use pipe_engine::exec::PlanResults;
use pipe_engine::plan::Plan;
use pipe_engine::stage::SourceListing;
use pipe_report::{
    CorpusFacts, LeakCheck, PartitionFacts, Report, RunFacts, SplitFacts, StepFacts,
};
use pipe_speech::corpus::Split;

use pipe_stages::domain::SpeechPlan;
use pipe_stages::items::{UtteranceItem, details};

use super::described::Described;
use super::reproduction::reproduction;

/// What the cache knows of the run, and `described` besides; `report` says what the evaluations found.
///
/// # Errors
/// When a record cannot be read.
pub fn facts(
    plan: &SpeechPlan,
    cache: &Cache,
    results: &PlanResults,
    report: &Report,
    described: &Described,
) -> Result<RunFacts, CacheError> {
    let listings = &results.listings;
    let notes = described.notes.clone();
    Ok(RunFacts {
        manifest: plan.name.clone(),
        reproduction: Some(reproduction(plan, described)),
        pipe_version: env!("CARGO_PKG_VERSION").into(),
        corpora: corpora(listings),
        partitions: partitions(listings),
        absent_corpora: plan
            .left_out
            .corpora
            .iter()
            .map(|absent| CorpusFacts {
                name: absent.name.clone(),
                title: absent.title.clone(),
                licence: absent.licence.clone(),
                source: absent.source.clone(),
                ..CorpusFacts::default()
            })
            .collect(),
        missing_steps: missing_steps(plan, results),
        leak_checks: leak_checks(plan, listings, report),
        left_out: notes.left_out,
        warnings: notes.warnings,
        steps: steps(plan, cache, results)?,
    })
}

/// Counts of every corpus; one that several sources list is counted once per utterance and split.
fn corpora(listings: &[(usize, SourceListing)]) -> Vec<CorpusFacts> {
    let mut corpora: Vec<CorpusFacts> = Vec::new();
    let mut speakers: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (_, listing) in listings {
        let details = details(listing);
        for corpus in details.iter().flat_map(|details| &details.corpora) {
            if !corpora.iter().any(|known| known.name == corpus.name) {
                corpora.push(corpus.clone());
            }
        }
        for item in &listing.items {
            let utterance = item.utterance();
            let recording = item.utterance_facts().recording.as_ref();
            let duration_s = recording.map_or(0.0, |recording| recording.duration_s);
            let split = utterance.split.name();
            let corpus = corpora.iter_mut().find(|c| *c.name == *utterance.corpus);
            let is_new = Split::ALL
                .iter()
                .all(|split| !seen.contains(&(&utterance.id, split.name())));
            let (Some(corpus), true) = (corpus, seen.insert((&utterance.id, split))) else {
                continue;
            };
            corpus.utterances += u64::from(is_new);
            let facts: &mut SplitFacts = corpus.splits.entry(split.into()).or_default();
            facts.utterances += 1;
            *facts.hours.get_or_insert(0.0) += duration_s / 3600.0;
            if let Some(class) = &utterance.class {
                *facts.classes.entry(class.to_string()).or_default() += 1;
            }
            let heard = speakers
                .entry((utterance.corpus.to_string(), split.into()))
                .or_default();
            heard.insert(&utterance.speaker);
            facts.speakers = heard.len() as u64;
        }
    }
    corpora
}

/// The published partitions that sources follow, each once.
fn partitions(listings: &[(usize, SourceListing)]) -> Vec<PartitionFacts> {
    let mut partitions: Vec<PartitionFacts> = Vec::new();
    for (_, listing) in listings {
        let details = details(listing);
        let partition = details.and_then(|details| details.partition.clone());
        partitions.extend(partition.filter(|partition| !partitions.contains(partition)));
    }
    partitions
}

fn missing_steps(plan: &SpeechPlan, results: &PlanResults) -> Vec<String> {
    let missing = (0..plan.steps.len()).filter(|&step| results.steps[step].output.is_none());
    let missing = missing.map(|step| plan.steps[step].id().to_string());
    missing.chain(plan.left_out.steps.iter().cloned()).collect()
}

fn leak_checks(
    plan: &Plan,
    listings: &[(usize, SourceListing)],
    report: &Report,
) -> Vec<LeakCheck> {
    let mut checks: Vec<LeakCheck> = Vec::new();
    for (step, listing) in listings {
        for check in details(listing)
            .iter()
            .flat_map(|details| &details.leak_checks)
        {
            checks.push(LeakCheck {
                between: plan.steps[*step].id().into(),
                ..check.clone()
            });
        }
    }
    if !report.entries.is_empty() {
        let found: BTreeSet<String> = report
            .entries
            .iter()
            .flat_map(|entry| entry.leaks.iter().cloned())
            .collect();
        checks.push(LeakCheck {
            name: "training speakers or recordings among those tested".into(),
            between: match report.entries.len() {
                1 => "1 evaluation".into(),
                n => format!("{n} evaluations"),
            },
            found: found.into_iter().collect(),
        });
    }
    checks
}

fn steps(plan: &Plan, cache: &Cache, results: &PlanResults) -> Result<Vec<StepFacts>, CacheError> {
    (plan.steps)
        .iter()
        .zip(&results.steps)
        .map(|(step, known)| {
            let record = known.record(cache)?;
            let output = known.output.as_ref();
            Ok(StepFacts {
                step: step.id().into(),
                kind: step.declaration.kind.name.into(),
                parameters: step.declaration.parameters.clone().into(),
                key: known.key.map(|key| key.hex()),
                output: output.map(|output| output.digest().hex()),
                seconds: record.as_ref().map(|record| record.seconds),
                pipe_version: record.as_ref().map(|record| record.pipe_version.clone()),
                cpu: record.as_ref().map(|record| record.cpu.clone()),
                device: record.and_then(|record| record.device),
            })
        })
        .collect()
}
