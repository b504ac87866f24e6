//! Earlier runs and their steps: found by name, read back from the cache, compared.
//!
//! A run is called `demo:3` by its number, `demo` for the latest one, `demo~1` for the one before; a step of it is
//! `demo:3/train[seed=1]`. Whatever the cache no longer holds is reported as missing; what it holds and cannot be read
//! is an error.

mod ancestors;
mod comparison;
mod data;
mod error;
mod evaluations;
mod headline;
mod name;
mod origin;
mod parameters;
mod place;
mod prediction_flips;
pub mod step;
mod trainings;
mod variant_scores;

pub use ancestors::Ancestor;
pub use comparison::{Comparison, Depth, compare_runs, compare_steps};
pub use data::DataChange;
pub use error::InspectError;
pub use evaluations::{CorpusChange, EvaluationChange, TargetChange};
pub use headline::{Headline, headline};
pub use name::{find_manifest, find_run, find_step, run_and_step};
pub use origin::{Origin, origins};
pub use parameters::ParameterChange;
pub use prediction_flips::{Flip, PredictionFlip, PredictionFlips};
pub use step::{StepOfRun, stage_of};
pub use trainings::TrainingChange;
