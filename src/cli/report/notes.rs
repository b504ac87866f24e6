//! What a run noted of the data of its machine: what was left out, and what readers warned of.

use pipe_engine::cache::StepOutput;
use pipe_engine::exec::PlanResults;
use pipe_engine::plan::Plan;
use pipe_engine::stage::SourceListing;
use pipe_report::LeftOut;
use serde::{Deserialize, Serialize};

use pipe_stages::items::details;

/// Notes on the data of a run. Other copies of the same recordings may give others: they may have more files that count
/// for nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    /// What readers warned of.
    pub warnings: Vec<String>,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
}

impl Notes {
    /// The notes of a run.
    pub fn of(plan: &Plan, results: &PlanResults) -> Self {
        Self {
            warnings: warnings(&results.listings),
            left_out: left_out(plan, results),
        }
    }
}

fn left_out(plan: &Plan, results: &PlanResults) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    let mut add = |step: usize, item: &str, reason: &str| {
        left_out.push(LeftOut {
            step: plan.steps[step].id().into(),
            item: item.into(),
            reason: reason.into(),
        });
    };
    for (step, listing) in &results.listings {
        for dropped in details(listing).iter().flat_map(|details| &details.dropped) {
            add(*step, &dropped.what, &dropped.reason);
        }
    }
    for step in 0..plan.steps.len() {
        if let Some(StepOutput::Items { bad, .. }) = results.steps[step].output.as_deref() {
            bad.iter().for_each(|bad| add(step, &bad.id, &bad.reason));
        }
    }
    left_out
}

fn warnings(listings: &[(usize, SourceListing)]) -> Vec<String> {
    let all = listings.iter().flat_map(|(_, listing)| &listing.warnings);
    let mut distinct: Vec<String> = Vec::new();
    for warning in all {
        if !distinct.contains(warning) {
            distinct.push(warning.clone());
        }
    }
    distinct
}
