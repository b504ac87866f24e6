//! Compares every variant with its baseline, and corrects the p-values of the whole study.

use crate::Reference;
use crate::eval::{SpeakerHits, compare, jackknife, mean};

use super::baseline::baseline_of;
use super::correction;
use super::tested_model::{TestedModel, common_speakers};
use super::{Gain, StudyCell, StudyTest, StudyVariant};

/// Fills the gains of one test, without corrected p-values.
pub(super) fn fill(
    variants: &[StudyVariant],
    reference: Option<&Reference>,
    rows: &[Vec<TestedModel<'_>>],
    cells: &mut [Option<StudyCell>],
) {
    for ((variant, ours), cell) in variants.iter().zip(rows).zip(cells) {
        let theirs = baseline_of(variants, variant, reference).and_then(|place| rows.get(place));
        if let (Some(cell), Some(theirs)) = (cell, theirs) {
            cell.gain = gain(ours, theirs);
        }
    }
}

fn gain(ours: &[TestedModel<'_>], theirs: &[TestedModel<'_>]) -> Option<Gain> {
    let uas =
        |models: &[TestedModel<'_>]| -> Vec<f64> { models.iter().map(|model| model.ua).collect() };
    let (our_uas, their_uas) = (uas(ours), uas(theirs));
    let difference = mean(&our_uas)? - mean(&their_uas)?;
    let speakers = common_speakers(ours.iter().chain(theirs)).and_then(|speakers| {
        let ours: Vec<&SpeakerHits> = ours.iter().map(|model| &model.hits).collect();
        let theirs: Vec<&SpeakerHits> = theirs.iter().map(|model| &model.hits).collect();
        jackknife(speakers, &ours, &theirs)
    });
    let found = compare(&our_uas, &their_uas, speakers);
    Some(Gain {
        ua: difference,
        interval: found.map(|found| found.interval),
        p: found.map(|found| found.p),
        p_corrected: None,
        over_seeds: found.is_some_and(|found| found.over_seeds),
        over_speakers: found.is_some_and(|found| found.over_speakers),
    })
}

/// Corrects the p-values of all headline tests together; returns how many there are.
pub(super) fn correct(tests: &[StudyTest], variants: &mut [StudyVariant]) -> usize {
    let family = variants
        .iter_mut()
        .flat_map(|variant| variant.cells.iter_mut().zip(tests))
        .filter(|(_, test)| test.headline)
        .filter_map(|(cell, _)| {
            let gain = cell.as_mut()?.gain.as_mut()?;
            Some((gain.p?, &mut gain.p_corrected))
        });
    correction::correct(family.collect())
}
