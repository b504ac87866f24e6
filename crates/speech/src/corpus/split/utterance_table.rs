//! A split written down utterance by utterance, where it cuts speakers.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use pipe_foundation::spreadsheet::{guarded, unguarded};

use crate::corpus::{Split, Utterance};

use super::error::SplitError;
use super::table::SplitTable;

const COLUMNS: &str = "utterance\tsplit\tspeaker";

/// Which split each utterance belongs to, by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UtteranceTable {
    /// Id to split.
    pub rows: BTreeMap<String, Split>,
}

/// A split table, by speakers or by utterances.
#[derive(Clone, Debug, PartialEq)]
pub enum PinnedSplit {
    /// A line a speaker.
    Speakers(SplitTable),
    /// A line an utterance.
    Utterances(UtteranceTable),
}

impl PinnedSplit {
    /// Reads what [`SplitTable::to_text`] or [`UtteranceTable::to_text`] wrote.
    ///
    /// # Errors
    /// [`SplitError::Line`] for the first line that is not understood.
    pub fn parse(text: &str) -> Result<Self, SplitError> {
        let mut lines = text.lines().map(str::trim_end);
        let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        let by_utterance = first.is_some_and(|line| line.starts_with("utterance\tsplit"));
        Ok(match by_utterance {
            true => Self::Utterances(UtteranceTable::parse(text)?),
            false => Self::Speakers(SplitTable::parse(text)?),
        })
    }

    /// True for a table that assigns nobody.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Speakers(table) => table.rows.is_empty(),
            Self::Utterances(table) => table.rows.is_empty(),
        }
    }
}

impl UtteranceTable {
    /// The table of utterances as text: `utterances` with their splits.
    pub fn to_text<'u>(utterances: impl Iterator<Item = &'u Utterance>) -> String {
        let mut text = String::from(
            "# Utterances and their splits, since some speakers are in several; lines with # are comments.\n",
        );
        text.push_str(COLUMNS);
        text.push('\n');
        for utterance in utterances {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{}\t{}\t{}",
                guarded(&utterance.id),
                utterance.split.name(),
                guarded(&utterance.speaker)
            );
        }
        text
    }

    fn parse(text: &str) -> Result<Self, SplitError> {
        let mut table = Self::default();
        for (index, line) in text.lines().enumerate() {
            let content = line.trim_end();
            if content.is_empty()
                || content.starts_with('#')
                || content.starts_with("utterance\tsplit")
            {
                continue;
            }
            let failed = |reason: String| SplitError::Line {
                line: index + 1,
                reason,
            };
            let mut fields = content.split('\t').map(str::trim);
            let id = unguarded(fields.next().unwrap_or_default());
            let split = fields.next().unwrap_or_default();
            let split = Split::parse(split).ok_or_else(|| {
                failed(format!("`{split}` is not one of train, validation, test"))
            })?;
            if table.rows.insert(id.to_owned(), split).is_some() {
                return Err(failed(format!("utterance {id} is assigned twice")));
            }
        }
        Ok(table)
    }

    /// The split of each of `utterances`.
    ///
    /// # Errors
    /// [`SplitError::Unassigned`] and [`SplitError::UnknownUtterance`], as for speakers.
    pub fn splits<'u>(
        &self,
        utterances: impl Iterator<Item = &'u Utterance>,
    ) -> Result<Vec<Split>, SplitError> {
        let mut splits = Vec::new();
        let mut unassigned = Vec::new();
        let mut known: HashSet<&str> = HashSet::new();
        for utterance in utterances {
            known.insert(&utterance.id);
            match self.rows.get(&utterance.id) {
                Some(split) => splits.push(*split),
                None => unassigned.push(utterance.id.clone()),
            }
        }
        if !unassigned.is_empty() {
            unassigned.sort_unstable();
            return Err(SplitError::Unassigned {
                speakers: unassigned,
            });
        }
        let unknown = self.rows.keys().filter(|id| !known.contains(id.as_str()));
        let unknown: Vec<String> = unknown.cloned().collect();
        match unknown.is_empty() {
            true => Ok(splits),
            false => Err(SplitError::UnknownUtterance {
                utterances: unknown,
            }),
        }
    }
}
