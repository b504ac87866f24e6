//! One model on one test: what the cells of a study are made of.

use crate::eval::{Metrics, SpeakerHits, SpeakerSet};
use crate::{Report, ReportEntry};

use super::test_set::Test;

/// One model on one test, with all that is known of it.
pub(super) struct TestedModel<'a> {
    pub index: usize,
    pub entry: &'a ReportEntry,
    pub metrics: Metrics,
    pub ua: f64,
    pub speakers: SpeakerSet,
    pub hits: SpeakerHits,
}

/// Some entries of a report on a test; without those that were not tested on it.
pub(super) fn tested_models<'a>(
    report: &'a Report,
    test: &Test,
    entries: &[usize],
) -> Vec<TestedModel<'a>> {
    entries
        .iter()
        .filter_map(|&index| {
            let entry = report.entries.get(index)?;
            let metrics = test.metrics(entry)?;
            let (speakers, hits) = test.speakers(entry);
            Some(TestedModel {
                index,
                entry,
                ua: metrics.ua?,
                metrics,
                speakers,
                hits,
            })
        })
        .collect()
}

/// The speakers that all of some models were tested on; none where they differ.
pub(super) fn common_speakers<'a>(
    models: impl IntoIterator<Item = &'a TestedModel<'a>>,
) -> Option<&'a SpeakerSet> {
    let mut sets = models.into_iter().map(|model| &model.speakers);
    let first = sets.next()?;
    sets.all(|set| set == first).then_some(first)
}
