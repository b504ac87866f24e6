//! `import`: features that other programs have computed, joined to utterances by their names.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use pipe_engine::artifact::{Item, ItemData, ItemFacts};
use pipe_engine::manifest::{
    Declaration, Diagnostic, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{
    DeclaredFile, DeclaredFolder, ItemContext, ItemCopy, ItemError, ItemSize, ItemStage, Stage,
};
use pipe_foundation::regular_file;
use pipe_speech::feature_files::{
    self, FeatureFile, FeatureFileError, FeatureFileOptions, Joined, NameIndex,
};

use crate::items::{FEATURES, FeatureItem};

use super::missing_file::missing_file;
use super::parameters::{LICENCE, WAVEFORMS, without_licence};
use super::setting::Setting;

mod known;

use known::{Known, Listed};

const FILES: &str = "files";
const NAMES: &str = "names";

pub static KIND: Kind = Kind {
    name: "import",
    // 2: a corpus that is not listed does not serve one that is
    version: 2,
    doc: "Features [frames, values] that another program has computed, joined to the utterances by id or by the end of their paths; see docs/importing.md.",
    parameters: &[
        WAVEFORMS,
        Parameter::required(
            FILES,
            Shape::Path,
            "A file .npy, .npz, .safetensors, .ark, .scp, .csv, .tsv or .parquet, or a folder with a file for each recording. Its content is part of the key.",
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
    /// The folder that some of `files` are in.
    folder: Option<DeclaredFolder>,
    /// The columns of a table that are features; none for other formats.
    columns: Option<Vec<String>>,
    listed: Listed,
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
    let listed = path.clone();
    let folder = path
        .is_dir()
        .then(|| DeclaredFolder::new(parts.clone(), move || feature_files::parts(&listed).ok()));
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
    let given = |name: &str| declaration.parameters.get(name);
    let columns = given("columns").and_then(|value| value.as_array());
    let columns = columns.map(|columns| {
        let names = columns.iter().filter_map(|name| name.as_str());
        names.map(str::to_owned).collect()
    });
    let name_column = given("name_column").and_then(|value| value.as_str());
    let options = FeatureFileOptions {
        names,
        name_column: name_column.map(str::to_owned),
        columns,
    };
    let columns = feature_files::columns(&path, &options).map_err(refused)?;
    Ok(Stage::Items(Box::new(Import {
        path,
        options,
        files,
        folder,
        columns,
        listed: Listed::default(),
        opened: OnceLock::new(),
        noticed: AtomicBool::new(false),
    })))
}

/// A file of features, under its place in the folder or beside the list that names it. What the file itself is called
/// does not count.
fn declared(path: &Path, part: PathBuf) -> DeclaredFile {
    if part == path {
        return DeclaredFile {
            name: FILES.into(),
            path: part,
        };
    }
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
    /// Advice for archives of Kaldi, whose names are seldom paths.
    fn of_kaldi(&self) -> &'static str {
        let extension = self
            .path
            .extension()
            .and_then(|extension| extension.to_str());
        match extension.is_some_and(|extension| matches!(extension, "ark" | "scp")) {
            true => OF_KALDI,
            false => "",
        }
    }

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

/// What a file has instead of the features of a recording.
fn of_others(names: &[String]) -> String {
    match names {
        [] => ", nor of anything else".to_owned(),
        [one] => {
            format!("; the only name in it is {one}, and names are paths or ids of recordings")
        }
        [first, ..] => format!(
            "; its {} names, such as {first}, are paths or ids of other recordings",
            names.len()
        ),
    }
}

/// What to do where names may be those of a data folder of Kaldi.
const OF_KALDI: &str = "; what a data folder of Kaldi calls utterances is found with columns = [\"utterance_id\"] in the `ingest`";

/// Why the features of an utterance are not among those of its recording; none where they are.
fn unknown_part(known: &Known, has_times: bool) -> Option<String> {
    match (known.channel, known.part_s) {
        (Some(channel), _) => Some(format!(
            "does not tell channels apart, so the features of channel {channel}"
        )),
        (None, Some((start_s, end_s))) if !has_times => {
            let part = match end_s.is_finite() {
                true => format!("{start_s}–{end_s} s"),
                false => format!("what follows {start_s} s"),
            };
            Some(format!("has no times, so the features of {part}"))
        }
        _ => None,
    }
}

/// That the system could not read the file; `error` has its number.
fn of_system(error: &FeatureFileError) -> ItemError {
    let number = error.system_error.unwrap_or_default();
    ItemError::of_system(error, &std::io::Error::from_raw_os_error(number))
}

impl ItemStage for Import {
    fn item_parameters(&self, all: &serde_json::Value) -> serde_json::Value {
        without_licence(all)
    }

    /// By which column rows were found is no part of what their features are; which columns are features is, also where
    /// the table alone says so.
    fn effective_parameters(&self, all: &serde_json::Value) -> serde_json::Value {
        let mut own = all.clone();
        if let Some(fields) = own.as_object_mut() {
            fields.remove("name_column");
            if let Some(columns) = &self.columns {
                fields.insert("columns".into(), columns.clone().into());
            }
        }
        own
    }

    /// As long as the data of the recording, which are not read for it.
    fn size(&self, _source: &dyn ItemFacts, input: ItemSize) -> ItemSize {
        ItemSize::held(input.bytes)
    }

    fn listed(&self, items: &[Item]) {
        self.listed.set(items);
    }

    fn files(&self) -> &[DeclaredFile] {
        &self.files
    }

    fn folders(&self) -> &[DeclaredFolder] {
        self.folder.as_slice()
    }

    fn files_are_in_lineage(&self) -> bool {
        false
    }

    /// What an utterance is called, and what others are, decides which features are its own.
    fn copies(&self, facts: &Arc<dyn ItemFacts>) -> Vec<ItemCopy> {
        vec![ItemCopy {
            facts: facts.clone(),
            fingerprint: format!("{:?}", self.listed.known(&**facts)),
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
        let known = self.listed.known(&*copy.facts);
        let shown = self.path.display();
        let bad = |reason: String| Err(ItemError::permanent(format!("{shown} {reason}")));
        let name = |at: usize| &file.names()[at];
        let (index, of_part) = match index.find(&known.names) {
            Joined::At { index, of_part } => (index, of_part),
            Joined::Nowhere => {
                return bad(format!(
                    "has no features of it{}{}",
                    of_others(file.names()),
                    self.of_kaldi()
                ));
            }
            Joined::Elsewhere(at) => {
                let other = name(at);
                return bad(format!(
                    "has no features of it; {other} is in other folders, and so another recording"
                ));
            }
            Joined::Shared(at) => {
                let name = name(at);
                return bad(format!(
                    "has no features that are certainly its own: {name} fits several recordings; names need their folders"
                ));
            }
            Joined::Several(one, other) => {
                let (one, other) = (name(one), name(other));
                return bad(format!(
                    "has several that may be its own, such as {one} and {other}"
                ));
            }
        };
        let part = match of_part {
            true => None,
            false => known.part_s,
        };
        if !of_part && let Some(unknown) = unknown_part(&known, file.has_times(index)) {
            return bad(format!("{unknown} of {} are not known", name(index)));
        }
        let features = file
            .read(index, part)
            .map_err(|error| match error.system_error {
                Some(_) => of_system(&error),
                None => ItemError::permanent(error),
            })?;
        Ok(Box::new(FeatureItem(features)))
    }
}
