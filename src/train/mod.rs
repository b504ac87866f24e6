//! Training: the one loop, its batches, optimiser, early stopping and history.

mod batches;
mod data;
mod early_stop;
mod error;
mod history;
mod labels;
mod options;
mod run;
mod validation;

pub use data::{Augment, Example, TrainingData};
pub use early_stop::CHANCE_MARGIN;
pub use error::TrainError;
pub use history::{EpochRecord, HeadLoss, Stopped, Summary, TrainLosses, ValidationScores};
pub use options::{ClassWeights, SpecAugmentOptions, TrainOptions};
pub use run::{TrainOutcome, train};
