//! Keeps held-out data held out: the table of training items that travels with a model, and the check against it.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use miette::Diagnostic;
use pipe_engine::stage::LoadedItem;
use pipe_foundation::Digest;
use pipe_foundation::spreadsheet::{guarded, unguarded};
use pipe_speech::corpus::Split;
use thiserror::Error;

use crate::items::{UtteranceItem, features};

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

/// Whether features are of several frames that differ. One frame, such as a row of a table with few values, or frames that
/// never change, as silence has, may be the same for different recordings.
fn tell_recordings_apart(item: &LoadedItem) -> miette::Result<bool> {
    let view = features(&item.blob)?;
    let mut frames = view.values.chunks_exact(view.bins.max(1));
    let first = frames.next();
    Ok(frames.any(|frame| Some(frame) != first))
}

/// Items with the digests of their features, but where these do not tell recordings apart and are the same in train and
/// validation: those get digests of their ids; and a sentence on them, if there are any.
pub fn of_splits<'a>(items: &[&'a LoadedItem]) -> miette::Result<Shared<'a>> {
    let mut by_features: HashMap<Digest, [Option<&LoadedItem>; 2]> = HashMap::new();
    for item in items {
        let place = match item.utterance().split {
            Split::Train => 0,
            Split::Validation => 1,
            Split::Test => continue,
        };
        by_features.entry(item.digest).or_default()[place].get_or_insert(item);
    }
    let (mut meaningless, mut alike) = (BTreeSet::new(), Vec::new());
    for (digest, holders) in by_features {
        if let [Some(train), Some(validation)] = holders
            && !tell_recordings_apart(train)?
        {
            let [one, other] = [validation, train].map(|item| &item.utterance().id);
            alike.push(format!("{one} and {other}"));
            meaningless.insert(digest);
        }
    }
    alike.sort();
    let known_by = |item: &LoadedItem| match meaningless.contains(&item.digest) {
        true => Digest::of(item.utterance().id.as_bytes()),
        false => item.digest,
    };
    let items = items.iter().map(|item| (*item, known_by(item)));
    Ok((items.collect(), of_little_meaning(&alike)))
}

/// Items and what each is compared by, and a sentence on those that cannot be compared.
type Shared<'a> = (Vec<(&'a LoadedItem, Digest)>, Option<String>);

/// That recordings of training and held-out data, each pair as `a and b`, have the same features, which may be chance.
fn of_little_meaning(alike: &[String]) -> Option<String> {
    let first = alike.first()?;
    Some(format!(
        "training and held-out data have {} with the same features, such as {first}: as they are one frame, or never change, that does not say whether the recordings are the same",
        match alike.len() {
            1 => "a pair of recordings".to_owned(),
            pairs => format!("{pairs} pairs of recordings"),
        }
    ))
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

    /// Speakers and features of `items` that the model has seen; and a sentence on features that it has seen and that do
    /// not say that the recordings are the same, if there are any.
    pub fn leaks(&self, items: &[&LoadedItem]) -> miette::Result<(Vec<Leak>, Option<String>)> {
        let speakers: BTreeSet<&str> = items
            .iter()
            .map(|item| &*item.utterance().speaker)
            .filter(|speaker| self.speakers.contains(*speaker))
            .collect();
        let mut found: Vec<Leak> = speakers
            .into_iter()
            .map(|speaker| Leak {
                kind: LeakKind::Speaker,
                what: format!("speaker {speaker} was in training"),
            })
            .collect();
        let mut alike = Vec::new();
        for item in items {
            let Some(seen) = self.digests.get(&item.digest.hex()) else {
                continue;
            };
            let id = &item.utterance().id;
            if tell_recordings_apart(item)? {
                found.push(Leak {
                    kind: LeakKind::Audio,
                    what: format!("{id} has the same features as {seen}, which was in training"),
                });
            } else {
                alike.push(format!("{id} and {seen}"));
            }
        }
        Ok((found, of_little_meaning(&alike)))
    }
}
