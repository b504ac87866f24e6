//! Results that a run must arrive at, such as those in a lock file: anything else is a failure.

use std::collections::BTreeMap;

use miette::{Diagnostic, Report};
use pipe_foundation::Digest;
use thiserror::Error;

use super::outcome::StepResult;

/// What each step must depend on and make, by its id.
#[derive(Clone, Debug, Default)]
pub struct ExpectedResults(pub BTreeMap<String, ExpectedResult>);

/// What one step must depend on and make.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedResult {
    /// The key of the step.
    pub key: Digest,
    /// The digest of its output.
    pub output: Digest,
}

/// How a step is not as expected.
#[derive(Debug, Error, Diagnostic)]
enum UnexpectedResult {
    /// It is not among those expected.
    #[error("`{step}` is not in the lock file")]
    #[diagnostic(
        code(lock::unknown_step),
        help("`pipe lock` writes a lock file with it")
    )]
    Unknown {
        /// The step.
        step: String,
    },
    /// It depends on something else.
    #[error(
        "`{step}` depends on something else than in the lock file: its key is {found}, not {expected}"
    )]
    #[diagnostic(
        code(lock::key),
        help(
            "`pipe why --step '{step}'` says what changed; `pipe lock` writes a lock file with it"
        )
    )]
    Key {
        /// The step.
        step: String,
        /// Its key, in short.
        found: String,
        /// The expected one, in short.
        expected: String,
    },
    /// It depends on the same and made something else.
    #[error(
        "`{step}` made another result than in the lock file, of the same inputs: {found}, not {expected}"
    )]
    #[diagnostic(
        code(lock::output),
        help(
            "the lock file may be of another version of pipe, or the stage does not give the same result every time; `pipe lock` writes a lock file with this one"
        )
    )]
    Output {
        /// The step.
        step: String,
        /// The digest of what it made, in short.
        found: String,
        /// The expected one, in short.
        expected: String,
    },
}

impl ExpectedResults {
    /// What is wrong with a step whose key is `key`, before it runs.
    pub fn refuse_key(&self, step: &str, key: &Digest) -> Option<Report> {
        let problem = match self.0.get(step) {
            None => UnexpectedResult::Unknown { step: step.into() },
            Some(expected) if expected.key != *key => UnexpectedResult::Key {
                step: step.into(),
                found: key.short(),
                expected: expected.key.short(),
            },
            Some(_) => return None,
        };
        Some(problem.into())
    }

    /// The result of a step, which fails where it is not the expected one. It stays in the cache: for its key it is right.
    pub fn hold(&self, step: &str, result: StepResult) -> StepResult {
        let (Some(key), Some(output)) = (result.key, &result.output) else {
            return result;
        };
        if let Some(problem) = self.refuse_key(step, &key) {
            return StepResult::failed(problem, Some(key));
        }
        let found = output.digest();
        match self.0.get(step) {
            Some(expected) if expected.output != found => {
                let problem = UnexpectedResult::Output {
                    step: step.into(),
                    found: found.short(),
                    expected: expected.output.short(),
                };
                StepResult::failed(problem.into(), Some(key))
            }
            _ => result,
        }
    }
}
