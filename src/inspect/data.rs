//! Utterances that a source listed in one run and not, or otherwise, in another.

use pipe_engine::cache::{Cache, CacheError, StepRecord};
use pipe_foundation::Digest;
use serde::Serialize;

/// How the data of one source differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DataChange {
    /// The source step.
    pub step: String,
    /// Utterances that are new.
    pub added: Vec<String>,
    /// Utterances that are gone.
    pub removed: Vec<String>,
    /// Utterances whose audio is another.
    pub changed: Vec<String>,
    /// A listing is no longer known, so that it cannot be said which utterances differ.
    pub unknown: bool,
}

impl DataChange {
    /// True where the audio is the same: what is known of the utterances (label, speaker, split) differs.
    pub fn is_only_what_is_known(&self) -> bool {
        !self.unknown && self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// What differs in a few words, such as `3 utterances new, 1 removed`.
    pub fn brief(&self) -> String {
        if self.unknown {
            return "other utterances".into();
        }
        if self.is_only_what_is_known() {
            return "labels, speakers or splits".into();
        }
        let counts = [
            (&self.added, "new"),
            (&self.removed, "removed"),
            (&self.changed, "changed"),
        ];
        let mut parts: Vec<String> = counts
            .into_iter()
            .filter(|(ids, _)| !ids.is_empty())
            .map(|(ids, word)| format!("{} {word}", ids.len()))
            .collect();
        let first = counts.into_iter().find(|(ids, _)| !ids.is_empty());
        if let (Some(part), Some((ids, word))) = (parts.first_mut(), first) {
            let noun = if ids.len() == 1 {
                "utterance"
            } else {
                "utterances"
            };
            *part = format!("{} {noun} {word}", ids.len());
        }
        parts.join(", ")
    }
}

/// How the source of a pair of records differs; none where it does not, or where they are not sources.
///
/// `id` is the step's id, `manifests` the names under which the runs kept their listings.
///
/// # Errors
/// When a listing cannot be read.
pub fn data_change(
    cache: &Cache,
    id: &str,
    manifests: [&str; 2],
    before: &StepRecord,
    after: &StepRecord,
) -> Result<Option<DataChange>, CacheError> {
    let source = |record: &StepRecord| Digest::parse(record.fingerprint.0.get("source")?);
    let (old, new) = match (source(before), source(after)) {
        (Some(old), Some(new)) if old != new => (old, new),
        _ => return Ok(None),
    };
    let mut change = DataChange {
        step: id.into(),
        ..DataChange::default()
    };
    let old = cache.listing_at(manifests[0], id, &old)?;
    let (Some(old), Some(new)) = (old, cache.listing_at(manifests[1], id, &new)?) else {
        change.unknown = true;
        return Ok(Some(change));
    };
    for (utterance, digest) in &new {
        match old.get(utterance) {
            None => change.added.push(utterance.clone()),
            Some(other) if other != digest => change.changed.push(utterance.clone()),
            Some(_) => {}
        }
    }
    let gone = old.keys().filter(|utterance| !new.contains_key(*utterance));
    change.removed = gone.cloned().collect();
    Ok(Some(change))
}
