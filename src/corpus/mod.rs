//! Speech corpora: which utterances there are, who speaks them, what they express, and where their audio is.

mod config;
mod listing;
pub mod synthetic;
mod utterance;

pub use config::{CorpusConfig, Labels, Official};
pub use listing::{AudioSource, Dropped, Entry, Listing};
pub use utterance::{Emotion, Gender, Split, Utterance};
