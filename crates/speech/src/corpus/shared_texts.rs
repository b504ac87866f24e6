//! Texts that many utterances share, held once.

use std::collections::HashSet;
use std::sync::Arc;

/// Texts that were met, such as labels and languages: a million utterances have a few of them.
#[derive(Debug, Default)]
pub(super) struct SharedTexts(HashSet<Arc<str>>);

impl SharedTexts {
    /// The one that equals `text`.
    pub fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.0.insert(new.clone());
        new
    }
}
