//! What the cache holds of a plan, without computing anything.

use std::collections::HashMap;

use miette::Report;

use crate::artifact::KeyMaterial;
use crate::cache::{Cache, StepOutput, StepRecord};
use crate::digest::Digest;
use crate::plan::Plan;
use crate::stage::{SourceListing, Stage};

use super::declared_files::DeclaredFileError;
use super::group::Group;
use super::sources::{Listings, list_sources};
use super::whole::whole_material;

/// Keys and results as they stand.
pub struct Survey {
    /// What the sources list now.
    pub listings: HashMap<usize, SourceListing>,
    /// Why some cannot be listed.
    pub failed: HashMap<usize, Report>,
    /// What each step depends on, as far as the results before it are known.
    pub materials: HashMap<usize, KeyMaterial>,
    /// Results that are in the cache.
    pub outputs: HashMap<usize, StepOutput>,
}

impl Survey {
    /// Lists the sources and looks every step up.
    ///
    /// # Errors
    /// When a file that a stage declares cannot be read.
    pub fn of(plan: &Plan, cache: &Cache) -> Result<Self, DeclaredFileError> {
        let Listings { mut listed, failed } = list_sources(plan, cache, &|| false);
        let mut survey = Self {
            listings: HashMap::new(),
            failed,
            materials: HashMap::new(),
            outputs: HashMap::new(),
        };
        for members in plan.item_groups() {
            let own: HashMap<usize, SourceListing> = members
                .iter()
                .filter_map(|member| Some((*member, listed.remove(member)?)))
                .collect();
            let group = Group::new(plan, cache, members, own);
            for (member, standing) in group.survey()? {
                survey
                    .outputs
                    .extend(standing.output.map(|output| (member, output)));
                survey
                    .materials
                    .extend(standing.material.map(|material| (member, material)));
            }
            survey.listings.extend(group.into_listings());
        }
        for (index, step) in plan.steps.iter().enumerate() {
            if step.is_item_wise() {
                continue;
            }
            let digest = |input| survey.outputs.get(&input).map(StepOutput::digest);
            let digests: Vec<Option<Digest>> = step.input_steps().map(digest).collect();
            let does_without = matches!(&step.stage, Stage::Whole(stage) if stage.does_without());
            if digests.iter().any(Option::is_none) && !does_without {
                continue;
            }
            let Ok(material) = whole_material(plan, cache, index, &digests) else {
                continue;
            };
            let record = cache.finished(&material.key());
            survey.materials.insert(index, material);
            survey
                .outputs
                .extend(record.map(|record| (index, record.output)));
        }
        Ok(survey)
    }

    /// The record of a step that is done.
    pub fn record(&self, cache: &Cache, step: usize) -> Option<StepRecord> {
        cache.records.get(&self.materials.get(&step)?.key())
    }
}
