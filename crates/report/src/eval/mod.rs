//! Evaluation: metrics, confusion matrices and predictions.
//!
//! A [`Prediction`] is one classified utterance, over any list of two or more classes; [`read_predictions`] and [`write_predictions`] keep them as a
//! table that a person can open. A [`Confusion`] counts them, [`Metrics`] follow from the counts alone, and an
//! [`Evaluation`] holds the metrics of each corpus and of all utterances together, and the counts of each speaker.
//!
//! Uncertainty has two sources. Other speakers: [`SpeakerBootstrap`] and [`jackknife`] over a [`SpeakerSet`]. Other
//! seeds: [`mean_interval`]. [`compare`] joins both for the difference of two models, [`holm`] corrects p-values.

mod bootstrap;
mod comparison;
mod confusion;
pub mod embedding;
mod error;
mod evaluation;
mod holm;
mod interval;
mod jackknife;
mod metrics;
mod prediction;
mod speakers;
mod student;
mod table;

pub use bootstrap::{BOOTSTRAP_DRAWS, SpeakerBootstrap};
pub use comparison::{Comparison, compare};
pub use confusion::Confusion;
pub use error::EvalError;
pub use evaluation::Evaluation;
pub use holm::holm;
pub use interval::{Interval, mean_of_proportions, wilson};
pub use jackknife::{Variance, jackknife};
pub use metrics::{COLLAPSE_RECALL, COLLAPSE_SHARE, ClassMetrics, Majority, Metrics};
pub use prediction::{Prediction, most_likely};
pub use speakers::{LEAST_SPEAKERS, SpeakerHits, SpeakerSet};
pub use student::{mean, mean_interval, t_quantile_975, t_two_sided};
pub use table::{read_predictions, write_predictions};

#[cfg(test)]
mod golden;
