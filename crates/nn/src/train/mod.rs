//! Training: the one loop, its batches, optimiser, early stopping and history.

mod alpha_curve;
mod launch_barrier;
mod batches;
mod checkpoint;
#[cfg(feature = "cuda")]
mod common;
mod data;
mod device_support;
mod early_stop;
mod select_from;
mod error;
mod history;
mod labels;
mod learner;
#[cfg(feature = "cuda")]
mod lockstep;
mod memory;
mod mixup;
mod options;
mod prefetch;
mod reports;
mod run;
mod sampling;
mod schedules;
mod shared_options;
mod spec_augment;
mod spec_augment_options;
mod tasks;
mod validation;
mod warm_up;

pub use alpha_curve::AlphaCurve;
pub use checkpoint::is_checkpoint_whole;
pub use data::{Augment, Example, TargetColumn, TrainingData};
pub use early_stop::{Monitor, TargetScore};
pub use error::TrainError;
pub use history::{
    EpochRecord, HeadLoss, Stopped, Summary, TargetLoss, TrainLosses, ValidationScores,
};
pub use launch_barrier::LaunchBarrier;
pub use memory::memory_bytes;
pub use mixup::Mixup;
pub use options::{ClassWeights, TrainOptions};
pub use reports::{EpochReport, Monitored, Scalars, TrainingResumed};
pub use run::{Places, TrainOutcome, train};
pub use sampling::Sampling;
pub use schedules::{LearningRateSchedule, SCHEDULES, Schedule, ScheduleKind};
pub use select_from::{SelectFrom, SelectionRule};
pub use shared_options::shared_options;
pub use spec_augment::{Masks, SpecAugment};
pub use spec_augment_options::SpecAugmentOptions;
