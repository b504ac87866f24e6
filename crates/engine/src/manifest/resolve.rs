//! Finds the steps that one variant of a stage takes.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Map;

use crate::artifact::ArtifactKind;

use super::check::{Checked, InputReference};
use super::declaration::Declaration;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::expansion::Expansion;
use super::kind::Kind;
use super::limits::Exceeded;
use super::stage_steps::{StageSteps, made_by};
use super::stages::Stage;
use super::suggest::{listed, suggest};
use super::variant::Variant;

/// What is known of the other stages when one is resolved.
pub struct Others<'a> {
    /// All stages.
    pub stages: &'a [Stage<'a>],
    /// Names of stages that cannot be read.
    pub broken: &'a HashSet<&'a str>,
    /// All stage kinds.
    pub kinds: &'static [&'static Kind],
    /// Indices of the stages by name.
    pub names: &'a HashMap<&'a str, usize>,
    /// The steps declared so far.
    pub steps: &'a [Declaration],
    /// The steps of each stage that is declared.
    pub steps_of: &'a BTreeMap<usize, StageSteps>,
}

/// What a step takes as one of its inputs.
pub struct ResolvedInput {
    /// Dotted path of the parameter.
    pub path: String,
    /// Indices of the steps.
    pub steps: Vec<usize>,
    /// Whether `only` limits the other stage to steps that this one cannot take.
    pub is_limited: bool,
}

impl Others<'_> {
    /// The steps that each input of one variant of `stage` takes; they are counted in `expansion`.
    ///
    /// # Errors
    /// The limit that is exceeded.
    pub fn resolve(
        &self,
        checked: &Checked,
        stage: &Stage<'_>,
        variant: &Variant,
        expansion: &mut Expansion<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<ResolvedInput>, Exceeded> {
        let mut inputs = Vec::with_capacity(checked.inputs.len());
        let mut in_lists: HashSet<(&str, &str)> = HashSet::new();
        for input in &checked.inputs {
            let place = checked.place_of(&input.path, &stage.entry.key_place);
            let found = self.names.get(input.stage.as_str());
            let Some(target) = found else {
                if !self.broken.contains(input.stage.as_str()) {
                    let diagnostic = Diagnostic::new(
                        "manifest::unknown_input",
                        format!("unknown stage `{}`", input.stage),
                    )
                    .at(&place, "no stage has this name");
                    let names = self.stages.iter().map(|other| other.entry.key.as_str());
                    let others = names.filter(|name| *name != stage.entry.key);
                    diagnostics.push_with_help(diagnostic, || suggest(&input.stage, others));
                }
                continue;
            };
            let steps = self.steps_of.get(target);
            let fitting = steps.map_or_else(Vec::new, |steps| steps.matching(variant, self.steps));
            expansion.add_inputs(fitting.len(), &place)?;
            if let Some(&first) = fitting.first() {
                let made = made_by(&self.steps[first]);
                if !input.accepts.contains(&made) {
                    let diagnostic = Diagnostic::new(
                        "manifest::wrong_artifact",
                        format!("`{}` produces {}", input.stage, made.name()),
                    )
                    .at(
                        &place,
                        format!("`{}` expects {}", stage.entry.key, names_of(input.accepts)),
                    );
                    diagnostics.push_with_help(diagnostic, || self.makers(input, stage));
                }
            }
            if let Some(list) = list_of(&input.path)
                && !in_lists.insert((list, &input.stage))
            {
                diagnostics.push(
                    Diagnostic::new(
                        "manifest::duplicate",
                        format!("the stage `{}` is listed twice in `{list}`", input.stage),
                    )
                    .at(&place, "the second one")
                    .help("remove one of them"),
                );
            }
            inputs.push(ResolvedInput {
                path: input.path.clone(),
                is_limited: fitting.is_empty() && steps.is_some_and(|steps| !steps.is_empty()),
                steps: fitting,
            });
        }
        Ok(inputs)
    }

    /// Which stages make what `input` accepts, or which kinds would.
    fn makers(&self, input: &InputReference, taker: &Stage<'_>) -> String {
        let wanted = names_of(input.accepts);
        let mut makers: Vec<(usize, &str)> = self
            .steps_of
            .iter()
            .filter(|(_, steps)| steps.make_any(input.accepts))
            .filter_map(|(&stage, steps)| {
                Some((steps.first()?, self.stages[stage].entry.key.as_str()))
            })
            .filter(|(_, name)| *name != taker.entry.key)
            .collect();
        makers.sort_unstable();
        if !makers.is_empty() {
            let names: Vec<&str> = makers.iter().map(|(_, name)| *name).collect();
            return format!(
                "use one that produces {wanted}: {}",
                listed(&names).join(", ")
            );
        }
        let kinds: Vec<String> = self
            .kinds
            .iter()
            .filter(|kind| input.accepts.contains(&(kind.output)(&Map::new())))
            .filter(|kind| kind.makes_of_others(input.accepts))
            .map(|kind| format!("`{}`", kind.name))
            .collect();
        let kinds = match kinds.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{} or {last}", others.join(", "))
            }
            _ => kinds.concat(),
        };
        format!("insert a stage that produces {wanted}: kind {kinds}")
    }
}

/// The list that a dotted path is an item of.
fn list_of(path: &str) -> Option<&str> {
    let (list, index) = path.rsplit_once('.')?;
    index.parse::<usize>().is_ok().then_some(list)
}

fn names_of(kinds: &[ArtifactKind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.join(" or ")
}
