//! Speakers and features that training and validation share.

use pipe_engine::stage::LoadedItem;
use pipe_foundation::progress::Progress;
use pipe_speech::corpus::Split;
use pipe_speech::corpus::leaks::{self, Compared, Item, Part};

use crate::items::UtteranceItem;
use crate::stage::leak_policy::{Leak, LeakError, LeakKind, LeakPolicy};
use crate::stage::leakage;

/// Refuses what the policy does not put up with, and warns of the rest. Recordings that are the same are foreseen by what is
/// listed; here a stage between may have made the same of different ones.
///
/// # Errors
/// [`LeakError`], and features that cannot be read.
pub fn check(
    policy: &LeakPolicy,
    items: &[&LoadedItem],
    progress: &dyn Progress,
) -> miette::Result<()> {
    let (own, alike) = leakage::of_splits(items)?;
    let own: Vec<Item<'_>> = own
        .into_iter()
        .map(|(item, features)| Item {
            utterance: item.utterance(),
            audio: features,
        })
        .collect();
    let parts = [Split::Train, Split::Validation].map(|split| Part::of_split(split, &own));
    let leaks: Vec<Leak> = leaks::find(&parts)
        .iter()
        .filter(|finding| finding.is_leak())
        .map(|finding| Leak {
            kind: LeakKind::of_finding(finding),
            what: finding.said_of(Compared::Features),
        })
        .collect();
    policy.allow(&leaks).map_err(LeakError::from)?;
    let told = leaks.iter().map(|leak| &leak.what).chain(&alike);
    told.for_each(|what| progress.warn(what));
    Ok(())
}
