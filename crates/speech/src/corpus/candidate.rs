//! One utterance as a reader understands it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::votes::Votes;
use super::{FileContent, Gender, KeptColumns};

/// One utterance as a reader understands it, before the label map.
pub(super) struct Candidate<'a> {
    /// Id without the corpus name.
    pub id: String,
    /// Its file, or the file it is a part of.
    pub path: PathBuf,
    /// Speaker without the corpus name.
    pub speaker: &'a str,
    /// Gender according to the files.
    pub gender: Option<Gender>,
    /// Language where it differs from the corpus's.
    pub language: Option<&'a str>,
    /// Label as the corpus writes it.
    pub label: &'a str,
    /// Start and end in seconds.
    pub segment_s: Option<(f64, f64)>,
    /// Channel, counted from 0.
    pub channel: Option<u16>,
    /// What is known of the content of its file.
    pub content: Option<FileContent>,
    /// How many annotators voted for each class, where training is to know it; `label` is of the class that counts.
    pub votes: Option<Votes>,
    /// Further columns, name and value.
    pub columns: Columns<'a>,
    /// Where a person finds it, for messages: a path, or `file:line`.
    pub place: &'a str,
}

/// Columns of an utterance that only some corpora have, name and value.
pub(super) type Columns<'a> = Vec<(&'a str, &'a str)>;

/// The columns that are asked for.
pub(super) fn kept(
    columns: &Columns<'_>,
    kept: &KeptColumns,
) -> Option<Arc<BTreeMap<String, String>>> {
    let own = columns.iter().filter(|(name, _)| kept.keeps(name));
    let own: BTreeMap<String, String> = own
        .map(|(name, value)| ((*name).to_string(), (*value).to_string()))
        .collect();
    (!own.is_empty()).then(|| Arc::new(own))
}
