//! No speaker, no group that was to stay whole and no recording may be on both sides of the line between training and
//! held-out data.

use pipe_engine::stage::SourceListing;
use pipe_report::LeakCheck;
use pipe_speech::corpus::leaks::{self, Item, Part};
use pipe_speech::corpus::{Entry, Split};

use crate::items::ListingDetails;
use crate::stage::leak_policy::{Leak, LeakKind, LeakPolicy};

use super::error::IngestError;
use super::listed::Listed;

/// What the search for leaks looks at.
pub fn leak_items(entries: &[Listed]) -> Vec<Item<'_>> {
    entries
        .iter()
        .map(|(entry, audio, _)| Item {
            utterance: &entry.utterance,
            audio: *audio,
        })
        .collect()
}

/// Adds what is found to the listing; `groups` are those that were to stay whole besides speakers.
///
/// # Errors
/// A leak of a kind that `policy` does not only warn of.
pub fn check_leaks(
    entries: &[Listed],
    groups: &[String],
    policy: &LeakPolicy,
    listing: &mut SourceListing,
    details: &mut ListingDetails,
) -> Result<(), IngestError> {
    // Files without a length cannot be read: equal ones are broken in the same way, and count as bad items.
    let items: Vec<Item<'_>> = (leak_items(entries).into_iter().zip(entries))
        .filter(|(_, (_, _, duration_s))| *duration_s > 0.0)
        .map(|(item, _)| item)
        .collect();
    let parts = Split::ALL.map(|split| Part::of_split(split, &items));
    let findings = leaks::find(&parts);
    let (bad, doubtful): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| finding.is_leak());
    let leak = |kind: LeakKind, what: &dyn ToString| Leak {
        kind,
        what: what.to_string(),
    };
    let bad = bad.into_iter();
    let mut bad: Vec<Leak> = bad
        .map(|finding| leak(LeakKind::of_finding(finding), finding))
        .collect();
    let known: Vec<&Entry> = entries.iter().map(|(entry, ..)| entry).collect();
    for group in groups {
        let cut = leaks::cut_groups(&known, group);
        let kind = LeakKind::of_group(group);
        bad.extend(cut.iter().map(|cut| leak(kind, cut)));
    }
    let overlaps = leaks::segment_overlaps(&known);
    bad.extend(
        overlaps
            .iter()
            .map(|overlap| leak(LeakKind::Segment, overlap)),
    );
    listing
        .warnings
        .extend(doubtful.iter().map(ToString::to_string));
    let refused = policy.allow(&bad);
    let bad: Vec<String> = bad.into_iter().map(|leak| leak.what).collect();
    let filled = parts.iter().filter(|part| !part.items.is_empty());
    if filled.count() > 1 {
        details.leak_checks.push(LeakCheck {
            name: "speakers or recordings in both training and held-out splits".into(),
            between: String::new(),
            found: bad.clone(),
        });
    }
    refused.map_err(IngestError::Leak)?;
    listing.warnings.extend(bad);
    Ok(())
}
