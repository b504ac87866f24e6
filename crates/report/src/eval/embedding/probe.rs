//! Cross-validated linear probes: how well a linear classifier predicts an attribute from the embedding.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use pipe_foundation::Workers;

use crate::eval::{Confusion, Interval};

use super::folds::{Folds, by_group, within_labels};
use super::logistic::Logistic;
use super::speakers::{Group, interval_over_groups, mean_recall};
use super::{EmbeddingError, LogisticOptions, Points};

/// Where an embedded utterance comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// Its unique name.
    pub utterance: &'a str,
    /// Its speaker.
    pub speaker: &'a str,
    /// Its corpus.
    pub corpus: &'a str,
}

/// One attribute of all utterances.
#[derive(Clone, Debug)]
pub struct Labelled<'a> {
    /// Its value for each utterance, where it is known.
    pub values: Vec<Option<&'a str>>,
    /// Whether folds are disjoint in speakers. False for the speaker itself: then folds are over utterances.
    pub by_speaker: bool,
}

/// How probes are fitted and tested.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProbeOptions {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// How each classifier is fitted.
    pub logistic: LogisticOptions,
    /// Orders speakers and utterances before they are dealt to folds, and draws the bootstrap.
    pub seed: u64,
}

/// What came of one attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Probed {
    /// The values that were tested, sorted.
    pub labels: Vec<String>,
    /// Values left out: they occur with one speaker (or in one utterance) only.
    pub left_out: Vec<String>,
    /// Utterances whose value is unknown.
    pub unknown: usize,
    /// Out-of-fold predictions; none where fewer than two values could be tested.
    pub confusion: Option<Confusion>,
    /// Mean recall of the values.
    pub ua: Option<f64>,
    /// Its 95 % interval, from a bootstrap over the speakers of each corpus (over the utterances of each speaker for
    /// probes of the speaker); none with fewer than five.
    pub interval: Option<Interval>,
    /// Fits that took the most steps without meeting the tolerance.
    pub unfinished: usize,
}

/// One fit and its test.
struct Task<'a> {
    attribute: usize,
    fold: usize,
    plan: &'a Plan,
    /// Position and predicted class.
    predicted: Vec<(usize, usize)>,
    converged: bool,
    failed: Option<EmbeddingError>,
}

/// What is classified for one attribute.
struct Plan {
    labels: Vec<String>,
    left_out: Vec<String>,
    unknown: usize,
    /// Position, class and fold of each utterance that takes part.
    members: Vec<(usize, usize, usize)>,
}

/// Probes each attribute: fits on all folds but one, tests on that one, for every fold.
///
/// Dimensions are standardised by the fitting part alone. `advance` is called with the number of fits done and of all.
///
/// # Errors
/// [`EmbeddingError::Stopped`] once `stop` returns true.
pub fn probe(
    points: &Points,
    origins: &[Origin<'_>],
    attributes: &[Labelled<'_>],
    options: &ProbeOptions,
    workers: &Workers,
    stop: &(dyn Fn() -> bool + Sync),
    advance: &(dyn Fn(u64, u64) + Sync),
) -> Result<Vec<Probed>, EmbeddingError> {
    let plans: Vec<Plan> = attributes
        .iter()
        .map(|attribute| plan(origins, attribute, options))
        .collect();
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for (attribute, plan) in plans.iter().enumerate() {
        let folds: BTreeSet<usize> = plan.members.iter().map(|member| member.2).collect();
        tasks.extend(folds.into_iter().map(|fold| Task {
            attribute,
            fold,
            plan,
            predicted: Vec::new(),
            converged: true,
            failed: None,
        }));
    }
    let total = tasks.len() as u64;
    let done = AtomicU64::new(0);
    workers.for_each(&mut tasks, |_, task| {
        if let Err(error) = run(task, points, &options.logistic, stop) {
            task.failed = Some(error);
        }
        advance(done.fetch_add(1, Ordering::Relaxed) + 1, total);
    });
    if stop() {
        return Err(EmbeddingError::Stopped);
    }
    let mut found = Vec::with_capacity(plans.len());
    for (index, (plan, attribute)) in plans.iter().zip(attributes).enumerate() {
        let own = tasks.iter_mut().filter(|task| task.attribute == index);
        let mut predicted: BTreeMap<usize, usize> = BTreeMap::new();
        let mut unfinished = 0;
        for task in own {
            if let Some(error) = task.failed.take() {
                return Err(error);
            }
            unfinished += usize::from(!task.converged);
            predicted.extend(task.predicted.iter().copied());
        }
        found.push(score(
            plan,
            &predicted,
            origins,
            attribute.by_speaker,
            unfinished,
            options.seed,
        ));
    }
    Ok(found)
}

fn plan(origins: &[Origin<'_>], attribute: &Labelled<'_>, options: &ProbeOptions) -> Plan {
    let names: BTreeSet<&str> = attribute.values.iter().flatten().copied().collect();
    let names: Vec<&str> = names.into_iter().collect();
    let known: Vec<(usize, usize)> = attribute
        .values
        .iter()
        .enumerate()
        .filter_map(|(at, value)| Some((at, names.binary_search(&(*value)?).ok()?)))
        .collect();
    let labels: Vec<usize> = known.iter().map(|member| member.1).collect();
    let Folds {
        of: folds,
        untestable,
    } = match attribute.by_speaker {
        true => by_group(
            &labels,
            &speakers(&known, origins),
            options.folds,
            options.seed,
        ),
        false => within_labels(
            &labels,
            &utterances(&known, origins),
            options.folds,
            options.seed,
        ),
    };
    let tested: Vec<usize> = (0..names.len())
        .filter(|label| !untestable.contains(label))
        .collect();
    let members = known.iter().zip(&folds).filter_map(|(&(at, label), fold)| {
        Some((at, tested.binary_search(&label).ok()?, (*fold)?))
    });
    Plan {
        // A single value leaves nothing to classify.
        members: if tested.len() < 2 {
            Vec::new()
        } else {
            members.collect()
        },
        labels: tested
            .iter()
            .map(|&label| names[label].to_string())
            .collect(),
        left_out: untestable
            .iter()
            .map(|&label| names[label].to_string())
            .collect(),
        unknown: attribute.values.len() - known.len(),
    }
}

fn speakers<'a>(known: &[(usize, usize)], origins: &[Origin<'a>]) -> Vec<&'a str> {
    known.iter().map(|&(at, _)| origins[at].speaker).collect()
}

fn utterances<'a>(known: &[(usize, usize)], origins: &[Origin<'a>]) -> Vec<&'a str> {
    known.iter().map(|&(at, _)| origins[at].utterance).collect()
}

fn run(
    task: &mut Task<'_>,
    points: &Points,
    options: &LogisticOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<(), EmbeddingError> {
    let (tested, fitted): (Vec<_>, Vec<_>) = task
        .plan
        .members
        .iter()
        .partition(|member| member.2 == task.fold);
    let rows = |members: &[(usize, usize, usize)]| -> Vec<usize> {
        members.iter().map(|member| member.0).collect()
    };
    let raw = points.select(&rows(&fitted));
    let moments = raw.moments();
    let labels: Vec<usize> = fitted.iter().map(|member| member.1).collect();
    let classifier = Logistic::fit(
        &raw.scaled(&moments),
        &labels,
        task.plan.labels.len(),
        options,
        stop,
    )?;
    task.converged = classifier.converged;
    let classes = classifier.classify(&points.select(&rows(&tested)).scaled(&moments));
    task.predicted = rows(&tested).into_iter().zip(classes).collect();
    Ok(())
}

fn score(
    plan: &Plan,
    predicted: &BTreeMap<usize, usize>,
    origins: &[Origin<'_>],
    by_speaker: bool,
    unfinished: usize,
    seed: u64,
) -> Probed {
    let classes = plan.labels.len();
    let mut rows = vec![vec![0u64; classes]; classes];
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    let mut totals = vec![(0u32, 0u32); classes];
    for (at, label, _) in &plan.members {
        let Some(&class) = predicted.get(at) else {
            continue;
        };
        let origin = &origins[*at];
        let (name, stratum) = match by_speaker {
            true => (origin.speaker, origin.corpus),
            false => (origin.utterance, origin.speaker),
        };
        let group = groups.entry(name).or_insert_with(|| Group {
            stratum: stratum.to_string(),
            counts: vec![(0, 0); classes],
        });
        let hit = u32::from(class == *label);
        for counts in [&mut group.counts, &mut totals] {
            counts[*label].0 += hit;
            counts[*label].1 += 1;
        }
        rows[*label][class] += 1;
    }
    let groups: Vec<Group> = groups.into_values().collect();
    let tested = !plan.members.is_empty();
    Probed {
        labels: plan.labels.clone(),
        left_out: plan.left_out.clone(),
        unknown: plan.unknown,
        confusion: tested.then(|| Confusion::from_rows(&rows).ok()).flatten(),
        ua: tested.then(|| mean_recall(&totals)).flatten(),
        interval: tested
            .then(|| interval_over_groups(&groups, seed))
            .flatten(),
        unfinished,
    }
}

#[cfg(test)]
mod tests;
