//! How many steps and inputs a manifest has, counted before they are made.

use pipe_foundation::grouped;

use crate::source::Place;

use super::budget::Budget;
use super::limits::{Exceeded, Limits, VALUE_BYTES, exceeded, reached};
use super::matrix::Matrix;
use super::stages::Stage;

/// What the stages so far expand to.
pub struct Expansion<'a> {
    matrix: &'a Matrix,
    limits: &'a Limits,
    steps: u64,
    inputs: u64,
}

impl<'a> Expansion<'a> {
    /// Nothing yet.
    pub fn new(matrix: &'a Matrix, limits: &'a Limits) -> Self {
        Self {
            matrix,
            limits,
            steps: 0,
            inputs: 0,
        }
    }

    /// Counts the variants of a stage; the bytes of their labels are taken from `budget`.
    ///
    /// # Errors
    /// The limit that is exceeded.
    pub fn add(&mut self, stage: &Stage<'_>, budget: &Budget) -> Result<(), Exceeded> {
        let axes: Vec<&str> = stage.axes.iter().map(String::as_str).collect();
        let variants = self.matrix.count(&axes);
        let (name, place) = (&stage.entry.key, &stage.entry.key_place);
        if variants > self.limits.variants.most {
            let what = format!("`{name}` has {} variants", grouped(variants));
            let label = match axes.len() {
                1 => format!("one for each value of the axis `{}`", axes[0]),
                _ => format!("all combinations of its axes: {}", axes.join(", ")),
            };
            let told = exceeded(self.limits.variants, what, variants);
            return Err(told.at(place, label).into());
        }
        self.steps = self.steps.saturating_add(variants);
        if self.steps > self.limits.steps.most {
            let what = "all stages together have too many steps";
            let told = reached(self.limits.steps, what);
            return Err(told.at(place, "too many with this stage").into());
        }
        // Each label is in the variant and in the id of the step, and each of these is a string of its own.
        let labels = self.matrix.label_bytes(&axes);
        let strings = variants.saturating_mul(2 * axes.len() as u64);
        let bytes = strings.saturating_mul(VALUE_BYTES);
        budget.spend_in_all(bytes.saturating_add(labels.saturating_mul(2)), place);
        budget.check()
    }

    /// Counts what a step takes.
    ///
    /// # Errors
    /// The limit that is exceeded.
    pub fn add_inputs(&mut self, count: usize, place: &Place) -> Result<(), Exceeded> {
        self.inputs = self.inputs.saturating_add(count as u64);
        if self.inputs <= self.limits.inputs.most {
            return Ok(());
        }
        let what = "all steps together have too many inputs";
        let told = reached(self.limits.inputs, what);
        Err(told.at(place, "too many with this one").into())
    }
}
