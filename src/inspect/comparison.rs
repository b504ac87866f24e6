//! Two runs, or two steps with all that leads to them, side by side.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use pipe_engine::cache::{Cache, CacheError, Run, StepRecord};
use serde::Serialize;

use super::data::{DataChange, data_change};
use super::evaluations::{EvaluationChange, evaluation_change};
use super::parameters::{ParameterChange, parameter_changes};
use super::step::{StepOfRun, stage_of};
use super::trainings::{TrainingChange, training_change};

/// Two steps that correspond to each other.
#[derive(Clone, Debug)]
struct Pair {
    /// How the pair is called: the id where both have the same, otherwise both ids.
    name: String,
    /// The step of the earlier run.
    before: StepOfRun,
    /// The step of the later run.
    after: StepOfRun,
}

/// Everything that differs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Comparison {
    /// Name of the one.
    pub before: String,
    /// Name of the other.
    pub after: String,
    /// Steps that both have with the same key.
    pub same: usize,
    /// Steps that both have with different keys.
    pub different: usize,
    /// Steps that only the one has.
    pub only_before: Vec<String>,
    /// Steps that only the other has.
    pub only_after: Vec<String>,
    /// Parameters that differ.
    pub parameters: Vec<ParameterChange>,
    /// Sources that differ.
    pub data: Vec<DataChange>,
    /// Trainings that came out otherwise.
    pub trainings: Vec<TrainingChange>,
    /// Evaluations that came out otherwise.
    pub evaluations: Vec<EvaluationChange>,
    /// Evaluations that came out the same.
    pub same_evaluations: usize,
    /// What the cache lacks for the comparison.
    pub missing: Vec<String>,
}

impl Comparison {
    /// The differences in a few words, such as `train.epochs 30 -> 40, +2 steps`.
    pub fn brief(&self) -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        for change in &self.parameters {
            let short = |value: &Option<String>| shortened(value.as_deref().unwrap_or("nothing"));
            let (old, new) = (short(&change.old), short(&change.new));
            parts.push(format!("{}.{} {old} -> {new}", change.stage, change.name));
        }
        for change in &self.data {
            parts.push(format!("{}: {}", change.step, change.brief()));
        }
        for (sign, steps) in [("+", &self.only_after), ("-", &self.only_before)] {
            match steps.as_slice() {
                [] => {}
                [step] => parts.push(format!("{sign}{step}")),
                steps => parts.push(format!("{sign}{} steps", steps.len())),
            }
        }
        if parts.is_empty() && !self.missing.is_empty() {
            parts.push("no longer known".into());
        }
        parts
    }
}

/// A value in few characters.
fn shortened(value: &str) -> String {
    const LONGEST: usize = 24;
    if value.chars().count() <= LONGEST {
        return value.into();
    }
    let start: String = value.chars().take(LONGEST - 1).collect();
    format!("{start}…")
}

/// How much is read for a comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Parameters and data.
    Causes,
    /// Also metrics and predictions.
    Results,
}

/// Compares two runs step by step.
///
/// # Errors
/// When a record or a listing cannot be read.
pub fn compare_runs(
    cache: &Cache,
    before: &Run,
    after: &Run,
    depth: Depth,
) -> Result<Comparison, CacheError> {
    let (before, after) = (Arc::new(before.clone()), Arc::new(after.clone()));
    let step = |run: &Arc<Run>, id: &String| StepOfRun {
        run: run.clone(),
        id: id.clone(),
    };
    let (old, new) = (&before.record.steps, &after.record.steps);
    let pairs: Vec<Pair> = new
        .keys()
        .filter(|id| old.contains_key(*id))
        .map(|id| Pair {
            name: id.clone(),
            before: step(&before, id),
            after: step(&after, id),
        })
        .collect();
    let mut comparison = compare(cache, &pairs, depth)?;
    let ids = |run: &Run| StepOfRun::ids(run).into_iter().collect::<BTreeSet<_>>();
    let (old, new) = (ids(&before), ids(&after));
    comparison.before = before.to_string();
    comparison.after = after.to_string();
    comparison.only_before = old.difference(&new).cloned().collect();
    comparison.only_after = new.difference(&old).cloned().collect();
    Ok(comparison)
}

/// Compares two steps and what leads to them.
///
/// # Errors
/// As [`compare_runs`].
pub fn compare_steps(
    cache: &Cache,
    before: &StepOfRun,
    after: &StepOfRun,
) -> Result<Comparison, CacheError> {
    let (old, new) = (upstream(cache, before)?, upstream(cache, after)?);
    let mut pairs = vec![pair(before.clone(), after.clone())];
    let by_stage = |steps: &[StepOfRun]| {
        let mut stages: BTreeMap<String, Vec<StepOfRun>> = BTreeMap::new();
        for step in steps {
            let stage = stages.entry(stage_of(&step.id).into()).or_default();
            stage.push(step.clone());
        }
        stages
    };
    let (old, new) = (by_stage(&old), by_stage(&new));
    let (mut only_before, mut only_after) = (Vec::new(), Vec::new());
    let stages: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for stage in stages {
        let none = Vec::new();
        let (then, now) = (
            old.get(stage).unwrap_or(&none),
            new.get(stage).unwrap_or(&none),
        );
        if let ([then], [now]) = (then.as_slice(), now.as_slice()) {
            pairs.push(pair(then.clone(), now.clone()));
            continue;
        }
        let by_id = |steps: &'_ [StepOfRun]| -> HashMap<String, StepOfRun> {
            let steps = steps.iter();
            steps.map(|step| (step.id.clone(), step.clone())).collect()
        };
        let (then_by_id, now_by_id) = (by_id(then), by_id(now));
        for step in then {
            match now_by_id.get(&step.id) {
                Some(other) => pairs.push(pair(step.clone(), other.clone())),
                None => only_before.push(step.id.clone()),
            }
        }
        let new = now.iter().filter(|step| !then_by_id.contains_key(&step.id));
        only_after.extend(new.map(|step| step.id.clone()));
    }
    let name = |step: &StepOfRun| format!("{}/{}", step.run, step.id);
    Ok(Comparison {
        before: name(before),
        after: name(after),
        only_before,
        only_after,
        ..compare(cache, &pairs, Depth::Results)?
    })
}

fn pair(before: StepOfRun, after: StepOfRun) -> Pair {
    Pair {
        name: match before.id == after.id {
            true => after.id.clone(),
            false => format!("{} -> {}", before.id, after.id),
        },
        before,
        after,
    }
}

/// The steps of its run that a step takes results of, and so on.
fn upstream(cache: &Cache, step: &StepOfRun) -> Result<Vec<StepOfRun>, CacheError> {
    let mut records: Vec<(StepOfRun, StepRecord)> = Vec::new();
    for id in step.run.record.steps.keys() {
        let other = StepOfRun {
            run: step.run.clone(),
            id: id.clone(),
        };
        let record = other.record(cache)?;
        records.extend(record.map(|record| (other, record)));
    }
    let by_id: HashMap<&str, usize> = (records.iter().enumerate())
        .map(|(index, (other, _))| (other.id.as_str(), index))
        .collect();
    let mut by_output: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, (_, record)) in records.iter().enumerate() {
        let made = by_output.entry(record.output.digest().hex()).or_default();
        made.push(index);
    }
    let mut found: HashSet<usize> = HashSet::new();
    let mut open: Vec<usize> = by_id.get(step.id.as_str()).copied().into_iter().collect();
    while let Some(taker) = open.pop() {
        let inputs = (records[taker].1.fingerprint.0.iter())
            .filter(|(name, _)| name.starts_with("input."))
            .filter_map(|(_, digest)| by_output.get(digest));
        for &input in inputs.flatten() {
            if records[input].0.id != step.id && found.insert(input) {
                open.push(input);
            }
        }
    }
    let mut found: Vec<usize> = found.into_iter().collect();
    found.sort_unstable();
    let steps = found.into_iter().map(|index| records[index].0.clone());
    Ok(steps.collect())
}

fn compare(cache: &Cache, pairs: &[Pair], depth: Depth) -> Result<Comparison, CacheError> {
    let mut comparison = Comparison::default();
    let mut compared: Vec<(String, StepRecord, StepRecord)> = Vec::new();
    let mut runs: Vec<[&str; 2]> = Vec::new();
    for pair in pairs {
        if pair.before.key().is_some() && pair.before.key() == pair.after.key() {
            comparison.same += 1;
            if let Some(record) = pair.after.record(cache)? {
                comparison.same_evaluations += usize::from(is(&record, "evaluate"));
            }
            continue;
        }
        comparison.different += 1;
        let mut read = |step: &StepOfRun| -> Result<Option<StepRecord>, CacheError> {
            let record = step.record(cache)?;
            if record.is_none() {
                let why = match step.run.record.steps.contains_key(&step.id) {
                    true => "no longer has an intact record in the cache",
                    false => "was not done",
                };
                let missing = format!("{}/{} {why}", step.run, step.id);
                comparison.missing.push(missing);
            }
            Ok(record)
        };
        if let (Some(before), Some(after)) = (read(&pair.before)?, read(&pair.after)?) {
            compared.push((pair.name.clone(), before, after));
            runs.push([&pair.before.run.manifest, &pair.after.run.manifest]);
        }
    }
    comparison.parameters = parameter_changes(&compared);
    for ((name, before, after), manifests) in compared.iter().zip(&runs) {
        let change = data_change(cache, name, *manifests, before, after)?;
        comparison.data.extend(change);
        if depth == Depth::Causes {
            continue;
        }
        let same = before.output.digest() == after.output.digest();
        if is(before, "evaluate") && is(after, "evaluate") {
            match same {
                true => comparison.same_evaluations += 1,
                false => {
                    let change = evaluation_change(cache, name, before, after);
                    comparison.evaluations.push(change);
                }
            }
        }
        if is(before, "train") && is(after, "train") && !same {
            let change = training_change(cache, name, before, after);
            comparison.trainings.push(change);
        }
    }
    Ok(comparison)
}

fn is(record: &StepRecord, kind: &str) -> bool {
    record
        .fingerprint
        .0
        .get("kind")
        .is_some_and(|own| own == kind)
}
