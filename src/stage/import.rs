//! `import`: features that other programs have computed, joined to utterances by their names.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use pipe_engine::artifact::{ItemData, ItemFacts};
use pipe_engine::manifest::{
    Declaration, Diagnostic, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{DeclaredFile, ItemContext, ItemCopy, ItemError, ItemStage, Stage};
use pipe_foundation::regular_file;
use pipe_speech::corpus::AudioSource;
use pipe_speech::feature_files::{
    self, FeatureFile, FeatureFileError, FeatureFileOptions, Joined, NameIndex, Part,
};

use crate::items::{FEATURES, FeatureItem, UtteranceItem};

use super::missing_file::missing_file;
use super::parameters::{LICENCE, WAVEFORMS, without_licence};
use super::setting::Setting;

const FILES: &str = "files";
const NAMES: &str = "names";
/// Parts at the end of a recording's path that may decide which name is meant.
const PARTS: usize = 3;

pub static KIND: Kind = Kind {
    name: "import",
    version: 1,
    doc: "Features [frames, values] that another program has computed, joined to the utterances by id or by the end of their paths; see docs/importing.md.",
    parameters: &[
        WAVEFORMS,
        Parameter::required(
            FILES,
            Shape::Path,
            "A file .npy, .npz, .safetensors, .ark, .scp, .csv or .tsv, or a folder with a file for each recording. Its content is part of the key.",
        )
        .unkeyed(),
        Parameter::optional(
            NAMES,
            Shape::Path,
            "For .npy: a text file with the name of a recording on each line, in the order of the array.",
        )
        .unkeyed(),
        Parameter::optional(
            "name_column",
            Shape::Text,
            "For tables: the column that names recordings; `file`, `name`, `id` and others are found without it.",
        ),
        Parameter::optional(
            "columns",
            Shape::List(&Shape::Text),
            "For tables: the columns that are features; all that hold numbers without it, but for labels and times.",
        ),
        LICENCE,
        MAX_BAD,
        STORE,
    ],
    gathers: Gathers::Never,
    output: |_| FEATURES,
    validate: |_| Vec::new(),
};

struct Import {
    path: PathBuf,
    options: FeatureFileOptions,
    files: Vec<DeclaredFile>,
    opened: OnceLock<Result<Opened, FeatureFileError>>,
    noticed: AtomicBool,
}

struct Opened {
    file: Box<dyn FeatureFile>,
    index: NameIndex,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    let path = declaration.path(FILES);
    let place = declaration.place_of(FILES);
    let shown = path.display().to_string();
    if !path.is_dir()
        && let Err(error) = regular_file::check(&path)
    {
        let help = "the path is relative to the manifest it is written in";
        return Err(missing_file(&shown, &error, place).help(help).into());
    }
    let refused = |error: FeatureFileError| {
        Diagnostic::new("manifest::features", format!("cannot use {error}"))
            .at(place, "these features")
            .help_if(error.help)
    };
    let parts = feature_files::parts(&path).map_err(refused)?;
    let mut files: Vec<DeclaredFile> = parts
        .into_iter()
        .map(|part| declared(&path, part))
        .collect();
    let names = declaration
        .parameters
        .get(NAMES)
        .map(|_| declaration.path(NAMES));
    if let Some(names) = &names {
        if let Err(error) = regular_file::check(names) {
            let place = declaration.place_of(NAMES);
            return Err(missing_file(&names.display().to_string(), &error, place).into());
        }
        files.push(DeclaredFile {
            name: NAMES.into(),
            path: names.clone(),
        });
    }
    let text = |name: &str| {
        declaration
            .parameters
            .get(name)
            .and_then(|value| value.as_str())
    };
    let columns = declaration
        .parameters
        .get("columns")
        .and_then(|value| value.as_array());
    let columns = columns.map(|columns| {
        let names = columns.iter().filter_map(|name| name.as_str());
        names.map(str::to_owned).collect()
    });
    Ok(Stage::Items(Box::new(Import {
        path,
        options: FeatureFileOptions {
            names,
            name_column: text("name_column").map(str::to_owned),
            columns,
        },
        files,
        opened: OnceLock::new(),
        noticed: AtomicBool::new(false),
    })))
}

/// A file of features, under its place in the folder or beside the list that names it.
fn declared(path: &Path, part: PathBuf) -> DeclaredFile {
    let root = match path.is_dir() {
        true => path,
        false => path.parent().unwrap_or(path),
    };
    let below = part.strip_prefix(root).unwrap_or(&part);
    DeclaredFile {
        name: format!("{FILES}/{}", below.display()),
        path: part,
    }
}

impl Import {
    fn opened(&self) -> Result<&Opened, ItemError> {
        let opened = self.opened.get_or_init(|| {
            let file = feature_files::open(&self.path, &self.options)?;
            let index = NameIndex::new(file.names());
            Ok(Opened { file, index })
        });
        opened.as_ref().map_err(|error| match error.system_error {
            Some(_) => of_system(error),
            None => ItemError::of_stage(match &error.help {
                Some(help) => format!("{error}; {help}"),
                None => error.to_string(),
            }),
        })
    }
}

/// That the system could not read the file; `error` has its number.
fn of_system(error: &FeatureFileError) -> ItemError {
    let number = error.system_error.unwrap_or_default();
    ItemError::of_system(error, &std::io::Error::from_raw_os_error(number))
}

/// What an utterance is called: its id, and the end of its path; and which part of the recording it is.
fn names_and_part(facts: &dyn ItemFacts) -> (String, Option<String>, Part) {
    let known = facts.utterance_facts();
    let id = known.utterance.id.clone();
    match known.recording.as_ref().map(|recording| &recording.source) {
        Some(AudioSource::File {
            path, segment_s, ..
        }) => {
            let parts: Vec<_> = path.iter().collect();
            let end = &parts[parts.len().saturating_sub(PARTS)..];
            let end: PathBuf = end.iter().collect();
            (id, Some(end.to_string_lossy().into_owned()), *segment_s)
        }
        _ => (id, None, None),
    }
}

impl ItemStage for Import {
    fn item_parameters(&self, all: &serde_json::Value) -> serde_json::Value {
        without_licence(all)
    }

    /// By which column rows were found is no part of what their features are.
    fn effective_parameters(&self, all: &serde_json::Value) -> serde_json::Value {
        let mut own = all.clone();
        if let Some(fields) = own.as_object_mut() {
            fields.remove("name_column");
        }
        own
    }

    fn files(&self) -> &[DeclaredFile] {
        &self.files
    }

    fn files_are_in_lineage(&self) -> bool {
        false
    }

    /// What an utterance is called decides which features are its own.
    fn copies(&self, facts: &Arc<dyn ItemFacts>) -> Vec<ItemCopy> {
        let (id, end, part) = names_and_part(&**facts);
        vec![ItemCopy {
            facts: facts.clone(),
            fingerprint: format!("{id}\n{}\n{part:?}", end.unwrap_or_default()),
            index: 0,
        }]
    }

    fn reads_data(&self) -> bool {
        false
    }

    fn process(
        &self,
        copy: &ItemCopy,
        _input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        let Opened { file, index } = self.opened()?;
        if !file.notices().is_empty() && !self.noticed.swap(true, Ordering::Relaxed) {
            for notice in file.notices() {
                context.progress.warn(notice);
            }
        }
        let (id, end, part) = names_and_part(&*copy.facts);
        let names: Vec<&str> = [Some(id.as_str()), end.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        let shown = self.path.display();
        let at = match index.find(&names) {
            Joined::At(at) => at,
            Joined::Nowhere => {
                return Err(ItemError::permanent(format!(
                    "{shown} has no features of it"
                )));
            }
            Joined::Several(one, other) => {
                let (one, other) = (&file.names()[one], &file.names()[other]);
                return Err(ItemError::permanent(format!(
                    "{shown} has several that may be its own, such as {one} and {other}"
                )));
            }
        };
        let features = file
            .read(at, part)
            .map_err(|error| match error.system_error {
                Some(_) => of_system(&error),
                None => ItemError::permanent(error),
            })?;
        Ok(Box::new(FeatureItem(features)))
    }
}
