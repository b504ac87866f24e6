//! Gives every listed utterance its split, and leaves out those that a published partition or a column gives none.

use std::path::PathBuf;

use pipe_foundation::{Limit, regular_file};
use pipe_speech::corpus::protocol::{self, FileList, Partition};
use pipe_speech::corpus::split::{
    Dealing, FoldValidation, Groups, PinnedSplit, SPEAKER, SplitError, SplitOptions, SplitTable,
    UtteranceTable, assign, assign_groups, fold_splits, folds_of, left_out_values, stratified,
};
use pipe_speech::corpus::{Entry, Split};

use crate::items::ListingDetails;

use super::error::IngestError;
use super::listed::{Listed, lengths};
use super::published_split::published;
use super::split_column;
use super::split_parameters::{DrawnValidation, FoldOptions, Fractions, SplitColumn};

/// How an `ingest` splits, with its paths resolved.
pub enum Splitting {
    /// By a table of an earlier run.
    Pinned(PathBuf),
    /// All to one.
    One(Split),
    /// By fractions of the hours.
    Fractions(Fractions),
    /// One fold of a number of them.
    Folds { count: usize, options: FoldOptions },
    /// One value of an attribute is tested.
    LeaveOneOut {
        attribute: String,
        options: FoldOptions,
    },
    /// By a published partition.
    Published {
        source: PublishedSource,
        drawn: DrawnValidation,
    },
    /// By a column of the corpora.
    Column(SplitColumn),
}

/// Where a published partition is.
pub enum PublishedSource {
    /// A fold of EmoBox.
    EmoBox { folder: PathBuf, fold: String },
    /// Lists of files.
    Lists(Vec<FileList>),
    /// A table of files and splits, by the name that the manifest gives it.
    Table {
        path: PathBuf,
        name: String,
        column: String,
    },
}

impl Splitting {
    /// Splits `entries`; the text of the table that says how is returned.
    ///
    /// # Errors
    /// Where the data cannot be split so, or a file of the partition is not usable.
    pub fn split(
        &self,
        entries: &mut Vec<Listed>,
        file_bytes: Limit,
        warnings: &mut Vec<String>,
        details: &mut ListingDetails,
    ) -> miette::Result<String> {
        let splits = match self {
            Self::Pinned(path) => {
                let text = regular_file::read_text(path, file_bytes);
                let text = text.map_err(|reason| IngestError::SplitFile {
                    path: path.clone(),
                    reason,
                })?;
                let parsed = PinnedSplit::parse(&text);
                let parsed = parsed.map_err(|reason| IngestError::SplitTable {
                    path: path.clone(),
                    reason,
                })?;
                if parsed.is_empty() {
                    return Err(IngestError::EmptySplitTable { path: path.clone() }.into());
                }
                let differs = |reason: SplitError| IngestError::SplitTableDiffers {
                    path: path.clone(),
                    reason,
                };
                match parsed {
                    PinnedSplit::Speakers(table) => {
                        return by_speakers(&table, entries).map_err(|error| differs(error).into());
                    }
                    PinnedSplit::Utterances(table) => {
                        let utterances = entries.iter().map(|(entry, ..)| &entry.utterance);
                        table.splits(utterances).map_err(differs)?
                    }
                }
            }
            Self::One(split) => {
                let of = |wanted| f64::from(u8::from(*split == wanted));
                let options = SplitOptions {
                    train: of(Split::Train),
                    validation: of(Split::Validation),
                    test: of(Split::Test),
                    seed: 0,
                };
                return Ok(by_speakers(
                    &assign(&with_lengths(entries), &options)?,
                    entries,
                )?);
            }
            Self::Fractions(fractions) => match self.by_fractions(fractions, entries, warnings)? {
                Some(splits) => splits,
                None => {
                    let table = assign(&with_lengths(entries), &options_of(fractions))?;
                    return Ok(by_speakers(&table, entries)?);
                }
            },
            Self::Folds { count, options } => {
                let known: Vec<&Entry> = entries.iter().map(|(entry, ..)| entry).collect();
                let lengths = lengths(entries);
                let groups = groups(&known, &options.groups, warnings);
                let fold_of = folds_of(&known, &lengths, &groups, *count, options.dealing())?;
                let names: Vec<String> = (1..=*count).map(|fold| fold.to_string()).collect();
                self.one_fold(&known, &lengths, &groups, &fold_of, &names, options)?
            }
            Self::LeaveOneOut { attribute, options } => {
                let known: Vec<&Entry> = entries.iter().map(|(entry, ..)| entry).collect();
                let lengths = lengths(entries);
                let groups = groups(&known, &options.groups, warnings);
                let (names, fold_of) = left_out_values(&known, attribute)?;
                self.one_fold(&known, &lengths, &groups, &fold_of, &names, options)?
            }
            Self::Published { source, drawn } => {
                let partition = source.read(file_bytes)?;
                published(&partition, *drawn, entries, warnings, details)?
            }
            Self::Column(choice) => split_column::splits(choice, entries, warnings, details)?,
        };
        for ((entry, ..), split) in entries.iter_mut().zip(splits) {
            entry.utterance.split = split;
        }
        let utterances = entries.iter().map(|(entry, _, s)| (&entry.utterance, *s));
        Ok(match SplitTable::of(utterances) {
            Some(table) => table.to_text(),
            None => UtteranceTable::to_text(entries.iter().map(|(entry, ..)| &entry.utterance)),
        })
    }

    /// The splits by fractions where other groups or stratification are asked for.
    fn by_fractions(
        &self,
        fractions: &Fractions,
        entries: &[Listed],
        warnings: &mut Vec<String>,
    ) -> Result<Option<Vec<Split>>, SplitError> {
        let known: Vec<&Entry> = entries.iter().map(|(entry, ..)| entry).collect();
        let by_speaker = || vec![SPEAKER.to_owned()];
        let attributes = fractions.groups.clone().unwrap_or_else(by_speaker);
        if fractions.stratify == Some(true) {
            let groups = groups(&known, &attributes, warnings);
            let dealing = Dealing {
                stratify: true,
                seed: fractions.seed,
            };
            let parts = [fractions.train, fractions.validation, fractions.test];
            return Ok(Some(stratified(
                &known,
                &lengths(entries),
                &groups,
                parts,
                dealing,
            )));
        }
        if attributes == [SPEAKER] {
            return Ok(None);
        }
        let groups = groups(&known, &attributes, warnings);
        assign_groups(&with_lengths(entries), &groups, &options_of(fractions)).map(Some)
    }

    fn one_fold(
        &self,
        entries: &[&Entry],
        lengths: &[f64],
        groups: &Groups,
        fold_of: &[usize],
        names: &[String],
        options: &FoldOptions,
    ) -> Result<Vec<Split>, SplitError> {
        let fold = names.iter().position(|name| *name == options.fold);
        let fold = fold.ok_or_else(|| SplitError::NoSuchFold {
            fold: options.fold.clone(),
            folds: names.to_vec(),
        })?;
        Ok(fold_splits(
            entries,
            lengths,
            groups,
            fold_of,
            (fold, names.len()),
            options.validation,
            options.dealing(),
        ))
    }

    /// The splits that are to have utterances, with what each is asked for; none where that is not known beforehand.
    pub fn wanted(&self) -> Vec<Split> {
        let some = |fractions: [f64; 3]| -> Vec<Split> {
            let wanted = Split::ALL.into_iter().zip(fractions);
            let wanted = wanted.filter(|(_, fraction)| *fraction > 0.0);
            wanted.map(|(split, _)| split).collect()
        };
        match self {
            Self::Fractions(f) => some([f.train, f.validation, f.test]),
            Self::Folds { options, .. } | Self::LeaveOneOut { options, .. } => {
                let validation = match options.validation {
                    FoldValidation::Fraction(fraction) => fraction,
                    FoldValidation::NextFold => 1.0,
                };
                some([1.0, validation, 1.0])
            }
            Self::Pinned(_) | Self::One(_) | Self::Published { .. } | Self::Column(_) => Vec::new(),
        }
    }
}

impl Splitting {
    /// The splits in which a class that is missing is worth a warning.
    pub fn needs_every_class(&self) -> &'static [Split] {
        match self {
            Self::One(_) => &[],
            // What a fold tests may well lack a class; all folds together have it.
            Self::Folds { .. } | Self::LeaveOneOut { .. } => &[Split::Train, Split::Validation],
            Self::Fractions(_) | Self::Pinned(_) | Self::Published { .. } | Self::Column(_) => {
                &Split::ALL
            }
        }
    }
}

impl PublishedSource {
    /// Reads the partition.
    ///
    /// # Errors
    /// Where its files are missing or not understood.
    pub fn read(&self, file_bytes: Limit) -> Result<Partition, protocol::ProtocolError> {
        match self {
            Self::EmoBox { folder, fold } => protocol::emobox(folder, fold, file_bytes),
            Self::Lists(lists) => protocol::file_lists(lists, file_bytes),
            Self::Table { path, name, column } => {
                protocol::split_table(path, name, column, file_bytes)
            }
        }
    }
}

fn options_of(fractions: &Fractions) -> SplitOptions {
    SplitOptions {
        train: fractions.train,
        validation: fractions.validation,
        test: fractions.test,
        seed: fractions.seed,
    }
}

fn with_lengths(entries: &[Listed]) -> Vec<(&pipe_speech::corpus::Utterance, f64)> {
    let entries = entries.iter();
    entries
        .map(|(entry, _, s)| (&entry.utterance, *s))
        .collect()
}

/// Gives each utterance the split of its speaker; the table as text.
fn by_speakers(table: &SplitTable, entries: &mut [Listed]) -> Result<String, SplitError> {
    table.apply(entries.iter_mut().map(|(entry, ..)| &mut entry.utterance))?;
    Ok(table.to_text())
}

/// The groups of some entries, with a warning where utterances lack what they are to be grouped by.
fn groups(entries: &[&Entry], attributes: &[String], warnings: &mut Vec<String>) -> Groups {
    let groups = Groups::by(entries, attributes);
    for (attribute, count) in &groups.undocumented {
        warnings.push(format!(
            "{count} of {} utterances have no `{attribute}` and are kept together by speaker instead",
            entries.len()
        ));
    }
    groups
}
