//! The error that stands for a panic.

use miette::Report;

/// The error that a panic becomes: a defect in a stage costs the stage, not the run.
pub fn internal_error(panic: &(dyn std::any::Any + Send)) -> Report {
    let said = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into());
    Report::msg(format!("internal error: {said}"))
}
