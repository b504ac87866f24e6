//! Speech corpora: which utterances there are, who speaks them, what they express, and where their audio is.

pub mod audit;
mod candidate;
mod check;
mod classes;
mod config;
mod confinement;
mod corpora;
mod dropped_text;
mod draft;
mod error;
mod labels;
pub mod leaks;
mod list_options;
mod listing;
pub mod proposal;
pub mod protocol;
mod reader;
mod shared_texts;
pub mod split;
pub mod synthetic;
mod unlisted_labels;
mod utterance;
pub mod votes;
mod walk;

pub use check::{Count, CountCheck, Hours, check, incomplete};
pub use classes::{ClassChoice, ClassMap, ClassSet, DROPPED, VALENCE3};
pub use config::{CorpusConfig, Labels, Official};
pub use confinement::Confinement;
pub use corpora::Corpora;
pub use error::CorpusError;
pub use labels::{LabelMap, Mapped, normalise};
pub use list_options::{KeptColumns, ListOptions, VoteRule};
pub use listing::{
    AudioSource, DropCause, Dropped, Entry, FileContent, Listing, Look, LookAt, is_there,
};
pub use reader::{READERS, Reader, check_config, list, list_by_own_labels, list_with, root_of};
pub use utterance::{Gender, Split, Utterance};
