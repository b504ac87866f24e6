//! Which evaluations of a plan bring together recordings that several steps list, for their models and for themselves.

use std::collections::BTreeSet;

use pipe_engine::plan::Plan;
use serde_json::{Map, Value as Json};

use crate::audit::Comparison;
use crate::stage::{EVALUATE, INGEST, LeakPolicy, TRAIN};

/// What they bring together, each combination once, in the order of the plan.
pub fn comparisons(plan: &Plan) -> Vec<Comparison> {
    let is_kind = |step: usize, kind: &str| plan.steps[step].declaration.kind.name == kind;
    let mut found: Vec<Comparison> = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        if !is_kind(index, EVALUATE) {
            continue;
        }
        let (mut trained, mut evaluated) = (BTreeSet::new(), BTreeSet::new());
        for input in step.input_steps() {
            let before = plan.before(input);
            let is_model = before.iter().any(|&step| is_kind(step, TRAIN));
            let listing = before.into_iter().filter(|&step| is_kind(step, INGEST));
            let names = listing.map(|step| plan.steps[step].id().to_owned());
            match is_model {
                true => trained.extend(names),
                false => evaluated.extend(names),
            }
        }
        // One step alone is audited for itself. Several are compared, even where they feed one chain of features that
        // the model and its evaluation take: each has splits of its own.
        let is_of_several = trained.union(&evaluated).count() > 1;
        if trained.is_empty() || evaluated.is_empty() || !is_of_several {
            continue;
        }
        let policy = LeakPolicy::of(&step.declaration.parameters);
        let whose = format!("`leaks` of {}", step.id());
        let allowed = policy.allowed().into_iter();
        let comparison = Comparison {
            trained,
            evaluated,
            splits: splits(&step.declaration.parameters),
            allowed: allowed
                .map(|kind| (kind.to_owned(), whose.clone()))
                .collect(),
        };
        match found.iter_mut().find(|known| known.is_alike(&comparison)) {
            // What one of two evaluations refuses is refused.
            Some(known) => known
                .allowed
                .retain(|kind, _| comparison.allowed.contains_key(kind)),
            None => found.push(comparison),
        }
    }
    found
}

/// The splits that an evaluation scores.
fn splits(parameters: &Map<String, Json>) -> Vec<String> {
    let splits = parameters.get("splits").and_then(Json::as_array);
    let names = splits.into_iter().flatten().filter_map(Json::as_str);
    names.map(str::to_owned).collect()
}
