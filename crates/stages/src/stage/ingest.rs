//! `ingest`: lists the utterances of corpora, splits them by speaker, and reads their audio.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_engine::artifact::{BadItem, Item, ItemData};
use pipe_engine::stage::{FileInfos, ItemError, ItemSize, SourceListing, SourceStage};
use pipe_foundation::machine_fault::MachineFault;
use pipe_foundation::progress::Progress;
use pipe_foundation::{Digest, Limit, by_cause};
use pipe_report::CorpusFacts;
use pipe_speech::audio::AudioReader;
use pipe_speech::corpus::leaks;
use pipe_speech::corpus::{
    self, AudioSource, ClassSet, CorpusConfig, CorpusError, DropCause, Dropped, Entry, ListOptions,
    Listing, Split,
};
use rayon::prelude::*;
use serde_json::Value as Json;

use crate::items::{
    Audio, Composition, Heard, ListingDetails, LongAudio, Recording, UtteranceFacts, UtteranceItem,
    fault, size_of_values,
};

mod build;
mod class_checks;
mod column_checks;
mod dropped_table;
mod error;
mod folds;
mod leak_check;
mod length_limit;
mod listed;
mod parameters;
mod published_split;
mod remembered;
mod shared_listing;
mod source_facts;
mod split_column;
mod split_parameters;
mod split_warnings;
mod splitting;

pub use build::build;
use class_checks::{labels_of, unknown_labels};
use column_checks::{ListedCorpora, check_split_columns, unknown_columns};
use dropped_table::dropped_table;
pub use folds::folds;
use leak_check::{check_leaks, leak_items};
use listed::Listed;
use parameters::Options;
pub use parameters::{INGEST, KIND};
use shared_listing::Gathered;
pub use shared_listing::SharedListings;
pub use source_facts::{content, source_facts};
use source_facts::{look, waveform_bytes};
use split_warnings::{unused_classes, warnings_of_split};
use splitting::Splitting;

/// So many causes are named for which files or rows of a corpus are left out.
const CAUSES_TOLD: usize = 3;

struct Ingest {
    corpora: Vec<(String, CorpusConfig)>,
    folder: PathBuf,
    options: Options,
    list_options: ListOptions,
    splitting: Splitting,
    /// Columns that utterances lose once they are split: the manifest does not keep them.
    only_to_split: BTreeSet<String>,
    file_bytes: Limit,
    shared: SharedListings,
    /// What the listing depends on, but for the split.
    shared_key: String,
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
        labels: &mut BTreeSet<String>,
    ) -> miette::Result<Vec<Listed>> {
        let look_at = |path: &Path| look(path, files);
        let found = match corpus::list_with(
            name,
            config,
            &self.folder,
            &self.list_options,
            &look_at,
            self.file_bytes,
        ) {
            Err(CorpusError::Machine(fault)) => return Err(fault.into()),
            other => other?,
        };
        listing
            .warnings
            .extend(corpus::incomplete(name, config, &found));
        let bad: Vec<(&str, &str)> = found
            .bad()
            .map(|bad| (bad.what.as_str(), bad.reason.as_str()))
            .collect();
        match bad[..] {
            [] => {}
            [(what, reason)] => listing.warnings.push(format!(
                "{name}: {what} cannot be used and is left out: {reason}"
            )),
            _ => listing.warnings.push(format!(
                "{name}: {} files or rows cannot be used and are left out (see dropped.tsv): {}",
                bad.len(),
                by_cause(bad.iter().copied(), CAUSES_TOLD)
            )),
        }
        let Listing {
            entries,
            dropped,
            warnings,
            labels: found_labels,
            needed,
            ..
        } = found;
        listing.warnings.extend(warnings);
        labels.extend(labels_of(config, found_labels));
        details
            .needed
            .extend(needed.into_iter().map(|path| (name.into(), path)));
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
        let mut too_long = Vec::new();
        for (entry, known) in known {
            match known {
                Ok((_, duration_s)) if duration_s > self.options.max_duration_s => {
                    too_long.push(Dropped {
                        what: entry.utterance.id,
                        reason: self.too_long(duration_s),
                        cause: DropCause::Missing,
                    });
                }
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
        if let Some(first) = too_long.first() {
            listing.warnings.push(format!(
                "{name}: {} too long and left out (see dropped.tsv); the first is {}: {}",
                match too_long.len() {
                    1 => "1 recording is".into(),
                    count => format!("{count} recordings are"),
                },
                first.what,
                first.reason
            ));
        }
        details.dropped.append(&mut too_long);
        let copies: BTreeMap<String, String> = leaks::nested_copies(&leak_items(&usable))
            .into_iter()
            .map(|copy| (copy.dropped.clone(), copy.reason()))
            .collect();
        usable.retain(|(entry, _, _)| match copies.get(&entry.utterance.id) {
            Some(reason) => {
                details.dropped.push(Dropped {
                    what: entry.utterance.id.clone(),
                    reason: reason.clone(),
                    cause: DropCause::Repeated,
                });
                false
            }
            None => true,
        });
        Ok(usable)
    }

    fn listed_corpora(&self) -> ListedCorpora<'_> {
        ListedCorpora {
            corpora: &self.corpora,
            folder: &self.folder,
            options: &self.list_options,
            file_bytes: self.file_bytes,
        }
    }

    /// The utterances of all corpora, not split yet.
    fn gather(&self, files: &dyn FileInfos) -> miette::Result<Gathered> {
        let mut listing = SourceListing::default();
        let mut details = ListingDetails::default();
        let mut entries = Vec::new();
        let mut labels = BTreeSet::new();
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
            entries.extend(self.entries(
                name,
                config,
                files,
                &mut listing,
                &mut details,
                &mut labels,
            )?);
        }
        // What each corpus lists is sorted; so are several in the order of their names.
        if !entries.is_sorted_by(|(a, _, _), (b, _, _)| a.utterance.id <= b.utterance.id) {
            entries.sort_by(|(a, _, _), (b, _, _)| a.utterance.id.cmp(&b.utterance.id));
        }
        Ok(Gathered {
            lacking: self.listed_corpora().lacking(&entries, files),
            entries,
            labels,
            warnings: listing.warnings,
            details,
        })
    }
}

impl SourceStage for Ingest {
    fn list(&self, files: &dyn FileInfos) -> miette::Result<SourceListing> {
        let gathered = self.shared.get(&self.shared_key, || self.gather(files))?;
        let Gathered {
            mut entries,
            labels,
            lacking,
            warnings,
            mut details,
        } = gathered;
        let mut listing = SourceListing {
            warnings,
            ..SourceListing::default()
        };
        let warnings = &mut listing.warnings;
        warnings.extend(unknown_labels(&self.list_options.classes, &labels));
        warnings.extend(unknown_columns(self.options.columns.as_ref(), &lacking));
        let groups = self.options.split.groups();
        let splitting = &self.splitting;
        check_split_columns(&groups, splitting, &lacking)?;
        let table = splitting.split(&mut entries, self.file_bytes, warnings, &mut details)?;
        warnings.extend(warnings_of_split(&entries, &self.options.split, splitting));
        let policy = &self.options.leaks;
        details.allowed_leaks = policy.allowed();
        details.groups.clone_from(&groups);
        check_leaks(&entries, &groups, policy, &mut listing, &mut details)?;
        for (entry, ..) in &mut entries {
            let utterance = &mut entry.utterance;
            utterance.forget_columns(&self.only_to_split);
            let mut unlabelled = self.options.unlabelled.iter();
            let hidden = unlabelled.any(|corpus| **corpus == *utterance.corpus);
            if hidden && utterance.split != Split::Test {
                (utterance.class, utterance.votes) = (None, None);
            }
        }
        listing.tables.insert("split.tsv".into(), table);
        listing.tables.insert(
            SourceListing::DROPPED.into(),
            dropped_table(&details.dropped),
        );
        let found = entries
            .iter()
            .filter_map(|(entry, _, _)| entry.utterance.class.as_ref());
        let classes = ClassSet::of(
            &self.list_options.classes,
            &self.list_options.class_maps,
            found,
        )?;
        listing.warnings.extend(unused_classes(&classes, &entries));
        let classes = Arc::new(classes);
        let partition = details.partition.clone().map(Arc::new);
        listing.items = entries
            .into_iter()
            .map(|(entry, digest, duration_s)| Item {
                facts: Arc::new(UtteranceFacts {
                    utterance: entry.utterance,
                    classes: classes.clone(),
                    recording: Some(Recording {
                        source: entry.source,
                        duration_s,
                        place: entry.place,
                    }),
                    partition: partition.clone(),
                }),
                digest,
            })
            .collect();
        listing.left_out = details.dropped.len();
        for dropped in &details.dropped {
            *listing
                .causes
                .entry(dropped.cause.name().into())
                .or_default() += 1;
        }
        let dropped = details.dropped.iter();
        listing.missing = dropped
            .filter(|dropped| dropped.cause.is_loss())
            .map(|dropped| BadItem {
                id: dropped.what.clone(),
                reason: dropped.reason.clone(),
            })
            .collect();
        details.composition = Composition::of(&listing.items);
        details.heard = Heard::of(&listing.items);
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

    fn size(&self, item: &Item) -> ItemSize {
        size_of_values(waveform_bytes(item))
    }

    fn load(&self, item: &Item, progress: &dyn Progress) -> Result<Box<dyn ItemData>, ItemError> {
        let Some(recording) = &item.utterance_facts().recording else {
            return Err(ItemError::transient("no recording"));
        };
        match &recording.source {
            AudioSource::File {
                path,
                segment_s,
                channel,
            } => {
                let mut reader = AudioReader::open(path, *segment_s, *channel).map_err(fault)?;
                if let Some(reason) = self.too_many_samples(&reader) {
                    // Not remembered: under another limit, the item has the same key.
                    return Err(ItemError::transient(reason));
                }
                let place = (path.clone(), *segment_s, *channel);
                if let Some(long) = LongAudio::of(&mut reader, place, progress).map_err(fault)? {
                    return Ok(Box::new(long));
                }
                let read = reader.rest(progress).map_err(fault)?;
                Ok(Box::new(Audio::from(read)))
            }
            AudioSource::Synthetic(utterance) => Ok(Box::new(Audio::from(utterance.render()))),
        }
    }
}
