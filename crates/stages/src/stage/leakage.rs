//! Keeps held-out data held out: the table of training items that travels with a model, and the check against it.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use miette::Diagnostic;
use pipe_engine::stage::LoadedItem;
use pipe_foundation::spreadsheet::{guarded, unguarded};
use pipe_speech::corpus::Split;
use thiserror::Error;

use crate::items::UtteranceItem;

use super::leak_policy::{Leak, LeakKind};

/// Name of the table next to the model.
pub const TRAINING_ITEMS: &str = "training_items.tsv";

/// The table is missing or damaged.
#[derive(Debug, Error, Diagnostic)]
#[error("the model's table of training items cannot be {action}: {reason}")]
#[diagnostic(code(data::training_items))]
struct TableError {
    action: &'static str,
    reason: String,
}

/// Writes which items the model has seen in training or validation.
///
/// # Errors
/// When the table cannot be written.
pub fn write_training_items(folder: &Path, items: &[&LoadedItem]) -> miette::Result<()> {
    let failed = |error: csv::Error| TableError {
        action: "written",
        reason: error.to_string(),
    };
    let mut table = csv::WriterBuilder::new()
        .delimiter(b'\t')
        .from_path(folder.join(TRAINING_ITEMS))
        .map_err(failed)?;
    table
        .write_record(["id", "corpus", "speaker", "split", "features"])
        .map_err(failed)?;
    for item in items
        .iter()
        .filter(|item| item.utterance().split != Split::Test)
    {
        let utterance = item.utterance();
        let digest = item.digest.hex();
        table
            .write_record([
                &guarded(&utterance.id),
                &guarded(&utterance.corpus),
                &guarded(&utterance.speaker),
                utterance.split.name(),
                &digest,
            ])
            .map_err(failed)?;
    }
    table.flush().map_err(|error| TableError {
        action: "written",
        reason: error.to_string(),
    })?;
    Ok(())
}

/// What a model has seen.
#[derive(Default)]
pub struct Seen {
    /// Corpora of its training split.
    pub corpora: BTreeSet<String>,
    speakers: BTreeSet<String>,
    digests: HashMap<String, String>,
}

impl Seen {
    /// Reads the table next to a model.
    ///
    /// # Errors
    /// When it is missing or not such a table.
    pub fn read(path: &Path) -> miette::Result<Self> {
        let failed = |error: csv::Error| TableError {
            action: "read",
            reason: error.to_string(),
        };
        let mut table = csv::ReaderBuilder::new()
            .delimiter(b'\t')
            .from_path(path)
            .map_err(failed)?;
        let mut seen = Self::default();
        for row in table.records() {
            let row = row.map_err(failed)?;
            let field = |index: usize| unguarded(row.get(index).unwrap_or_default()).to_string();
            if field(3) == Split::Train.name() {
                seen.corpora.insert(field(1));
            }
            seen.speakers.insert(field(2));
            seen.digests.insert(field(4), field(0));
        }
        Ok(seen)
    }

    /// Speakers and audio of `items` that the model has seen.
    pub fn leaks(&self, items: &[&LoadedItem]) -> Vec<Leak> {
        let speakers: BTreeSet<&str> = items
            .iter()
            .map(|item| item.utterance().speaker.as_str())
            .filter(|speaker| self.speakers.contains(*speaker))
            .collect();
        let mut found: Vec<Leak> = speakers
            .into_iter()
            .map(|speaker| Leak {
                kind: LeakKind::Speaker,
                what: format!("speaker {speaker} was in training"),
            })
            .collect();
        found.extend(items.iter().filter_map(|item| {
            let seen = self.digests.get(&item.digest.hex())?;
            Some(Leak {
                kind: LeakKind::Audio,
                what: format!(
                    "{} has the same audio as {seen}, which was in training",
                    item.utterance().id
                ),
            })
        }));
        found
    }
}
