//! The plan: steps with their stages, inputs, and what is computed together.

mod explain;
mod lineage;
mod present;
mod step;

use std::collections::BTreeMap;
use std::path::Path;

use crate::manifest::{Manifest, Problems};
use crate::stage::{self, Stage};

use pipe_nn::model::Device;
use pipe_speech::corpus::Corpora;
use present::keep_present;

pub use explain::{Explanation, Reason, explain};
pub use lineage::lineage;
pub use present::{AbsentCorpus, LeftOut};
pub use step::Step;

/// A checked manifest with everything needed to run it. Steps stand after their inputs.
pub struct Plan {
    /// Name of the manifest: what it gives itself, or its path inside the project. Results and the memory of runs go
    /// by it.
    pub name: String,
    /// Its path as it was given.
    pub manifest: String,
    /// All of it as one text: includes merged, overrides applied.
    pub text: String,
    /// The steps.
    pub steps: Vec<Step>,
    /// What was left out because corpora are not there.
    pub left_out: LeftOut,
    /// Where trainings and evaluations compute; part of their keys.
    pub device: Device,
}

impl Plan {
    /// Reads a manifest and builds its steps.
    ///
    /// # Errors
    /// Every problem of the manifest, and of `corpora.toml` as far as it is used.
    pub fn read(path: &Path, options: &PlanOptions<'_>) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut manifest = Manifest::read(path, options.overrides, stage::kinds(), &mut problems)?;
        match (options.corpora)(&manifest) {
            Ok(corpora) => {
                let left_out = match options.present_only {
                    true => keep_present(&mut manifest, &corpora),
                    false => LeftOut::default(),
                };
                Ok(Self {
                    left_out,
                    device: options.device,
                    ..Self::new(manifest, &corpora, problems)?
                })
            }
            Err(more) => {
                problems.extend(more);
                Err(problems.sorted())
            }
        }
    }

    /// Builds what can be built, so that all problems are told at once.
    fn new(
        manifest: Manifest,
        corpora: &Corpora,
        mut problems: Problems,
    ) -> Result<Self, Problems> {
        let mut steps: Vec<Step> = Vec::new();
        for declaration in manifest.steps {
            if !declaration.sound {
                steps.push(Step::new(
                    declaration,
                    Stage::Aggregate(Box::new(stage::Unbuilt)),
                ));
                continue;
            }
            match stage::build(&declaration, corpora) {
                Ok(stage) => steps.push(Step::new(declaration, stage)),
                Err(more) => {
                    problems.extend(more);
                    // Keeps the indices right; nothing runs when there are problems.
                    steps.push(Step::new(
                        declaration,
                        Stage::Aggregate(Box::new(stage::Unbuilt)),
                    ));
                }
            }
        }
        step::connect(&mut steps);
        let plan = Self {
            name: manifest.name,
            manifest: manifest.path.display().to_string(),
            text: manifest.merged,
            steps,
            left_out: LeftOut::default(),
            device: Device::default(),
        };
        problems.or_ok(plan)
    }

    /// Index of the step called `id`.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.declaration.id == id)
    }

    /// Groups of item-wise steps that are computed together, each in the order of the plan.
    pub fn item_groups(&self) -> Vec<Vec<usize>> {
        // Each step's group is that of an earlier step, and in the end of the first step of the group.
        let mut earlier: Vec<usize> = (0..self.steps.len()).collect();
        let is_item_wise = |index: &usize| self.steps[*index].is_item_wise();
        for index in (0..self.steps.len()).filter(is_item_wise) {
            for input in self.steps[index].input_steps().filter(is_item_wise) {
                let (one, other) = (first_of(&mut earlier, input), first_of(&mut earlier, index));
                earlier[one.max(other)] = one.min(other);
            }
        }
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in (0..self.steps.len()).filter(is_item_wise) {
            let first = first_of(&mut earlier, index);
            groups.entry(first).or_default().push(index);
        }
        groups.into_values().collect()
    }
}

/// The first step of the group of `step`; the way there is made shorter for the next call.
fn first_of(earlier: &mut [usize], step: usize) -> usize {
    let mut first = step;
    while earlier[first] != first {
        first = earlier[first];
    }
    let mut at = step;
    while earlier[at] != first {
        at = std::mem::replace(&mut earlier[at], first);
    }
    first
}

/// Where a plan gets what the manifest only names.
pub struct PlanOptions<'a> {
    /// The arguments of `--set`, in order.
    pub overrides: &'a [String],
    /// Leave out corpora that are not there instead of refusing.
    pub present_only: bool,
    /// Where trainings and evaluations compute.
    pub device: Device,
    /// Finds and reads the `corpora.toml` of a manifest.
    pub corpora: &'a dyn Fn(&Manifest) -> Result<Corpora, Problems>,
}
