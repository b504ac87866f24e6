//! How many items a step can make of each item of a source, counted before any is made.

use pipe_foundation::grouped;

use crate::manifest::{Diagnostic, Limits, exceeded};
use crate::stage::Stage;

use super::step::Step;

/// The first step that makes more copies than `limits` allow. Copies of copies multiply, and so do stages that take two
/// stages which both take the same.
pub fn check(steps: &[Step], limits: &Limits) -> Option<Diagnostic> {
    let mut copies: Vec<u64> = Vec::with_capacity(steps.len());
    for step in steps {
        let taken = step.input_steps().map(|input| copies[input]);
        let taken = taken.fold(0, u64::saturating_add);
        let made = match &step.stage {
            Stage::Source(_) => 1,
            Stage::Items(stage) => taken.saturating_mul(stage.most_copies() as u64),
            Stage::Aggregate(_) => 0,
        };
        if made > limits.copies.most {
            let what = format!(
                "`{}` makes up to {} items of each that is listed",
                step.id(),
                grouped(made)
            );
            let told = exceeded(limits.copies, what, made);
            return Some(told.at(&step.declaration.place, "too many from this stage on"));
        }
        copies.push(made);
    }
    None
}
