//! What sources listed, as a digest for each corpus and split.

use std::collections::BTreeMap;

use pipe_engine::plan::Plan;
use pipe_engine::stage::SourceListing;
use pipe_foundation::Digest;
use serde::{Deserialize, Serialize};

use pipe_stages::items::UtteranceItem;

/// The utterances of one corpus in one split, as a source listed them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedData {
    /// The step that listed them.
    pub source: String,
    /// The corpus.
    pub corpus: String,
    /// The split.
    pub split: String,
    /// How many they are.
    pub utterances: u64,
    /// BLAKE3 of what is known of each, in the order of their ids, and of the content of its recording.
    pub digest: Digest,
}

/// What the sources of a plan listed, by source, corpus and split.
pub fn data_of(plan: &Plan, listings: &[(usize, SourceListing)]) -> Vec<LockedData> {
    let mut all = Vec::new();
    for (step, listing) in listings {
        let mut parts: BTreeMap<(&str, &str), (u64, Vec<u8>)> = BTreeMap::new();
        // They are sorted by id.
        for item in &listing.items {
            let utterance = item.utterance();
            let part = (&*utterance.corpus, utterance.split.name());
            let (utterances, bytes) = parts.entry(part).or_default();
            *utterances += 1;
            item.facts.append_to_digest(bytes);
            bytes.extend_from_slice(&item.digest.0);
        }
        let source = plan.steps[*step].id();
        all.extend(
            parts
                .into_iter()
                .map(|((corpus, split), (utterances, bytes))| LockedData {
                    source: source.into(),
                    corpus: corpus.into(),
                    split: split.into(),
                    utterances,
                    digest: Digest::of(&bytes),
                }),
        );
    }
    all
}
