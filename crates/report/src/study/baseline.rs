//! Which variant is the baseline of another.

use crate::Method;

use super::StudyVariant;

/// The baseline that a variant compares with: trained on the same corpora, all its seeds. None for a baseline, and
/// where several variants could be it.
pub(crate) fn baseline_of(variants: &[StudyVariant], variant: &StudyVariant) -> Option<usize> {
    if variant.method == Some(Method::Baseline) {
        return None;
    }
    let mut baselines = variants.iter().enumerate().filter(|(_, other)| {
        other.method == Some(Method::Baseline) && other.training_corpora == variant.training_corpora
    });
    let (place, _) = baselines.next()?;
    baselines.next().is_none().then_some(place)
}
