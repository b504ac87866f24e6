//! What is asked of whoever knows the results.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::ClusterError;

/// What a task has left behind of a unit that it could not do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// The work itself failed, and would again.
    Failed {
        /// Why.
        reason: String,
        /// The stable code of the error.
        code: Option<String>,
        /// What to do.
        help: Option<String>,
    },
    /// What it takes was not there.
    WithoutInputs,
}

/// Where results appear.
pub trait Results {
    /// Units among `open` whose results have appeared since the last time.
    ///
    /// # Errors
    /// When it cannot be looked for them.
    fn appeared(&mut self, open: &BTreeSet<usize>) -> Result<Vec<usize>, ClusterError>;

    /// True where a unit that was interrupted goes on from where it was, and has got somewhere.
    fn can_go_on(&self, unit: usize) -> bool;

    /// The key of a unit, once it is known.
    fn key(&self, unit: usize) -> Option<String>;

    /// The unit will have no result.
    fn given_up(&mut self, unit: usize);
}
