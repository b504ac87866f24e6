//! Parameters that differ between two runs, told once where all variants of a stage differ alike.

use serde::Serialize;

use crate::cache::StepRecord;

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
    for (id, before, after) in pairs {
        for difference in after.material.differences(&before.material) {
            let name = match difference.name.strip_prefix("parameters.") {
                Some(name) => name,
                None if told_elsewhere(&difference.name) => continue,
                None => &difference.name,
            };
            let same = |change: &&mut ParameterChange| {
                change.stage == stage_of(id)
                    && change.name == name
                    && change.old == difference.old
                    && change.new == difference.new
            };
            match changes.iter_mut().find(same) {
                Some(change) => change.steps.push(id.clone()),
                None => changes.push(ParameterChange {
                    stage: stage_of(id).into(),
                    name: name.into(),
                    old: difference.old.clone(),
                    new: difference.new.clone(),
                    steps: vec![id.clone()],
                    everywhere: false,
                }),
            }
        }
    }
    for change in &mut changes {
        let of_stage = pairs
            .iter()
            .filter(|pair| stage_of(&pair.0) == change.stage);
        change.everywhere = of_stage.count() == change.steps.len();
    }
    changes
}

/// Inputs and how they were made follow from steps before, sources are data, rows of a report are the steps themselves.
fn told_elsewhere(name: &str) -> bool {
    name == "source"
        || ["input.", "lineage.", "missing.", "row.", "probe.", "map."]
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
