//! A split written down: a table of speakers that a person can read and a manifest can pin.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use pipe_foundation::length_text;
use pipe_foundation::spreadsheet::{guarded, unguarded};

use crate::corpus::{Gender, Split, Utterance};

use super::error::SplitError;
use super::gender_name::gender_name;

const COLUMNS: &str = "speaker\tsplit\tgender\tutterances\thours";

/// One speaker of a [`SplitTable`].
#[derive(Clone, Debug, PartialEq)]
pub struct SplitRow {
    /// The split that gets all utterances of the speaker.
    pub split: Split,
    /// Gender, where it is documented.
    pub gender: Option<Gender>,
    /// Number of utterances.
    pub utterances: usize,
    /// Hours of speech.
    pub hours: f64,
}

/// Which split each speaker belongs to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SplitTable {
    /// Speaker (`<corpus>/<speaker>`) to split.
    pub rows: BTreeMap<String, SplitRow>,
}

/// What one split has, in all or of one corpus.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SplitTotal {
    /// Number of speakers.
    pub speakers: usize,
    /// Number of utterances.
    pub utterances: usize,
    /// Hours of speech.
    pub hours: f64,
}

impl SplitTable {
    /// What `split` has of `corpus`, or of all corpora without one.
    pub fn total(&self, split: Split, corpus: Option<&str>) -> SplitTotal {
        let of_corpus = |speaker: &str| {
            corpus.is_none_or(|corpus| {
                speaker
                    .strip_prefix(corpus)
                    .is_some_and(|rest| rest.starts_with('/'))
            })
        };
        let mut total = SplitTotal::default();
        for (speaker, row) in &self.rows {
            if row.split == split && of_corpus(speaker) {
                total.speakers += 1;
                // A person may have written any number.
                total.utterances = total.utterances.saturating_add(row.utterances);
                total.hours += row.hours;
            }
        }
        total
    }

    /// The table of utterances that have their splits; none where one of their speakers is in several. The second of each
    /// pair is the duration in seconds.
    pub fn of<'u>(entries: impl Iterator<Item = (&'u Utterance, f64)>) -> Option<Self> {
        let mut rows: BTreeMap<String, SplitRow> = BTreeMap::new();
        for (utterance, duration_s) in entries {
            let row = rows
                .entry(utterance.speaker.to_string())
                .or_insert(SplitRow {
                    split: utterance.split,
                    gender: utterance.gender,
                    utterances: 0,
                    hours: 0.0,
                });
            if row.split != utterance.split {
                return None;
            }
            row.gender = row.gender.max(utterance.gender);
            row.utterances += 1;
            row.hours += duration_s / 3600.0;
        }
        Some(Self { rows })
    }

    /// Gives every utterance the split of its speaker.
    ///
    /// # Errors
    /// [`SplitError::Unassigned`] names speakers of the data without a line,
    /// [`SplitError::UnknownSpeaker`] lines without a speaker in the data. Nothing is changed then.
    pub fn apply<'u>(
        &self,
        utterances: impl IntoIterator<Item = &'u mut Utterance>,
    ) -> Result<(), SplitError> {
        let mut utterances: Vec<&mut Utterance> = utterances.into_iter().collect();
        self.covers(utterances.iter().map(|utterance| &*utterance.speaker))?;
        let rows = self.rows.iter();
        let splits: HashMap<&str, Split> = rows.map(|(name, row)| (&**name, row.split)).collect();
        for utterance in &mut utterances {
            if let Some(split) = splits.get(&*utterance.speaker) {
                utterance.split = *split;
            }
        }
        Ok(())
    }

    /// Checks that `speakers` and those of the table are the same.
    ///
    /// # Errors
    /// As [`SplitTable::apply`].
    pub fn covers<'s>(
        &self,
        speakers: impl IntoIterator<Item = &'s str>,
    ) -> Result<(), SplitError> {
        let speakers: HashSet<&str> = speakers.into_iter().collect();
        let mut unassigned: Vec<String> = speakers
            .iter()
            .filter(|speaker| !self.rows.contains_key(**speaker))
            .map(ToString::to_string)
            .collect();
        unassigned.sort_unstable();
        if !unassigned.is_empty() {
            return Err(SplitError::Unassigned {
                speakers: unassigned,
            });
        }
        let unknown: Vec<String> = self
            .rows
            .keys()
            .filter(|s| !speakers.contains(s.as_str()))
            .cloned()
            .collect();
        match unknown.is_empty() {
            true => Ok(()),
            false => Err(SplitError::UnknownSpeaker { speakers: unknown }),
        }
    }

    /// The table as tab-separated text, with the totals as comments on top.
    pub fn to_text(&self) -> String {
        let mut text = String::from("# Speakers and their splits; lines with # are comments.\n");
        for split in Split::ALL {
            let total = self.total(split, None);
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "# {}: {} speakers, {} utterances, {}",
                split.name(),
                total.speakers,
                total.utterances,
                length_text(total.hours * 3600.0)
            );
        }
        text.push_str(COLUMNS);
        text.push('\n');
        for (speaker, row) in &self.rows {
            let _ = writeln!(
                text,
                "{}\t{}\t{}\t{}\t{:.6}",
                guarded(speaker),
                row.split.name(),
                gender_name(row.gender),
                row.utterances,
                row.hours
            );
        }
        text
    }

    /// Reads what [`SplitTable::to_text`] writes. A person may leave out the columns after `split`.
    ///
    /// # Errors
    /// [`SplitError::Line`] for the first line that is not understood.
    pub fn parse(text: &str) -> Result<Self, SplitError> {
        let mut table = Self::default();
        for (index, line) in text.lines().enumerate() {
            let content = line.trim_end();
            if content.is_empty() || content.starts_with('#') || content == COLUMNS {
                continue;
            }
            let (speaker, row) = row(content).map_err(|reason| SplitError::Line {
                line: index + 1,
                reason,
            })?;
            if table.rows.insert(speaker.to_string(), row).is_some() {
                let reason = format!("speaker {speaker} is assigned twice");
                return Err(SplitError::Line {
                    line: index + 1,
                    reason,
                });
            }
        }
        Ok(table)
    }
}

fn row(line: &str) -> Result<(&str, SplitRow), String> {
    let mut fields = line.split('\t').map(str::trim);
    let speaker = unguarded(fields.next().unwrap_or_default());
    if speaker.is_empty() {
        return Err("no speaker".to_string());
    }
    let split = fields.next().ok_or("no tab and split after the speaker")?;
    let split = Split::parse(split)
        .ok_or_else(|| format!("`{split}` is not one of train, validation, test"))?;
    let gender = match fields.next() {
        None | Some("" | "-") => None,
        Some(text) => Some(
            Gender::parse(text).ok_or_else(|| format!("`{text}` is not one of female, male, -"))?,
        ),
    };
    let utterances = match fields.next() {
        None | Some("") => 0,
        Some(text) => text
            .parse()
            .map_err(|_| format!("`{text}` is not a number of utterances"))?,
    };
    let hours = match fields.next() {
        None | Some("") => 0.0,
        Some(text) => text
            .parse::<f64>()
            .ok()
            .filter(|hours| hours.is_finite() && *hours >= 0.0)
            .ok_or_else(|| format!("`{text}` is not a number of hours"))?,
    };
    match fields.next() {
        Some(_) => Err("more than five columns".to_string()),
        None => Ok((
            speaker,
            SplitRow {
                split,
                gender,
                utterances,
                hours,
            },
        )),
    }
}
