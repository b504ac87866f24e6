//! What an utterance of a listing may be called in a file of features.

use std::sync::{Arc, Mutex};

use pipe_engine::artifact::{Item, ItemFacts};
use pipe_foundation::sync::lock;
use pipe_speech::corpus::AudioSource;
use pipe_speech::feature_files::{DistinctEndings, KnownName, Part};

use crate::items::UtteranceItem;

/// The column of a listing with the names that a corpus gives its utterances itself, as Kaldi's data folders do.
const OWN_NAMES: &str = "utterance_id";

/// An utterance, and which part of its recording it is.
#[derive(Debug)]
pub struct Known {
    /// Its names, and those of its recording.
    pub names: Vec<KnownName>,
    /// From when to when in the recording; none for the whole of it.
    pub part_s: Part,
    /// The channel of the recording; none for all.
    pub channel: Option<u16>,
}

/// The utterances of the listing, by how much of their names tells each from all others.
#[derive(Debug, Default)]
pub struct Listed(Mutex<Arc<DistinctEndings>>);

impl Listed {
    /// Takes a listing in place of the one before.
    pub fn set(&self, items: &[Item]) {
        let named = items.iter().flat_map(|item| {
            let facts = item.utterance_facts();
            let id = facts.utterance.id.clone();
            let recording = match facts.recording.as_ref().map(|recording| &recording.source) {
                Some(AudioSource::File { path, .. }) => path.to_string_lossy().into_owned(),
                _ => id.clone(),
            };
            names(&*item.facts).names.into_iter().map(move |name| {
                let owner = match name.of_part {
                    true => &id,
                    false => &recording,
                };
                (owner.clone(), name)
            })
        });
        let telling = Arc::new(DistinctEndings::new(named));
        *lock(&self.0) = telling;
    }

    /// What an utterance is called.
    pub fn known(&self, facts: &dyn ItemFacts) -> Known {
        let telling = Arc::clone(&lock(&self.0));
        let known = names(facts);
        Known {
            names: known
                .names
                .into_iter()
                .map(|name| telling.of(name))
                .collect(),
            ..known
        }
    }
}

/// What an utterance is called, whatever others are.
fn names(facts: &dyn ItemFacts) -> Known {
    let facts = facts.utterance_facts();
    let id = &facts.utterance.id;
    let given = facts.utterance.column(OWN_NAMES).map(KnownName::given);
    let mut names: Vec<KnownName> = given.into_iter().collect();
    let source = facts.recording.as_ref().map(|recording| &recording.source);
    let Some(AudioSource::File {
        path,
        segment_s,
        channel,
    }) = source
    else {
        names.push(KnownName::of_id(id, false));
        return Known {
            names,
            part_s: None,
            channel: None,
        };
    };
    let beyond = usize::from(segment_s.is_some()) + usize::from(channel.is_some());
    let own = KnownName::of_id(id, beyond > 0);
    let recording = own.recording(beyond);
    names.push(KnownName::of_path(path, &recording));
    names.push(recording);
    if beyond > 0 {
        names.push(own);
    }
    Known {
        names,
        part_s: *segment_s,
        channel: *channel,
    }
}
