//! Running a plan: sources listed, steps looked up, what is missing computed, results published.

mod board;
#[cfg(test)]
mod device_tests;
mod failure;
mod group;
mod item_set;
mod memory;
mod observer;
mod outcome;
mod publish;
mod run;
mod schedule;
mod sources;
mod survey;
#[cfg(test)]
mod tests;
mod walk;
mod whole;
mod writer;

pub use group::{Forecast, Group, Standing};
pub use item_set::GroupError;
pub use memory::available_bytes;
pub use observer::{Event, ItemCounts, Observer, Status, StepCounts};
pub use outcome::StepResult;
pub use publish::runs_folder;
pub use run::{RunError, RunOptions, RunSummary, StepSummary, run};
pub use sources::{Listings, list_sources};
pub use survey::{Survey, SurveyError};
pub use whole::whole_material;
