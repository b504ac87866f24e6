//! What the items of speech pipelines are: utterances, with audio or features as data.

mod audio;
mod composition;
mod features;
mod heard;
mod kinds;
mod listing_details;
mod long_audio;
mod numeric_cell;
mod tensor_header;
mod utterance_facts;

pub use audio::{AUDIO, Audio};
pub use composition::{Composition, CompositionRow};
pub use features::{FEATURES, FeatureItem, features};
pub use heard::Heard;
pub use kinds::{AUDIT, EVALUATION, FILES, MAP, MODEL, PROBE, REPORT};
pub use listing_details::{ListingDetails, details};
pub use long_audio::{LongAudio, Samples, fault};
pub use numeric_cell::numeric_cell;
pub use utterance_facts::{Recording, UtteranceFacts, UtteranceItem};
