//! The readers: one a corpus layout, found by name.

use std::path::{Path, PathBuf};

use pipe_foundation::Limit;

use super::draft::Draft;
use super::error::nearest_first;
use super::{
    ClassChoice, CorpusConfig, CorpusError, ListOptions, Listing, Look, LookAt, is_there, synthetic,
};

mod audformat;
mod class_folders;
pub(super) mod crema_d;
mod emo_db;
mod emovo;
mod epst;
mod folder_names;
mod huggingface;
mod iemocap;
mod kaldi;
mod nkululeko;
mod options;
mod path_pattern;
mod ravdess;
mod savee;
mod segment;
mod table;
mod tess;

use options::Options;

pub(super) use table::{
    cells as table_cells, format_of_name as table_format, published_rows, published_text,
};

/// A reader of one corpus layout.
pub struct Reader {
    /// Its name, the `reader` of `corpora.toml`.
    pub name: &'static str,
    /// Names of the options it accepts.
    pub options: &'static [&'static str],
    list: fn(&mut Draft<'_>, &Options<'_>) -> Result<(), CorpusError>,
}

/// Every reader, sorted by name.
pub const READERS: &[Reader] = &[
    Reader {
        name: "audformat",
        options: audformat::OPTIONS,
        list: audformat::list,
    },
    Reader {
        name: "crema_d",
        options: &[],
        list: crema_d::list,
    },
    Reader {
        name: "emo_db",
        options: &[],
        list: emo_db::list,
    },
    Reader {
        name: "emovo",
        options: &[],
        list: emovo::list,
    },
    Reader {
        name: "epst",
        options: epst::OPTIONS,
        list: epst::list,
    },
    Reader {
        name: "folders",
        options: class_folders::OPTIONS,
        list: class_folders::list,
    },
    Reader {
        name: "huggingface",
        options: huggingface::OPTIONS,
        list: huggingface::list,
    },
    Reader {
        name: "iemocap",
        options: &[],
        list: iemocap::list,
    },
    Reader {
        name: "kaldi",
        options: kaldi::OPTIONS,
        list: kaldi::list,
    },
    Reader {
        name: "nkululeko",
        options: nkululeko::OPTIONS,
        list: nkululeko::list,
    },
    Reader {
        name: "ravdess",
        options: ravdess::OPTIONS,
        list: ravdess::list,
    },
    Reader {
        name: "savee",
        options: &[],
        list: savee::list,
    },
    Reader {
        name: "table",
        options: table::OPTIONS,
        list: table::list,
    },
    Reader {
        name: "tess",
        options: &[],
        list: tess::list,
    },
];

/// Lists the utterances of corpus `name`, whose root is below `corpora_root` unless it is absolute.
///
/// Opens no audio: only names, transcripts, label files and tables are read, of no more than `file_bytes` each. Bad files
/// and rows are set aside in the listing with their reason. Every utterance is given
/// [`super::Split::Train`]; the split is assigned later.
///
/// # Errors
/// [`CorpusError`] where the corpus cannot be listed at all: its folder is missing, its reader or
/// an option is unknown, or its table is unusable.
pub fn list(
    name: &str,
    config: &CorpusConfig,
    corpora_root: &Path,
    options: &ListOptions,
    file_bytes: Limit,
) -> Result<Listing, CorpusError> {
    list_with(name, config, corpora_root, options, &is_there, file_bytes)
}

/// As [`list`], by the labels that the corpus has, whatever `options` say of classes; without classes where it has none,
/// but only numbers. Returns how it was listed, too.
///
/// # Errors
/// As [`list`].
pub fn list_by_own_labels(
    name: &str,
    config: &CorpusConfig,
    corpora_root: &Path,
    options: &ListOptions,
    file_bytes: Limit,
) -> Result<(Listing, ListOptions), CorpusError> {
    let by = |classes: &str| ListOptions {
        classes: ClassChoice::Named(classes.into()),
        ..options.clone()
    };
    let native = by(ClassChoice::NATIVE);
    let error = match list(name, config, corpora_root, &native, file_bytes) {
        Ok(listing) => return Ok((listing, native)),
        Err(error) => error,
    };
    let says_labels =
        !config.labels.is_empty() || !config.names.is_empty() || !config.classes.is_empty();
    if !matches!(error, CorpusError::Table { .. }) || says_labels {
        return Err(error);
    }
    let none = by(ClassChoice::NONE);
    match list(name, config, corpora_root, &none, file_bytes) {
        Ok(listing) => Ok((listing, none)),
        Err(_) => Err(error),
    }
}

/// As [`list`], with a look of the caller's own at files that a reader finds named in a table.
///
/// `look_at` is called on many threads, and only for files of utterances that are not left out.
///
/// # Errors
/// As [`list`].
pub fn list_with(
    name: &str,
    config: &CorpusConfig,
    corpora_root: &Path,
    list_options: &ListOptions,
    look_at: LookAt<'_>,
    file_bytes: Limit,
) -> Result<Listing, CorpusError> {
    if config.reader == synthetic::READER {
        return synthetic::list(name, config, list_options);
    }
    let reader = reader_of(name, config)?;
    let options = Options::new(name, config, reader.options)?;
    let confinement = &list_options.confinement;
    confinement.check_entry(name, &corpora_root.join(&config.root), &config.options)?;
    let root = root_of(name, config, corpora_root)?;
    confinement.check(name, &root)?;
    let confined = confinement.of_files();
    let look_at = |path: &Path| match confined.allows(path) {
        true => look_at(path),
        false => Look::Nothing,
    };
    let mut draft = Draft::new(
        name,
        config,
        &root,
        list_options,
        &look_at,
        &confined,
        file_bytes,
    )?;
    let read = (reader.list)(&mut draft, &options);
    // Where a file was not to be opened, that explains whatever else is wrong.
    confined.check(name)?;
    read?;
    draft.finish()
}

/// Checks the reader and its options without looking at any file.
///
/// # Errors
/// [`CorpusError::UnknownReader`], [`CorpusError::UnknownOption`].
pub fn check_config(name: &str, config: &CorpusConfig) -> Result<(), CorpusError> {
    if config.reader == synthetic::READER {
        return Ok(());
    }
    Options::new(name, config, reader_of(name, config)?.options).map(|_| ())
}

fn reader_of(name: &str, config: &CorpusConfig) -> Result<&'static Reader, CorpusError> {
    READERS
        .iter()
        .find(|reader| reader.name == config.reader)
        .ok_or_else(|| {
            let known: Vec<&str> = READERS
                .iter()
                .map(|reader| reader.name)
                .chain([synthetic::READER])
                .collect();
            CorpusError::UnknownReader {
                corpus: name.to_string(),
                reader: config.reader.clone(),
                known: nearest_first(&config.reader, &known),
            }
        })
}

/// The folder of the corpus; a folder of the same name in other case will do.
///
/// # Errors
/// [`CorpusError::MissingRoot`] where there is none, or it cannot be read.
pub fn root_of(
    name: &str,
    config: &CorpusConfig,
    corpora_root: &Path,
) -> Result<PathBuf, CorpusError> {
    let path = corpora_root.join(&config.root);
    let path = if path.exists() {
        path
    } else {
        same_but_for_case(&path).unwrap_or(path)
    };
    match std::fs::read_dir(&path) {
        Ok(_) => Ok(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(CorpusError::MissingRoot {
                corpus: name.to_string(),
                path,
                origin: config.origin(),
            })
        }
        Err(error) => Err(CorpusError::UnreadableRoot {
            corpus: name.to_string(),
            path,
            reason: error.to_string(),
        }),
    }
}

fn same_but_for_case(path: &Path) -> Option<PathBuf> {
    let wanted = path.file_name()?;
    let mut alike: Vec<PathBuf> = std::fs::read_dir(path.parent()?)
        .ok()?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().eq_ignore_ascii_case(wanted))
        .map(|entry| entry.path())
        .collect();
    alike.sort();
    alike.into_iter().next()
}

#[cfg(test)]
mod tests;
