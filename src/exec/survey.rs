//! What the cache holds of a plan, without computing anything.

use std::collections::HashMap;

use miette::{Diagnostic, Report};
use thiserror::Error;

use crate::artifact::KeyMaterial;
use crate::cache::{Cache, CacheError, StepOutput, StepRecord};
use crate::digest::Digest;
use crate::plan::Plan;
use crate::stage::{SourceListing, Stage};

use super::group::Group;
use super::sources::{Listings, list_sources};
use super::whole::whole_material;

/// Why it cannot be told what the cache holds.
#[derive(Debug, Error, Diagnostic)]
pub enum SurveyError {
    /// The cache cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cache(#[from] CacheError),
    /// A file that a stage depends on cannot be read.
    #[error("cannot read a file it depends on: {0}")]
    #[diagnostic(
        code(run::file),
        help("check that the files that the stages name are there and can be read")
    )]
    File(#[from] std::io::Error),
}

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
    /// When the cache or a file that a stage depends on cannot be read.
    pub fn of(plan: &Plan, cache: &Cache) -> Result<Self, SurveyError> {
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
            let record = cache.finished(&material.key())?;
            survey.materials.insert(index, material);
            survey
                .outputs
                .extend(record.map(|record| (index, record.output)));
        }
        Ok(survey)
    }

    /// The record of a step that is done.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn record(&self, cache: &Cache, step: usize) -> Result<Option<StepRecord>, CacheError> {
        match self.materials.get(&step) {
            Some(material) => cache.records.get(&material.key()),
            None => Ok(None),
        }
    }
}
