//! The error that stands for a panic.

use miette::Report;
use pipe_foundation::panics::describe;

/// The error that a panic becomes: a defect in a stage costs the stage, not the run.
pub fn internal_error(panic: &(dyn std::any::Any + Send)) -> Report {
    Report::msg(format!("internal error: {}", describe(panic)))
}
