//! Trainings as other programs show them: TensorBoard event files, written while training runs.
//!
//! A [`Tracking`] receives the events of a run and passes them on. Trainings that are in the cache are written from
//! their history, so that a folder of event files shows every training of the manifest whenever it ran.

mod crc32c;
mod event;
mod event_file;
mod observer;
mod record;
mod target;

pub use observer::Tracking;
pub use target::{TrackError, TrackTarget};
