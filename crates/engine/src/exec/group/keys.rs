//! What the keys of a group's items begin with, and what is known of items under such keys.

use std::collections::HashMap;

use pipe_foundation::Digest;

use crate::cache::CacheError;
use crate::cache::items::{ItemIndex, StepTag};
use crate::exec::declared_files::{DeclaredFileError, KeyedFiles};
use crate::stage::Stage;

use super::Group;

impl Group<'_> {
    /// What this cache knows of items of these steps.
    pub(super) fn local_items(
        &self,
        prefixes: &HashMap<usize, Digest>,
    ) -> Result<ItemIndex, CacheError> {
        let tags = prefixes.values().map(StepTag::of).collect();
        ItemIndex::load_of(&self.cache.item_logs(), &tags)
    }

    pub(super) fn unreadable(&self, error: &DeclaredFileError) -> CacheError {
        CacheError::read(&self.cache.root, std::io::Error::other(error.to_string()))
    }

    /// For each member, the digest of what all its items depend on.
    pub(super) fn prefixes(&self, files: &HashMap<usize, KeyedFiles>) -> HashMap<usize, Digest> {
        (self.members.iter())
            .filter_map(|&member| Some((member, self.prefix(member, files)?)))
            .collect()
    }

    /// The digest of what all items of `member` depend on.
    pub(super) fn prefix(
        &self,
        member: usize,
        files: &HashMap<usize, KeyedFiles>,
    ) -> Option<Digest> {
        let step = &self.plan.steps[member];
        let mut fingerprint = match &step.stage {
            // Which items are listed changes no single one.
            Stage::Source(_) => step.fingerprint(&serde_json::json!({})),
            Stage::Items(stage) => {
                step.fingerprint(&stage.item_parameters(&step.keyed_parameters()))
            }
            Stage::Aggregate(_) => return None,
        };
        if let Stage::Items(stage) = &step.stage {
            stage.external_inputs(&mut fingerprint);
        }
        if let Some(files) = files.get(&member) {
            files.add_to(&mut fingerprint);
        }
        Some(fingerprint.key())
    }
}
