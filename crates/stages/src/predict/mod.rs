//! Using a model on recordings: the features it was trained on, windows, and a prediction for each.

mod by_windows;
mod feature_steps;
mod foreign_program;
mod front_end;
mod front_end_error;
mod listing;
mod options;
mod outcome;
mod recording;
mod run;
mod sample_stream;
mod speech_found;
mod units;
mod whole;
mod windows;

pub use feature_steps::{FeatureStep, nearby};
pub use foreign_program::{ForeignProgram, PrepareProgram, ProgramError, command_line};
pub use front_end::{FrontEnd, Helpers, fbank_options};
pub use front_end_error::FrontEndError;
pub use listing::{Found, Input, list};
pub use options::PredictOptions;
pub use outcome::{Failure, FailureReason, Outcome, Row};
pub use run::predict;
pub use speech_found::SpeechFound;
pub use units::{OneGroup, own_units};
pub use windows::{WindowError, Windows};
