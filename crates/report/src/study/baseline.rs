//! Which variant another one is compared with, and how that is said.

use crate::{Method, Reference};

use super::Study;
use super::data::StudyVariant;

/// The variant that another one compares with: that of `reference`, where the report has one; otherwise the baseline, trained
/// on the same corpora, all its seeds. None for what others are compared with, and where several variants could be it.
pub(crate) fn baseline_of(
    variants: &[StudyVariant],
    variant: &StudyVariant,
    reference: Option<&Reference>,
) -> Option<usize> {
    if reference.is_some() {
        return variant.reference;
    }
    if variant.method == Some(Method::Baseline) {
        return None;
    }
    let mut baselines = variants.iter().enumerate().filter(|(_, other)| {
        other.method == Some(Method::Baseline)
            && other.training_corpora == variant.training_corpora
            && other.classes == variant.classes
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
    let found: Vec<Option<usize>> = variants
        .iter()
        .map(|variant| {
            let same = |other: &StudyVariant| {
                has_value(other, reference) && without_axis(other) == without_axis(variant)
            };
            let place = variants.iter().position(same)?;
            (!has_value(variant, reference)).then_some(place)
        })
        .collect();
    for (variant, reference) in variants.iter_mut().zip(found) {
        variant.reference = reference;
    }
}

fn has_value(variant: &StudyVariant, reference: &Reference) -> bool {
    let mut axes = variant.axes.iter();
    axes.any(|(axis, value)| *axis == reference.axis && *value == reference.value)
}

impl Study {
    /// Whether a variant is one that others are compared with.
    pub(crate) fn is_reference(&self, variant: &StudyVariant) -> bool {
        match &self.reference {
            Some(reference) => has_value(variant, reference),
            None => variant.method == Some(Method::Baseline),
        }
    }

    /// What variants are compared with, in as few words as a heading has room for.
    pub(crate) fn reference_name(&self) -> String {
        match &self.reference {
            Some(Reference { axis, value }) => format!("{axis} {value}"),
            None => "the baseline".to_owned(),
        }
    }

    /// What a variant is compared with, in a sentence that need not say all.
    pub(crate) fn reference_in_short(&self) -> String {
        match &self.reference {
            Some(_) => self.compared_with(),
            None => self.reference_name(),
        }
    }

    /// What each variant is compared with, in full.
    pub(crate) fn compared_with(&self) -> String {
        match &self.reference {
            Some(_) => format!("the same with {}", self.reference_name()),
            None => "the baseline with the same training corpora".to_owned(),
        }
    }
}
