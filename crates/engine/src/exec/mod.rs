//! Running a plan: sources are listed, steps checked, missing results computed and published.

mod aggregate;
mod declared_files;
#[cfg(test)]
mod device_tests;
mod execution;
mod failure;
mod group;
mod history;
mod item_set;
mod limit;
mod memory;
mod observer;
mod outcome;
mod outputs;
mod plan_results;
mod pools;
mod publish;
mod publish_page;
mod results;
mod run;
mod scheduler;
mod sources;
mod status;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod toy_domain;
mod walk;
mod why;
mod writer;

pub use group::{Forecast, Group};
pub use item_set::GroupError;
pub use memory::available_bytes;
pub use observer::{Event, ItemCounts, Observer, Silent, Status, StepCounts};
pub use outcome::StepResult;
pub use plan_results::{KnownStep, PlanResults};
pub use publish::runs_folder;
pub use publish_page::note_page;
pub use run::{RunError, RunOptions, RunSummary, StepSummary, run};
pub use status::{MissingInputs, Resolver, StatusError, Statuses, StepStatus};
pub use why::{Why, why};
