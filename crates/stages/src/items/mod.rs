//! What the items of speech pipelines are: utterances, with audio or features as data.

mod audio;
mod composition;
mod features;
mod heard;
mod kinds;
mod listing_details;
mod long_audio;
mod long_features;
#[cfg(test)]
pub mod long_test;
mod long_tensor;
mod matrix;
mod numeric_cell;
mod samples;
mod spool;
mod tensor_header;
mod utterance_facts;

pub use audio::{AUDIO, Audio};
pub use composition::{Composition, CompositionRow};
pub use features::{FEATURES, FeatureItem, features};
pub use heard::Heard;
pub use kinds::{AUDIT, EVALUATION, FILES, MAP, MODEL, PROBE, REPORT};
pub use listing_details::{ListingDetails, details};
pub use long_audio::{LongAudio, fault};
pub use long_features::LongFeatures;
pub use matrix::{Columns, Matrix};
pub use numeric_cell::numeric_cell;
pub use samples::Samples;
pub use spool::{HELD_VALUES, Spool, Values, size_of_values};
pub use utterance_facts::{Recording, UtteranceFacts, UtteranceItem};
