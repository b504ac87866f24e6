//! No speaker and no recording may be on both sides of the line between training and held-out data.

use pipe_engine::stage::SourceListing;
use pipe_foundation::Digest;
use pipe_report::LeakCheck;
use pipe_speech::corpus::leaks::{self, Item, Part};
use pipe_speech::corpus::{Entry, Split};

use crate::items::ListingDetails;
use crate::stage::leakage::{OnLeak, first_few};

use super::{Ingest, IngestError};

impl Ingest {
    /// Adds what is found to the listing.
    pub(super) fn check_leaks(
        &self,
        entries: &[(Entry, Digest, f64)],
        listing: &mut SourceListing,
        details: &mut ListingDetails,
    ) -> miette::Result<()> {
        let of = |split: Split| -> Vec<Item<'_>> {
            entries
                .iter()
                .filter(|(entry, _, _)| entry.utterance.split == split)
                .map(|(entry, audio, _)| Item {
                    utterance: &entry.utterance,
                    audio: *audio,
                })
                .collect()
        };
        let (train, validation, test) = (of(Split::Train), of(Split::Validation), of(Split::Test));
        let parts = [
            Part {
                name: "train",
                items: &train,
            },
            Part {
                name: "validation",
                items: &validation,
            },
            Part {
                name: "test",
                items: &test,
            },
        ];
        let findings = leaks::find(&parts);
        let (bad, doubtful): (Vec<_>, Vec<_>) =
            findings.iter().partition(|finding| finding.is_leak());
        let bad: Vec<String> = bad.iter().map(ToString::to_string).collect();
        listing
            .warnings
            .extend(doubtful.iter().map(ToString::to_string));
        let held = [&train, &validation, &test];
        if held.iter().filter(|items| !items.is_empty()).count() > 1 {
            details.leak_checks.push(LeakCheck {
                name: "speakers or recordings in both training and held-out splits".into(),
                between: String::new(),
                found: bad.clone(),
            });
        }
        if bad.is_empty() {
            return Ok(());
        }
        if self.options.leaks == OnLeak::Error {
            return Err(IngestError::Leak {
                findings: first_few(&bad),
            }
            .into());
        }
        listing.warnings.extend(bad);
        Ok(())
    }
}
