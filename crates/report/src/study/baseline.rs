//! Which variant another one is compared with.

use crate::{Method, Reference};

use super::data::StudyVariant;

/// The variant that another one compares with: that of the report's reference; otherwise the baseline, trained on the same
/// corpora, all its seeds. None for a baseline, and where several variants could be it.
pub(crate) fn baseline_of(variants: &[StudyVariant], variant: &StudyVariant) -> Option<usize> {
    if variants.iter().any(|other| other.reference.is_some()) {
        return variant.reference;
    }
    if variant.method == Some(Method::Baseline) {
        return None;
    }
    let mut baselines = variants.iter().enumerate().filter(|(_, other)| {
        other.method == Some(Method::Baseline) && other.training_corpora == variant.training_corpora
    });
    let (place, _) = baselines.next()?;
    baselines.next().is_none().then_some(place)
}

/// Finds for each variant the one that differs from it in the axis of `reference` alone, and has its value there.
pub(super) fn find_references(variants: &mut [StudyVariant], reference: &Reference) {
    let without_axis = |variant: &StudyVariant| -> Vec<(String, String)> {
        let axes = variant
            .axes
            .iter()
            .filter(|(axis, _)| *axis != reference.axis);
        axes.cloned().collect()
    };
    let has_value = |variant: &StudyVariant| {
        let mut axes = variant.axes.iter();
        axes.any(|(axis, value)| *axis == reference.axis && *value == reference.value)
    };
    let found: Vec<Option<usize>> = variants
        .iter()
        .map(|variant| {
            let same = |other: &StudyVariant| {
                has_value(other) && without_axis(other) == without_axis(variant)
            };
            let place = variants.iter().position(same)?;
            (!has_value(variant)).then_some(place)
        })
        .collect();
    for (variant, reference) in variants.iter_mut().zip(found) {
        variant.reference = reference;
    }
}
