//! How the steps of a group stand before anything runs.

use std::collections::HashMap;

use crate::artifact::{Item, KeyMaterial, item_set_digest};
use crate::cache::StepOutput;
use crate::digest::Digest;
use crate::exec::declared_files::DeclaredFileError;
use crate::exec::observer::Status;
use crate::exec::outcome::StepResult;
use crate::stage::{SourceListing, Stage};

use super::Group;

/// How one member stands before anything runs.
pub struct Standing {
    /// What it depends on, when its inputs are known.
    pub material: Option<KeyMaterial>,
    /// Its result, when it is in the cache.
    pub output: Option<StepOutput>,
}

impl Group<'_> {
    /// Looks up every member whose inputs are known.
    ///
    /// # Errors
    /// When a file that a stage declares cannot be read.
    pub fn survey(&self) -> Result<HashMap<usize, Standing>, DeclaredFileError> {
        let mut standings: HashMap<usize, Standing> = HashMap::new();
        for &member in &self.members {
            let digests: Option<Vec<Digest>> = self.plan.steps[member]
                .input_steps()
                .map(|input| {
                    standings
                        .get(&input)?
                        .output
                        .as_ref()
                        .map(StepOutput::digest)
                })
                .collect();
            let material = match digests {
                Some(digests) => self.material(member, &digests)?,
                None => None,
            };
            let record = material
                .as_ref()
                .and_then(|material| self.cache.finished(&material.key()));
            standings.insert(
                member,
                Standing {
                    material,
                    output: record.map(|record| record.output),
                },
            );
        }
        Ok(standings)
    }

    /// What the set of `member` depends on; none for a source that could not be listed.
    pub(super) fn material(
        &self,
        member: usize,
        inputs: &[Digest],
    ) -> Result<Option<KeyMaterial>, DeclaredFileError> {
        let step = &self.plan.steps[member];
        let mut material = step.material(&step.keyed_parameters());
        match &step.stage {
            Stage::Source(_) => {
                let Some(listing) = self.listings.get(&member) else {
                    return Ok(None);
                };
                material.add("source", source_digest(listing).hex());
            }
            Stage::Items(stage) => {
                stage.surroundings(&mut material);
                if let Some(files) = self.files()?.get(&member) {
                    files.add_to(&mut material);
                }
            }
            Stage::Whole(_) => return Ok(None),
        }
        let inputs: Vec<Option<Digest>> = inputs.iter().copied().map(Some).collect();
        step.add_inputs(&mut material, &inputs);
        Ok(Some(material))
    }
}

/// The digest of what a source lists: what is known of each utterance and the digest of its audio.
pub fn source_digest(listing: &SourceListing) -> Digest {
    let items: Vec<Item> = listing
        .items
        .iter()
        .map(|item| Item {
            utterance: item.utterance.clone(),
            digest: item.digest,
        })
        .collect();
    item_set_digest(&items)
}

/// The result of a member that is in the cache.
pub fn hit(standing: &Standing) -> Option<StepResult> {
    let output = standing.output.clone()?;
    let (reused, bad) = match &output {
        StepOutput::Items { count, bad, .. } => (*count, bad.len()),
        StepOutput::Files(_) => (0, 0),
    };
    Some(StepResult {
        status: Status::Hit,
        material: standing.material.clone(),
        output: Some(output),
        computed: 0,
        reused,
        bad,
        seconds: 0.0,
        error: None,
        kept: Vec::new(),
    })
}
