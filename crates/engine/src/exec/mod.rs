//! Running a plan: sources are listed, steps checked, missing results computed and published.

mod accelerators;
mod aggregate;
mod aggregate_inputs;
mod aggregate_key;
#[cfg(test)]
mod chain_tests;
mod batches;
mod computing;
mod content_findings;
mod declared_files;
#[cfg(test)]
mod device_tests;
mod elsewhere;
mod encoder;
mod event;
#[cfg(test)]
mod event_tests;
#[cfg(test)]
mod interruption_tests;
mod execution;
mod expected_results;
mod failure;
mod fetched_units;
mod fetching;
mod foresight;
mod frame;
mod gate;
mod group;
mod history;
mod in_flight;
mod in_the_way;
mod internal_error;
mod item_data;
mod item_outcome;
mod item_set;
mod job;
mod allotment;
mod key_comparison;
mod limit;
#[cfg(test)]
mod listing_tests;
mod memory;
mod memory_estimate;
mod miss;
mod misses;
mod observer;
mod outcome;
mod outputs;
mod pass;
mod pass_fault;
mod pass_state;
mod plan_keys;
mod plan_results;
mod pools;
mod prospects;
mod publish;
mod publish_companion;
mod recorded;
mod remote_events;
mod pulling;
mod pushing;
mod results;
mod run;
mod run_options;
mod scheduler;
mod selection;
mod sources;
mod stage_event;
mod status;
#[cfg(test)]
mod selection_tests;
mod step_status;
mod stored_items;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod toy_domain;
mod units;
mod walk;
mod watch;
mod why;
mod width;
mod writer;

pub use elsewhere::{Elsewhere, FailedElsewhere};
pub use event::{Event, ItemCounts, SCHEMA_VERSION, Status, StepCounts};
pub use expected_results::{ExpectedResult, ExpectedResults};
pub use group::{Forecast, Group};
pub use in_the_way::InTheWay;
pub use item_set::GroupError;
pub use key_comparison::{ComparedWith, KeyComparison, compare_key};
pub use memory::available_bytes;
pub use miss::{Miss, MissCause};
pub use observer::{Observer, Silent};
pub use outcome::StepResult;
pub use plan_results::{KnownStep, PlanResults};
pub use publish::runs_folder;
pub use publish_companion::record_companion;
pub use pulling::pull;
pub use pushing::push;
pub use run::{RunError, RunSummary, StepSummary, run};
pub use run_options::RunOptions;
pub use selection::{ItemShare, Selection};
pub use stage_event::StageEvent;
pub use status::{MissingInputs, Resolver, Statuses};
pub use step_status::{StatusError, StepStatus};
pub use stored_items::{StoredItem, StoredItems, StoredPlace, stored_items};
pub use units::{PlanUnit, units};
pub use watch::Watch;
pub use why::{Why, why};
