//! The steps of one stage, found by their matrix values.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::artifact::ArtifactKind;

use super::declaration::Declaration;
use super::variant::Variant;

/// Labels of some axes to the steps that have them, in order.
type ByLabels = HashMap<Vec<String>, Vec<usize>>;

/// All steps of one stage.
#[derive(Default)]
pub struct StageSteps {
    steps: Vec<usize>,
    /// What they make, each kind once.
    makes: Vec<ArtifactKind>,
    /// The axes that they differ in.
    axes: Vec<String>,
    /// For some of these axes, the steps by the labels of those; made when first asked for.
    by_axes: RefCell<HashMap<Vec<String>, ByLabels>>,
}

impl StageSteps {
    /// The steps of a stage, given by their indices among `all`.
    pub fn new(steps: Vec<usize>, all: &[Declaration]) -> Self {
        let mut makes = Vec::new();
        for &step in &steps {
            let kind = made_by(&all[step]);
            if !makes.contains(&kind) {
                makes.push(kind);
            }
        }
        let first = steps.first();
        let variant = first.map_or(&[][..], |&step| all[step].variant.as_slice());
        Self {
            axes: variant.iter().map(|(axis, _)| axis.clone()).collect(),
            steps,
            makes,
            by_axes: RefCell::default(),
        }
    }

    /// The first of them.
    pub fn first(&self) -> Option<usize> {
        self.steps.first().copied()
    }

    /// True when the stage has no step.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// True when any of the steps makes one of these kinds.
    pub fn make_any(&self, kinds: &[ArtifactKind]) -> bool {
        self.makes.iter().any(|made| kinds.contains(made))
    }

    /// The steps that have the values of `variant` in every axis that both have.
    pub fn matching(&self, variant: &Variant, all: &[Declaration]) -> Vec<usize> {
        let shared: Vec<String> = self
            .axes
            .iter()
            .filter(|axis| variant.iter().any(|(mine, _)| mine == *axis))
            .cloned()
            .collect();
        if shared.is_empty() {
            return self.steps.clone();
        }
        let wanted = labels(variant, &shared);
        let mut by_axes = self.by_axes.borrow_mut();
        let by_labels = by_axes.entry(shared).or_insert_with_key(|shared| {
            let mut by_labels = ByLabels::new();
            for &step in &self.steps {
                let labels = labels(&all[step].variant, shared);
                by_labels.entry(labels).or_default().push(step);
            }
            by_labels
        });
        by_labels.get(&wanted).cloned().unwrap_or_default()
    }
}

/// The labels that `variant` has of `axes`.
fn labels(variant: &Variant, axes: &[String]) -> Vec<String> {
    let of = |axis: &String| variant.iter().find(|(name, _)| name == axis);
    let labels = axes.iter().filter_map(of);
    labels.map(|(_, label)| label.clone()).collect()
}

/// What a step makes.
pub fn made_by(step: &Declaration) -> ArtifactKind {
    (step.kind.output)(&step.parameters)
}
