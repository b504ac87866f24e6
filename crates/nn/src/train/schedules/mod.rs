//! Schedules of the learning rate over the epochs: a file each, and [`SCHEDULES`], their list.
//!
//! A file has the name of the schedule, its documentation, its keys in the manifest with defaults ([`ScheduleKind`]), and what it
//! computes ([`Schedule`]). Everything else asks [`SCHEDULES`]: manifests, `pipe schema`, the training, model cards.

mod constant;
mod cosine;
mod kind;
mod registry;
mod schedule;
mod step;

pub use kind::{Schedule, ScheduleKind};
pub use registry::SCHEDULES;
pub use schedule::LearningRateSchedule;
