//! The plan: steps with their stages, inputs, and what is computed together.

mod copies;
mod domain;
mod explain;
mod lineage;
mod step;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::file_name::short_file_name;
use crate::manifest::{Declaration, Diagnostics, Manifest, ReadOptions, Vocabulary, changes_text};
use crate::source::{Place, Source};
use crate::stage::{Device, Stage, Unbuilt};

pub use domain::Domain;
pub use explain::{Explanation, Reason, explain, reasons};
pub use lineage::lineage;
pub use step::Step;

/// The longest name of a folder of changed results, in bytes; folders and files with long names are to fit into it.
const LONGEST_CHANGES_BYTES: usize = 120;

/// A checked manifest with everything needed to run it. Steps come after their inputs.
pub struct Plan {
    /// Name of the manifest: what it gives itself, or its path inside the project. Results and the memory of runs go
    /// by it.
    pub name: String,
    /// What overrides change in it; none without any.
    pub changes: Option<String>,
    /// Its path as it was given.
    pub manifest: String,
    /// The files that it was read from: its own, then those that it includes.
    pub sources: Vec<Source>,
    /// Files of the domain that it names, by key, each with the place.
    pub files: BTreeMap<&'static str, (PathBuf, Place)>,
    /// The steps.
    pub steps: Vec<Step>,
    /// Where stages compute that use a device; part of their keys.
    pub device: Device,
}

impl Plan {
    /// Reads a manifest and builds its steps with the stages of `domain`, to compute on `device` where they use one.
    ///
    /// # Errors
    /// Every problem of the manifest, and of what the domain knows to be wrong.
    pub fn read(
        path: &Path,
        options: &ReadOptions<'_>,
        device: Device,
        domain: &mut dyn Domain,
    ) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        let vocabulary = Vocabulary {
            kinds: domain.kinds(),
            file_keys: domain.file_keys(),
        };
        let mut list_folds =
            |manifest: &Manifest, declaration: &Declaration| domain.folds(manifest, declaration);
        let mut manifest =
            Manifest::read(path, options, vocabulary, &mut list_folds, &mut diagnostics)?;
        if let Err(more) = domain.prepare(&mut manifest) {
            diagnostics.extend(more);
            return Err(diagnostics.sorted());
        }
        let mut steps: Vec<Step> = Vec::new();
        for declaration in manifest.steps {
            let built = match declaration.sound {
                true => domain.build(&declaration),
                false => Err(Diagnostics::default()),
            };
            // What cannot be built keeps its place, so that all problems are found at once; with any, nothing runs.
            let stage = built.unwrap_or_else(|more| {
                diagnostics.extend(more);
                Stage::Aggregate(Box::new(Unbuilt))
            });
            steps.push(Step::new(declaration, stage));
        }
        step::connect(&mut steps);
        if let Some(exceeded) = copies::check(&steps, &options.limits) {
            diagnostics.push(exceeded);
        }
        let plan = Self {
            name: manifest.name,
            changes: changes_text(options.overrides),
            manifest: manifest.path.display().to_string(),
            sources: manifest.sources,
            files: manifest.files,
            steps,
            device,
        };
        diagnostics.or_ok(plan)
    }

    /// The folder of its results below that of all: its name, and with changes a folder of theirs in that, so that they stand
    /// beside the results of the manifest as it is. No stage has such a name, which has a dot in it.
    pub fn results_folder(&self) -> PathBuf {
        let folder = PathBuf::from(&self.name);
        match &self.changes {
            None => folder,
            Some(changes) => folder.join(short_file_name(changes, LONGEST_CHANGES_BYTES)),
        }
    }

    /// Index of the step called `id`.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.declaration.id == id)
    }

    /// A step and everything that it is made from.
    pub fn before(&self, step: usize) -> BTreeSet<usize> {
        let mut all = BTreeSet::new();
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            if all.insert(step) {
                open.extend(self.steps[step].input_steps());
            }
        }
        all
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
