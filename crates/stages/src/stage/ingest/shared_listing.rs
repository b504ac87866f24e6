//! What corpora list, shared by the variants of an `ingest` that differ in their split alone, such as folds: the corpora
//! are listed once for all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use pipe_foundation::sync::lock;

use crate::items::ListingDetails;

use super::listed::Listed;

/// The usable utterances of some corpora before they are split, and what is to be said of them.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// The utterances, sorted by id.
    pub entries: Vec<Listed>,
    /// The labels that the corpora have, used or not, as written and by name.
    pub labels: BTreeSet<String>,
    /// Columns that are asked for and that no utterance has, with what may be meant.
    pub lacking: BTreeMap<String, String>,
    /// Oddities a person should know of.
    pub warnings: Vec<String>,
    /// The corpora, and what was left out.
    pub details: ListingDetails,
}

/// What is kept for steps that list the same.
#[derive(Debug, Default)]
struct Kept {
    steps: usize,
    /// How many of them are still to come.
    left: usize,
    gathered: Option<Gathered>,
}

/// Listings by what they depend on. Nothing is kept for a step that is alone in that.
#[derive(Clone, Debug, Default)]
pub struct SharedListings(Arc<Mutex<HashMap<String, Kept>>>);

impl SharedListings {
    /// Takes note of a step that lists what `key` stands for.
    pub fn announce(&self, key: &str) {
        lock(&self.0).entry(key.to_owned()).or_default().steps += 1;
    }

    /// What `gather` finds, or found for the step before.
    ///
    /// # Errors
    /// Those of `gather`; the next step tries again.
    pub fn get(
        &self,
        key: &str,
        gather: impl FnOnce() -> miette::Result<Gathered>,
    ) -> miette::Result<Gathered> {
        if let Some(known) = self.known(key) {
            return Ok(known);
        }
        let gathered = gather()?;
        if let Some(kept) = lock(&self.0).get_mut(key)
            && kept.steps > 1
        {
            kept.left = kept.steps - 1;
            kept.gathered = Some(gathered.clone());
        }
        Ok(gathered)
    }

    fn known(&self, key: &str) -> Option<Gathered> {
        let mut all = lock(&self.0);
        let kept = all.get_mut(key)?;
        kept.left = kept.left.saturating_sub(1);
        match kept.left {
            0 => kept.gathered.take(),
            _ => kept.gathered.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_list_the_same_list_once_and_leave_nothing_behind() {
        let shared = SharedListings::default();
        for key in ["folds", "folds", "folds", "alone"] {
            shared.announce(key);
        }
        let mut listed = 0;
        let mut get = |key: &str| {
            let gather = || {
                listed += 1;
                Ok(Gathered::default())
            };
            shared.get(key, gather).expect("listed");
            listed
        };
        assert_eq!(
            [get("folds"), get("alone"), get("folds"), get("folds")],
            [1, 2, 2, 2]
        );
        assert!(lock(&shared.0).values().all(|kept| kept.gathered.is_none()));
        // A second listing looks again.
        assert_eq!([get("alone"), get("folds"), get("folds")], [3, 4, 4]);
    }
}
