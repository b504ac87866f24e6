//! Evaluation: metrics, confusion matrices and predictions.
//!
//! A [`Prediction`] is one classified utterance; [`read_predictions`] and [`write_predictions`] keep them as a
//! table that a person can open. A [`Confusion`] counts them, [`Metrics`] follow from the counts alone, and an
//! [`Evaluation`] holds the metrics of each corpus and of all utterances together.

mod confusion;
pub mod embedding;
mod error;
mod evaluation;
mod interval;
mod metrics;
mod prediction;
mod table;

pub use confusion::Confusion;
pub use error::EvalError;
pub use evaluation::Evaluation;
pub use interval::{Interval, mean_of_proportions, wilson};
pub use metrics::{COLLAPSE_RECALL, COLLAPSE_SHARE, ClassMetrics, Majority, Metrics};
pub use prediction::{Prediction, most_likely};
pub use table::{read_predictions, read_predictions_from, write_predictions, write_predictions_to};

#[cfg(test)]
mod golden;
