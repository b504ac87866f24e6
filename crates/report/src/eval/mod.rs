//! Evaluation: metrics, confusion matrices and predictions.
//!
//! A [`Prediction`] is one classified utterance, over any list of two or more classes; [`read_predictions`] and [`write_predictions`] keep them as a
//! table that a person can open. A [`Confusion`] counts them, [`Metrics`] follow from the counts alone, and an
//! [`Evaluation`] holds the metrics of each corpus and of all utterances together, and the counts of each speaker.
//!
//! Uncertainty has two sources. Other speakers: `bootstrap.rs` and `jackknife.rs` over the speakers of a test
//! (`speakers.rs`). Other seeds: `student.rs`. `comparison.rs` joins both for the difference of two models, `holm.rs`
//! corrects p-values.

mod bootstrap;
mod comparison;
mod confusion;
pub mod embedding;
mod error;
mod evaluation;
mod holm;
mod interval;
mod jackknife;
mod label_recall;
mod metrics;
mod numeric;
mod prediction;
mod speaker_pairs;
mod speakers;
mod student;
mod table;

pub use confusion::Confusion;
pub use error::EvalError;
pub use evaluation::Evaluation;
pub use interval::Interval;
pub use label_recall::{LabelRecall, label_recalls};
pub use metrics::{ClassMetrics, Majority, Metrics};
pub use numeric::{CorpusAgreement, NumberPrediction, TargetMetrics, write_numbers};
pub use prediction::{Prediction, most_likely};
pub use speaker_pairs::SpeakerPairs;
pub use table::{Predictions, read_predictions, write_predictions};

pub(crate) use bootstrap::SpeakerBootstrap;
pub(crate) use comparison::compare;
pub(crate) use holm::holm;
pub(crate) use jackknife::jackknife;
pub(crate) use speaker_pairs::{bootstrap_ccc, jackknife_ccc};
pub(crate) use speakers::{LEAST_SPEAKERS, SpeakerHits, SpeakerSet};
pub(crate) use student::{LEAST_FOR_INTERVAL, mean, mean_interval, mean_interval_within};

#[cfg(test)]
mod golden;
