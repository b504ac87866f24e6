//! The statuses of a group's members before anything runs.

use std::collections::HashMap;

use pipe_foundation::Digest;

use crate::artifact::{FingerprintInputs, digest_of_set};
use crate::cache::CacheError;
use crate::exec::declared_files::DeclaredFileError;
use crate::exec::step_status::{StepStatus, Unlisted};
use crate::stage::{SourceListing, Stage};

use super::Group;

impl Group<'_> {
    /// Looks up every member, in order, as far as the results of those before it are in the cache.
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub fn statuses(&self) -> Result<Vec<(usize, StepStatus)>, CacheError> {
        let mut digests: HashMap<usize, Digest> = HashMap::new();
        let mut statuses = Vec::with_capacity(self.members.len());
        for &member in &self.members {
            let inputs: Vec<usize> = self.plan.steps[member].input_steps().collect();
            let unknown: Vec<usize> = (inputs.iter().copied())
                .filter(|input| !digests.contains_key(input))
                .collect();
            let status = match unknown.is_empty() {
                false => StepStatus::Pending { on: unknown },
                true => {
                    let inputs: Vec<Digest> = inputs.iter().map(|input| digests[input]).collect();
                    match self.fingerprint(member, &inputs) {
                        Ok(Some(fingerprint)) => StepStatus::look_up(self.cache, fingerprint)?,
                        Ok(None) => StepStatus::Failed {
                            error: Unlisted::interrupted().into(),
                        },
                        Err(error) => StepStatus::Failed {
                            error: error.into(),
                        },
                    }
                }
            };
            if let Some(output) = status.output() {
                digests.insert(member, output.digest());
            }
            statuses.push((member, status));
        }
        Ok(statuses)
    }

    /// What the set of `member` depends on; none for a source that could not be listed.
    pub(in crate::exec) fn fingerprint(
        &self,
        member: usize,
        inputs: &[Digest],
    ) -> Result<Option<FingerprintInputs>, DeclaredFileError> {
        let step = &self.plan.steps[member];
        let mut fingerprint = step.fingerprint(&step.keyed_parameters());
        match &step.stage {
            Stage::Source(_) => {
                let Some(listing) = self.listings.get(&member) else {
                    return Ok(None);
                };
                fingerprint.add("source", source_digest(listing).hex());
            }
            Stage::Items(stage) => {
                stage.external_inputs(&mut fingerprint);
                if let Some(files) = self.files()?.get(&member) {
                    files.add_to(&mut fingerprint);
                }
            }
            Stage::Aggregate(_) => return Ok(None),
        }
        let inputs: Vec<Option<Digest>> = inputs.iter().copied().map(Some).collect();
        step.add_inputs(&mut fingerprint, &inputs);
        Ok(Some(fingerprint))
    }
}

/// The digest of what a source lists: what is known of each item and the digest of its data.
pub fn source_digest(listing: &SourceListing) -> Digest {
    let items = listing.items.iter();
    digest_of_set(items.map(|item| (&*item.facts, &item.digest)))
}
