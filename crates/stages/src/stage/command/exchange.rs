//! The files through which data come to a program and back.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use pipe_engine::artifact::{ArtifactKind, BLOCK_BYTES, Bytes, ItemData, TransferError};
use pipe_engine::manifest::variant_folder;
use pipe_engine::stage::{InputContent, LoadedItem, StepInput};
use pipe_foundation::progress::Progress;
use pipe_foundation::regular_file;
use pipe_speech::audio::{self, AudioReader};

use crate::items::{AUDIO, FEATURES, FeatureItem};
use crate::items::{Audio, Samples, UtteranceItem};

use super::error::CommandError;

/// How inputs of items are passed to a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ItemsAs {
    /// Each in a file of its own.
    #[default]
    Files,
    /// In the packs that they are stored in.
    Packs,
}

/// Lays an input out as a folder: its files, or its items with a table `items.tsv` that says where each is.
pub fn materialise(
    input: &StepInput,
    folder: &Path,
    items_as: ItemsAs,
) -> Result<(), CommandError> {
    // Variants of one stage are in folders of their own.
    let folder = match variant_folder(&input.label.variant) {
        None => folder.to_path_buf(),
        Some(variant) => folder.join(variant),
    };
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |reason: std::io::Error| CommandError::Prepare { path, reason }
    };
    std::fs::create_dir_all(&folder).map_err(failed(&folder))?;
    match &input.content {
        InputContent::Files(files) => {
            for (name, path) in files {
                let target = folder.join(name);
                let parent = target.parent().unwrap_or(&folder);
                std::fs::create_dir_all(parent).map_err(failed(parent))?;
                let object = std::path::absolute(path).map_err(failed(path))?;
                std::os::unix::fs::symlink(&object, &target).map_err(failed(&target))?;
            }
        }
        // This stage takes the data.
        InputContent::Listing(_) => {}
        InputContent::Items(items) => {
            let table = folder.join("items.tsv");
            let file = std::fs::File::create(&table).map_err(failed(&table))?;
            let mut rows = csv::WriterBuilder::new().delimiter(b'\t').from_writer(file);
            let row_failed =
                |error: csv::Error| CommandError::Item(format!("cannot write items.tsv: {error}"));
            let place: &[&str] = match items_as {
                ItemsAs::Files => &[],
                ItemsAs::Packs => &IN_PACKS,
            };
            let columns = kept_columns(items);
            let names = columns.iter().map(|column| named(column));
            let head = HEAD.iter().chain(place).map(|name| (*name).to_owned());
            rows.write_record(head.chain(names)).map_err(row_failed)?;
            let mut linked = BTreeSet::new();
            for (index, item) in items.iter().enumerate() {
                let blob = &item.blob;
                let (name, place) = match items_as {
                    ItemsAs::Files => {
                        let name = format!("{index:06}.safetensors");
                        let path = folder.join(&name);
                        std::fs::write(&path, &**blob).map_err(failed(&path))?;
                        (name, Vec::new())
                    }
                    ItemsAs::Packs => {
                        let name = blob.pack().file_name().unwrap_or_default();
                        if linked.insert(name) {
                            let target = folder.join(name);
                            let pack = std::path::absolute(blob.pack());
                            let pack = pack.map_err(failed(blob.pack()))?;
                            std::os::unix::fs::symlink(&pack, &target).map_err(failed(&target))?;
                        }
                        let place = vec![blob.offset().to_string(), blob.len().to_string()];
                        (name.to_string_lossy().into_owned(), place)
                    }
                };
                let utterance = item.utterance();
                let gender = utterance.gender.map_or("", |gender| gender.name());
                let row = [
                    name.as_str(),
                    &utterance.id,
                    &utterance.corpus,
                    &utterance.speaker,
                    gender,
                    &utterance.language,
                    &utterance.label,
                    utterance.class.as_deref().unwrap_or_default(),
                    utterance.split.name(),
                ];
                let kept = columns.iter().map(|column| {
                    let kept = utterance.columns.as_ref();
                    let value = kept.and_then(|kept| kept.get(*column));
                    value.map_or("", String::as_str)
                });
                let row = row.into_iter().chain(place.iter().map(String::as_str));
                let row = row.chain(kept);
                rows.write_record(row).map_err(row_failed)?;
            }
            rows.flush().map_err(failed(&table))?;
        }
    }
    Ok(())
}

/// The columns that every `items.tsv` has.
const HEAD: [&str; 9] = [
    "file", "id", "corpus", "speaker", "gender", "language", "label", "emotion", "split",
];
/// Those that say where an item is in its pack.
const IN_PACKS: [&str; 2] = ["offset", "bytes"];

/// The columns of the data that any of the items keeps, by name.
fn kept_columns(items: &[LoadedItem]) -> BTreeSet<&str> {
    let kept = items
        .iter()
        .filter_map(|item| item.utterance().columns.as_ref());
    kept.flat_map(|kept| kept.keys().map(String::as_str))
        .collect()
}

/// What a column of the data is called in the table, where no other column is called so.
fn named(column: &str) -> String {
    match HEAD.contains(&column) || IN_PACKS.contains(&column) {
        true => format!("column_{column}"),
        false => column.to_owned(),
    }
}

/// The name of the file in which a program finds an item.
pub fn input_name(data: &dyn ItemData) -> &'static str {
    match data.kind() {
        kind if kind == AUDIO => "input.wav",
        kind if kind == FEATURES => "input.safetensors",
        _ => "input",
    }
}

/// Writes an item for a program to read.
pub fn write_item(path: &Path, data: &dyn ItemData, progress: &dyn Progress) -> Result<(), String> {
    if let Ok(samples) = Samples::of(data) {
        let wave = samples.together(progress).map_err(|error| error.reason)?;
        let written = audio::write_wav_interruptible(path, &wave, progress);
        return written.map_err(|error| error.to_string());
    }
    let written = match data.downcast_ref() {
        Some(Bytes(bytes)) => std::fs::write(path, bytes),
        None => return write_stored(path, data, progress).map_err(|error| error.to_string()),
    };
    written.map_err(|error| error.to_string())
}

/// Writes the stored form of data, block by block.
fn write_stored(
    path: &Path,
    data: &dyn ItemData,
    progress: &dyn Progress,
) -> Result<(), TransferError> {
    let mut file = std::fs::File::create(path)?;
    data.write(&mut |block| {
        for part in block.chunks(BLOCK_BYTES) {
            progress.check()?;
            file.write_all(part)?;
        }
        Ok(())
    })
}

/// Reads what a program made of an item.
pub fn read_item(
    path: &Path,
    kind: ArtifactKind,
    progress: &dyn Progress,
) -> Result<Box<dyn ItemData>, String> {
    if !path.is_file() {
        return Err("the command did not write {output}".into());
    }
    match kind {
        kind if kind == AUDIO => AudioReader::open(path, None, None)
            .and_then(|mut reader| reader.rest(progress))
            .map(|wave| -> Box<dyn ItemData> { Box::new(Audio::from(wave)) })
            .map_err(|error| error.to_string()),
        kind if kind == FEATURES => {
            let bytes = regular_file::read_whole(path).map_err(|error| error.to_string())?;
            let made = kind
                .decode(&bytes)
                .map_err(|error| format!("{error}; expected a tensor `features` [frames, bins]"))?;
            let features: Option<&FeatureItem> = made.downcast_ref();
            match features.and_then(|FeatureItem(features)| features.fault()) {
                Some(fault) => Err(format!("the command made no usable features: {fault}")),
                None => Ok(made),
            }
        }
        _ => regular_file::read_whole(path)
            .map(|bytes| -> Box<dyn ItemData> { Box::new(Bytes(bytes)) })
            .map_err(|error| error.to_string()),
    }
}
