//! Sources that a model was trained on against those that it is evaluated on, where they are different steps.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use pipe_engine::plan::Plan;
use pipe_speech::corpus::Split;
use serde_json::Value as Json;

use crate::audit::{AuditScope, AuditSource};
use crate::stage::{INGEST, TRAIN};

/// The kind of the stage that scores a model.
const EVALUATE: &str = "evaluate";

/// For each evaluation of recordings that other steps list than the training's, what it is trained on (training and
/// validation) and evaluated on (as test); each combination once.
pub fn between(plan: &Plan, sources: &[AuditSource]) -> Vec<AuditSource> {
    let by_name: BTreeMap<&str, &AuditSource> = sources
        .iter()
        .map(|source| (&*source.name, source))
        .collect();
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for step in &plan.steps {
        if step.declaration.kind.name != EVALUATE {
            continue;
        }
        let (mut trained, mut evaluated) = (BTreeSet::new(), BTreeSet::new());
        for (_, input) in &step.inputs {
            let before = plan.before(*input);
            let is_model = before.iter().any(|&s| kind(plan, s) == TRAIN);
            let listing = before.into_iter().filter(|&s| kind(plan, s) == INGEST);
            let names = listing.map(|s| plan.steps[s].id());
            match is_model {
                true => trained.extend(names),
                false => evaluated.extend(names),
            }
        }
        let splits = splits(&step.declaration.parameters);
        let apart = !trained.is_empty() && !evaluated.is_empty() && trained != evaluated;
        if !apart || !seen.insert((trained.clone(), evaluated.clone(), splits.clone())) {
            continue;
        }
        let of = |names: &BTreeSet<&str>| -> Vec<&AuditSource> {
            names
                .iter()
                .filter_map(|n| by_name.get(n).copied())
                .collect()
        };
        let listed = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(", ");
        let (on, of_test) = (listed(&trained), listed(&evaluated));
        let mut both = AuditSource {
            scope: AuditScope::BetweenSplits,
            ..AuditSource::unlisted(&format!("trained on {on}, evaluated on {of_test}"))
        };
        for source in of(&trained) {
            both.classes.clone_from(&source.classes);
            let seen = source.recordings.iter();
            let seen = seen.filter(|recording| recording.utterance.split != Split::Test);
            both.recordings.extend(seen.cloned());
        }
        for source in of(&evaluated) {
            let scored = source.recordings.iter();
            let scored = scored.filter(|r| splits.contains(&r.utterance.split.name().to_owned()));
            both.recordings.extend(scored.cloned().map(|mut recording| {
                recording.utterance.split = Split::Test;
                recording
            }));
        }
        found.push(both);
    }
    found
}

fn kind(plan: &Plan, step: usize) -> &'static str {
    plan.steps[step].declaration.kind.name
}

/// The splits that an evaluation scores.
fn splits(parameters: &serde_json::Map<String, Json>) -> Vec<String> {
    let splits = parameters.get("splits").and_then(Json::as_array);
    let names = splits.into_iter().flatten().filter_map(Json::as_str);
    names.map(str::to_owned).collect()
}
