//! The splits that a published partition gives, and what is told of files that it and the corpora do not share.

use pipe_report::PartitionFacts;
use pipe_speech::corpus::protocol::{self, Partition};
use pipe_speech::corpus::split::{Dealing, Groups, hold_out};
use pipe_speech::corpus::{DropCause, Dropped, Entry, Split};

use crate::items::ListingDetails;

use super::listed::{Listed, lengths};
use super::split_parameters::DrawnValidation;

/// The splits of a published partition; utterances that it does not name are left out.
///
/// # Errors
/// Where none of its files is there, or one is in two splits.
pub fn published(
    partition: &Partition,
    drawn: DrawnValidation,
    entries: &mut Vec<Listed>,
    warnings: &mut Vec<String>,
    details: &mut ListingDetails,
) -> miette::Result<Vec<Split>> {
    let known: Vec<&Entry> = entries.iter().map(|(entry, ..)| entry).collect();
    let matched = protocol::match_files(partition, &known)?;
    let splits = matched.splits(partition);
    if let Some(&first) = matched.unmatched.first() {
        warnings.push(format!(
            "{} of the {} files of {} {} label is not used; the first is {}",
            matched.unmatched.len(),
            partition.files.len(),
            partition.name,
            match matched.unmatched.len() {
                1 => "is not in the corpora, or its",
                _ => "are not in the corpora, or their",
            },
            partition.files[first].name()
        ));
    }
    if let Some(&(file, entry)) = matched.respelled.first() {
        warnings.push(format!(
            "{} of the {} files of {} differ{} from recordings of the corpora in case or in the form of letters alone, and {} taken for them; the first is {}, taken for {}",
            matched.respelled.len(),
            partition.files.len(),
            partition.name,
            if matched.respelled.len() == 1 { "s" } else { "" },
            if matched.respelled.len() == 1 { "is" } else { "are" },
            partition.files[file].name(),
            known[entry].utterance.id,
        ));
    }
    if let Some((first, [one, other])) = matched.ambiguous.first() {
        warnings.push(format!(
            "{} of the {} files of {} may be one of several recordings, so no split is known: {} is {one} or {other}; write as many of their folders as tell them apart",
            matched.ambiguous.len(),
            partition.files.len(),
            partition.name,
            partition.files[*first].name(),
            one = known[*one].utterance.id,
            other = known[*other].utterance.id,
        ));
    }
    let mut kept = Vec::with_capacity(entries.len());
    let mut own = Vec::with_capacity(entries.len());
    let mut unnamed: Vec<String> = Vec::new();
    for (listed, split) in std::mem::take(entries).into_iter().zip(splits) {
        match split {
            Some(split) => {
                kept.push(listed);
                own.push(split);
            }
            None => unnamed.push(listed.0.utterance.id),
        }
    }
    *entries = kept;
    if let Some(first) = unnamed.first() {
        warnings.push(format!(
            "{} of {} utterances {are} not named by {} and {are} left out; the first is {first}",
            unnamed.len(),
            unnamed.len() + entries.len(),
            partition.name,
            are = if unnamed.len() == 1 { "is" } else { "are" },
        ));
    }
    details
        .dropped
        .extend(unnamed.into_iter().map(|what| Dropped {
            what,
            reason: format!("{} does not name it", partition.name),
            cause: DropCause::Choice,
        }));
    if !partition.has_validation {
        let known: Vec<&Entry> = entries.iter().map(|(entry, ..)| entry).collect();
        // As the publishers draw it: utterances, not speakers.
        let single = Groups {
            of: (0..known.len()).collect(),
            names: known
                .iter()
                .map(|entry| entry.utterance.id.clone())
                .collect(),
            attributes: Vec::new(),
            undocumented: Default::default(),
        };
        let dealing = Dealing {
            stratify: true,
            seed: drawn.seed,
        };
        let lengths = lengths(entries);
        hold_out(
            &known,
            &lengths,
            &single,
            &mut own,
            drawn.validation,
            dealing,
        );
    }
    details.partition = Some(PartitionFacts {
        name: partition.name.clone(),
        digest: partition.digest.hex(),
        files: partition.files.len() as u64,
        unmatched: (matched.unmatched.len() + matched.ambiguous.len()) as u64,
    });
    Ok(own)
}
