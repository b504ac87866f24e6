//! Lock files: what a run depended on and gave, to keep beside a manifest and to hold later runs to.

mod comparison;
mod data;
mod file;
mod of_results;

pub use comparison::{StepChange, changes};
pub use data::{LockedData, data_of};
pub use file::{LockError, LockFile, LockedMetrics, LockedStep, MadeBy, lock_path};
pub use of_results::lock_of;
