//! What a reader finds in a corpus folder.

use std::path::PathBuf;

use super::Utterance;
use super::synthetic::SyntheticUtterance;

/// Where the samples of an utterance come from.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a listing is of one kind, so boxing would save nothing"
)]
pub enum AudioSource {
    /// An audio file, or a part of it.
    File {
        /// The file.
        path: PathBuf,
        /// Start and end in seconds; the whole file without it.
        segment_s: Option<(f64, f64)>,
        /// One channel, counted from 0; the mean of all without it.
        channel: Option<u16>,
    },
    /// Made by the synthesiser.
    Synthetic(SyntheticUtterance),
}

/// An utterance and its audio.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What is known of it. Readers set the split to [`super::Split::Train`]; the split is assigned later.
    pub utterance: Utterance,
    /// Where its samples are.
    pub source: AudioSource,
}

/// Something a reader left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Path below the corpus root, or utterance id.
    pub what: String,
    /// Why, as a lower-case fragment ("label xxx is mapped to dropped").
    pub reason: String,
}

/// Everything a reader found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// Usable utterances, sorted by id.
    pub entries: Vec<Entry>,
    /// What was left out.
    pub dropped: Vec<Dropped>,
    /// Oddities a person should know of.
    pub warnings: Vec<String>,
}
