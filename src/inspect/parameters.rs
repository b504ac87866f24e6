//! Parameters that differ between two runs, reported once where all variants of a stage differ alike.

use std::collections::HashMap;

use pipe_engine::artifact::Difference;
use pipe_engine::cache::StepRecord;
use serde::Serialize;

use super::step::stage_of;

/// One parameter of a stage that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParameterChange {
    /// Name of the stage.
    pub stage: String,
    /// The parameter, such as `epochs`; `version` is that of the stage kind.
    pub name: String,
    /// The value it had; none where it did not exist.
    pub old: Option<String>,
    /// The value it has; none where it does not exist.
    pub new: Option<String>,
    /// The steps in which it differs.
    pub steps: Vec<String>,
    /// True when these are all the steps of the stage that were compared.
    pub everywhere: bool,
}

/// What differs between the records of each pair, apart from data and the results of steps before.
pub fn parameter_changes(pairs: &[(String, StepRecord, StepRecord)]) -> Vec<ParameterChange> {
    let mut changes: Vec<ParameterChange> = Vec::new();
    let mut known: HashMap<(&str, Difference), usize> = HashMap::new();
    let mut of_stage: HashMap<&str, usize> = HashMap::new();
    for (id, before, after) in pairs {
        let stage = stage_of(id);
        *of_stage.entry(stage).or_default() += 1;
        for difference in after.fingerprint.differences(&before.fingerprint) {
            let name = match difference.name.strip_prefix("parameters.") {
                Some(name) => name.to_owned(),
                None if reported_elsewhere(&difference.name) => continue,
                None => difference.name.clone(),
            };
            let (old, new) = (difference.old.clone(), difference.new.clone());
            let index = *known.entry((stage, difference)).or_insert_with(|| {
                changes.push(ParameterChange {
                    stage: stage.into(),
                    name,
                    old,
                    new,
                    steps: Vec::new(),
                    everywhere: false,
                });
                changes.len() - 1
            });
            changes[index].steps.push(id.clone());
        }
    }
    for change in &mut changes {
        let compared = of_stage.get(change.stage.as_str());
        change.everywhere = compared == Some(&change.steps.len());
    }
    changes
}

/// Inputs and how they were made follow from steps before, sources are data, rows of a report and what an
/// audit looks at are the steps themselves.
fn reported_elsewhere(name: &str) -> bool {
    name == "source"
        || [
            "input.", "lineage.", "missing.", "row.", "probe.", "map.", "audited.",
        ]
        .iter()
        .any(|start| name.starts_with(start))
}

impl std::fmt::Display for ParameterChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
        let (old, new) = (value(&self.old), value(&self.new));
        write!(f, "{}.{} {old} -> {new}", self.stage, self.name)
    }
}
