//! No speaker, no group that was to stay whole and no recording may be on both sides of the line between training and
//! held-out data.

use pipe_engine::stage::SourceListing;
use pipe_report::LeakCheck;
use pipe_speech::corpus::leaks::{self, Item, Part};
use pipe_speech::corpus::{Entry, Split};

use crate::items::ListingDetails;
use crate::stage::leakage::{OnLeak, first_few};

use super::error::IngestError;
use super::splitting::Listed;

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
/// A leak, unless warnings are asked for.
pub fn check_leaks(
    entries: &[Listed],
    groups: &[String],
    on_leak: OnLeak,
    listing: &mut SourceListing,
    details: &mut ListingDetails,
) -> Result<(), IngestError> {
    let items = leak_items(entries);
    let parts = Split::ALL.map(|split| Part::of_split(split, &items));
    let findings = leaks::find(&parts);
    let (bad, doubtful): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| finding.is_leak());
    let mut bad: Vec<String> = bad.iter().map(ToString::to_string).collect();
    let known: Vec<&Entry> = entries.iter().map(|(entry, ..)| entry).collect();
    for group in groups {
        bad.extend(
            leaks::cut_groups(&known, group)
                .iter()
                .map(ToString::to_string),
        );
    }
    let overlaps = leaks::segment_overlaps(&known);
    bad.extend(overlaps.iter().map(ToString::to_string));
    listing
        .warnings
        .extend(doubtful.iter().map(ToString::to_string));
    let filled = parts.iter().filter(|part| !part.items.is_empty());
    if filled.count() > 1 {
        details.leak_checks.push(LeakCheck {
            name: "speakers or recordings in both training and held-out splits".into(),
            between: String::new(),
            found: bad.clone(),
        });
    }
    if bad.is_empty() {
        return Ok(());
    }
    if on_leak == OnLeak::Error {
        return Err(IngestError::Leak {
            findings: first_few(&bad),
        });
    }
    listing.warnings.extend(bad);
    Ok(())
}
