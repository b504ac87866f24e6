//! The key that a step is held to, and what differs where it has another, in the words of `pipe why`.

use pipe_engine::cache::Cache;
use pipe_engine::exec::{ComparedWith, KeyComparison, compare_key};
use pipe_engine::plan::{Plan, Reason};
use pipe_foundation::Digest;

use super::date::date_text;
use super::error::CliError;
use super::reason::reason_lines;

/// Holds `step` to the key `expected`: false where its key is not known yet.
///
/// # Errors
/// When it has another key, or the cache cannot be read.
pub fn held_key(
    plan: &Plan,
    cache: &Cache,
    step: usize,
    expected: &Digest,
) -> Result<bool, CliError> {
    match compare_key(plan, cache, step, expected)? {
        KeyComparison::Same => Ok(true),
        KeyComparison::Unknown => Ok(false),
        KeyComparison::Other {
            found,
            with,
            reasons,
        } => Err(CliError::OtherKey {
            step: plan.steps[step].id().into(),
            found: found.short(),
            expected: expected.short(),
            reasons: differences(with, &reasons),
        }),
    }
}

fn differences(with: Option<ComparedWith>, reasons: &[Reason]) -> String {
    match with {
        None => "the cache has no other result of this step to compare with\n".into(),
        Some(ComparedWith::Result) => {
            format!(
                "compared with the result of that key\n{}",
                reason_lines(reasons)
            )
        }
        Some(ComparedWith::Run(started_s)) => format!(
            "compared with the run of {}\n{}",
            date_text(started_s),
            reason_lines(reasons)
        ),
    }
}
