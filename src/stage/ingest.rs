//! `ingest`: lists the utterances of corpora, splits them by speaker, and reads their audio.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_engine::artifact::{BadItem, Item, ItemData};
use pipe_engine::manifest::{Diagnostic, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape};
use pipe_engine::stage::{FileInfos, ItemError, SourceListing, SourceStage};
use pipe_foundation::Digest;
use pipe_foundation::machine_fault::MachineFault;
use pipe_report::CorpusFacts;
use pipe_speech::audio::AudioError;
use pipe_speech::corpus::leaks;
use pipe_speech::corpus::split::{SplitOptions, SplitTable, assign};
use pipe_speech::corpus::{
    self, AudioSource, CorpusConfig, CorpusError, DropCause, Dropped, Entry, Listing, Split,
};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::Value as Json;
use thiserror::Error;

use crate::items::{
    AUDIO, Audio, Composition, ListingDetails, Recording, UtteranceFacts, UtteranceItem,
};

use super::leakage::OnLeak;

mod build;
mod leak_check;
mod source_facts;

pub use build::build;
pub use source_facts::content;
use source_facts::{look, source_facts};

const FRACTION: Shape = Shape::Float { min: 0.0, max: 1.0 };

pub static KIND: Kind = Kind {
    name: "ingest",
    version: 1,
    doc: "Lists the utterances of corpora, assigns them to splits by speaker, and reads their audio as one channel.",
    parameters: &[
        Parameter::required(
            "corpora",
            Shape::OneOrMany(&Shape::Named("the name of a corpus")),
            "Names of corpora in corpora.toml.",
        ),
        Parameter::default(
            "split",
            Shape::Either(&[
                Shape::Choice(&["train", "validation", "test"]),
                Shape::Table(&[
                    Parameter::default(
                        "train",
                        FRACTION,
                        "0.8",
                        "Fraction of each corpus's hours.",
                    ),
                    Parameter::default(
                        "validation",
                        FRACTION,
                        "0.1",
                        "Fraction of each corpus's hours.",
                    ),
                    Parameter::default("test", FRACTION, "0.1", "Fraction of each corpus's hours."),
                    Parameter::default(
                        "seed",
                        Shape::NATURAL,
                        "0",
                        "Seed of the choice among equally good splits.",
                    ),
                ]),
            ]),
            "{\"train\": 0.8, \"validation\": 0.1, \"test\": 0.1, \"seed\": 0}",
            "Fractions per corpus, whole speakers at a time; or one split for all utterances.",
        ),
        Parameter::optional(
            "split_file",
            Shape::Path,
            "A split table to use as it is, such as the split.tsv of an earlier run.",
        ),
        Parameter::default(
            "leaks",
            Shape::Choice(&["error", "warn"]),
            "\"error\"",
            "What to do when a speaker or the same audio is both in train and in a held-out split.",
        ),
        MAX_BAD,
        STORE,
    ],
    gathers: Gathers::Never,
    output: |_| AUDIO,
    validate,
};

fn validate(parameters: &serde_json::Map<String, serde_json::Value>) -> Vec<Diagnostic> {
    let Some(table) = parameters.get("split").and_then(|split| split.as_object()) else {
        return Vec::new();
    };
    let fractions: Vec<f64> = ["train", "validation", "test"]
        .iter()
        .filter_map(|name| table.get(*name)?.as_f64())
        .collect();
    let sum: f64 = fractions.iter().sum();
    if (sum - 1.0).abs() < 1e-6 {
        return Vec::new();
    }
    let terms: Vec<String> = fractions.iter().map(f64::to_string).collect();
    let label = format!("{} is {}", terms.join(" + "), (sum * 1e6).round() / 1e6);
    vec![
        Diagnostic::of_value(
            "split",
            "the fractions of `split` do not add up to 1",
            label,
        )
        .help("train, validation and test must add up to 1; those omitted are 0.8, 0.1 and 0.1"),
    ]
}

#[derive(Deserialize)]
struct Options {
    split: SplitChoice,
    split_file: Option<String>,
    leaks: OnLeak,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SplitChoice {
    One(Split),
    Fractions {
        train: f64,
        validation: f64,
        test: f64,
        seed: u64,
    },
}

/// Why the data cannot be used as listed.
#[derive(Debug, Error, miette::Diagnostic)]
enum IngestError {
    #[error("the splits share speakers or audio: {findings}")]
    #[diagnostic(
        code(ingest::leak),
        help(
            "results on held-out data would be worthless. Fix the split or the corpus; `leaks = \"warn\"` continues anyway"
        )
    )]
    Leak { findings: String },
    #[error("cannot read the split table {}: {reason}", path.display())]
    #[diagnostic(code(ingest::split_file), help("the path is relative to the manifest"))]
    SplitFile {
        path: PathBuf,
        reason: std::io::Error,
    },
}

struct Ingest {
    corpora: Vec<(String, CorpusConfig)>,
    folder: PathBuf,
    options: Options,
    split_file: Option<PathBuf>,
}

impl Ingest {
    /// The entries of one corpus with digests and lengths in seconds; unreadable files are left out.
    fn entries(
        &self,
        name: &str,
        config: &CorpusConfig,
        files: &dyn FileInfos,
        listing: &mut SourceListing,
        details: &mut ListingDetails,
    ) -> miette::Result<Vec<(Entry, Digest, f64)>> {
        let look_at = |path: &Path| look(path, files);
        let found = match corpus::list_with(name, config, &self.folder, &look_at) {
            Err(CorpusError::Machine(fault)) => return Err(fault.into()),
            other => other?,
        };
        let bad = found.bad().count();
        if let Some(first) = found.bad().next() {
            let (what, reason) = (&first.what, &first.reason);
            listing.warnings.push(match bad {
                1 => format!("{name}: {what} cannot be used and is left out: {reason}"),
                _ => format!(
                    "{name}: {bad} files or rows cannot be used and are left out (see dropped.tsv); the first is {what}: {reason}"
                ),
            });
        }
        let Listing {
            entries,
            dropped,
            warnings,
            ..
        } = found;
        listing.warnings.extend(warnings);
        details
            .dropped
            .extend(dropped.into_iter().map(|dropped| Dropped {
                what: format!("{name}/{}", dropped.what),
                ..dropped
            }));
        let known: Vec<(Entry, std::io::Result<(Digest, f64)>)> = entries
            .into_par_iter()
            .map(|entry| {
                let known = source_facts(&entry, files);
                (entry, known)
            })
            .collect();
        let mut usable = Vec::new();
        for (entry, known) in known {
            match known {
                Ok((digest, duration_s)) => usable.push((entry, digest, duration_s)),
                Err(error) => {
                    let id = entry.utterance.id;
                    if let Some(fault) = MachineFault::of(&id, &error) {
                        return Err(fault.into());
                    }
                    listing
                        .warnings
                        .push(format!("{id} cannot be read and is left out: {error}"));
                    details.dropped.push(Dropped {
                        what: id,
                        reason: format!("the file cannot be read: {error}"),
                        cause: DropCause::Missing,
                    });
                }
            }
        }
        let items: Vec<leaks::Item<'_>> = usable
            .iter()
            .map(|(entry, audio, _)| leaks::Item {
                utterance: &entry.utterance,
                audio: *audio,
            })
            .collect();
        let copies: BTreeMap<String, String> = leaks::nested_copies(&items)
            .into_iter()
            .map(|copy| (copy.dropped.clone(), copy.reason()))
            .collect();
        usable.retain(|(entry, _, _)| match copies.get(&entry.utterance.id) {
            Some(reason) => {
                details.dropped.push(Dropped {
                    what: entry.utterance.id.clone(),
                    reason: reason.clone(),
                    cause: DropCause::Bad,
                });
                false
            }
            None => true,
        });
        Ok(usable)
    }

    fn split(&self, entries: &mut [(Entry, Digest, f64)]) -> miette::Result<SplitTable> {
        let known: Vec<(&corpus::Utterance, f64)> = entries
            .iter()
            .map(|(entry, _, duration_s)| (&entry.utterance, *duration_s))
            .collect();
        let table = match (&self.split_file, &self.options.split) {
            (Some(path), _) => {
                let text =
                    std::fs::read_to_string(path).map_err(|reason| IngestError::SplitFile {
                        path: path.clone(),
                        reason,
                    })?;
                SplitTable::parse(&text)?
            }
            (None, SplitChoice::One(split)) => {
                let (train, validation, test) = match split {
                    Split::Train => (1.0, 0.0, 0.0),
                    Split::Validation => (0.0, 1.0, 0.0),
                    Split::Test => (0.0, 0.0, 1.0),
                };
                assign(
                    &known,
                    &SplitOptions {
                        train,
                        validation,
                        test,
                        seed: 0,
                    },
                )?
            }
            (
                None,
                &SplitChoice::Fractions {
                    train,
                    validation,
                    test,
                    seed,
                },
            ) => assign(
                &known,
                &SplitOptions {
                    train,
                    validation,
                    test,
                    seed,
                },
            )?,
        };
        table.apply(entries.iter_mut().map(|(entry, _, _)| &mut entry.utterance))?;
        Ok(table)
    }
}

impl SourceStage for Ingest {
    fn list(&self, files: &dyn FileInfos) -> miette::Result<SourceListing> {
        let mut listing = SourceListing::default();
        let mut details = ListingDetails::default();
        let mut entries = Vec::new();
        for (name, config) in &self.corpora {
            details.corpora.push(CorpusFacts {
                name: name.clone(),
                title: config.title.clone(),
                language: config.language.clone(),
                licence: config.licence.clone(),
                source: config.source.clone(),
                official_utterances: config
                    .official
                    .as_ref()
                    .map(|official| official.utterances as u64),
                ..CorpusFacts::default()
            });
            entries.extend(self.entries(name, config, files, &mut listing, &mut details)?);
        }
        // What each corpus lists is sorted; so are several in the order of their names.
        if !entries.is_sorted_by(|(a, _, _), (b, _, _)| a.utterance.id <= b.utterance.id) {
            entries.sort_by(|(a, _, _), (b, _, _)| a.utterance.id.cmp(&b.utterance.id));
        }
        let table = self.split(&mut entries)?;
        self.check_leaks(&entries, &mut listing, &mut details)?;
        listing.tables.insert("split.tsv".into(), table.to_text());
        listing.tables.insert(
            SourceListing::DROPPED.into(),
            dropped_table(&details.dropped),
        );
        listing.items = entries
            .into_iter()
            .map(|(entry, digest, duration_s)| Item {
                facts: Arc::new(UtteranceFacts {
                    utterance: entry.utterance,
                    recording: Some(Recording {
                        source: entry.source,
                        duration_s,
                    }),
                }),
                digest,
            })
            .collect();
        listing.left_out = details.dropped.len();
        let dropped = details.dropped.iter();
        listing.missing = dropped
            .filter(|dropped| dropped.cause == DropCause::Missing)
            .map(|dropped| BadItem {
                id: dropped.what.clone(),
                reason: dropped.reason.clone(),
            })
            .collect();
        listing.details = Some(Arc::new(details));
        Ok(listing)
    }

    fn file_of<'a>(&self, item: &'a Item) -> Option<&'a Path> {
        match &item.utterance_facts().recording.as_ref()?.source {
            AudioSource::File { path, .. } => Some(path),
            AudioSource::Synthetic(_) => None,
        }
    }

    fn composition(&self, items: &[Item]) -> Option<Json> {
        serde_json::to_value(Composition::of(items)).ok()
    }

    fn load(&self, item: &Item) -> Result<Box<dyn ItemData>, ItemError> {
        let Some(recording) = &item.utterance_facts().recording else {
            return Err(ItemError::permanent("no recording"));
        };
        match &recording.source {
            AudioSource::File {
                path,
                segment_s,
                channel,
            } => {
                let read = pipe_speech::audio::read(path, *segment_s, *channel);
                // Permanent reasons are remembered by content, which other files may share.
                let read = read.map_err(|error| match &error {
                    AudioError::Io { source, .. } => ItemError::of_system(&error, source),
                    other => ItemError::permanent(other.without_path()),
                })?;
                Ok(Box::new(Audio(read)))
            }
            AudioSource::Synthetic(utterance) => Ok(Box::new(Audio(utterance.render()))),
        }
    }
}

fn dropped_table(dropped: &[Dropped]) -> String {
    let mut text = String::from("what\treason\n");
    for Dropped { what, reason, .. } in dropped {
        text.push_str(&format!(
            "{}\t{}\n",
            what.replace(['\t', '\n'], " "),
            reason.replace(['\t', '\n'], " ")
        ));
    }
    text
}
