//! Using a model on recordings: the features it was trained on, windows, and a prediction for each.

mod front_end;
mod listing;
mod run;
mod windows;

pub use front_end::{FrontEnd, FrontEndError, fbank_options};
pub use listing::{Found, Input, list};
pub use run::{Failure, FailureReason, Outcome, PredictOptions, Row, predict};
pub use windows::{WindowError, Windows};
