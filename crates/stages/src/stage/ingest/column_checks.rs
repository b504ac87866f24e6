//! Whether the columns that an `ingest` names are ones that its corpora have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pipe_engine::manifest::suggest;
use pipe_engine::stage::FileInfos;
use pipe_foundation::Limit;
use pipe_speech::corpus::split::{RECORDING, group_value};
use pipe_speech::corpus::{self, CorpusConfig, KeptColumns, ListOptions, Utterance};

use super::error::IngestError;
use super::listed::Listed;
use super::source_facts::look;
use super::splitting::Splitting;

/// Columns that corpora document by these names where they can; a corpus that does not is no slip.
const DOCUMENTED: [&str; 3] = ["session", "text", RECORDING];

/// Corpora, and how they are listed.
pub struct ListedCorpora<'a> {
    pub corpora: &'a [(String, CorpusConfig)],
    pub folder: &'a Path,
    pub options: &'a ListOptions,
    pub file_bytes: Limit,
}

impl ListedCorpora<'_> {
    /// The columns that are asked for and that no utterance of `entries` has, with what may be meant: the corpora are
    /// listed once more to know what columns they have.
    pub fn lacking(&self, entries: &[Listed], files: &dyn FileInfos) -> BTreeMap<String, String> {
        let KeptColumns::Named(names) = &self.options.columns else {
            return BTreeMap::new();
        };
        let lacking = without_utterances(entries, names);
        if lacking.is_empty() {
            return BTreeMap::new();
        }
        let options = ListOptions {
            columns: KeptColumns::All,
            ..self.options.clone()
        };
        let look_at = |path: &Path| look(path, files);
        let mut known = BTreeSet::new();
        for (name, config) in self.corpora {
            let (folder, bytes) = (self.folder, self.file_bytes);
            let found = corpus::list_with(name, config, folder, &options, &look_at, bytes);
            let found = found.into_iter().flat_map(|listing| listing.entries);
            let columns = found.filter_map(|entry| entry.utterance.columns);
            known.extend(columns.flat_map(|columns| columns.keys().cloned().collect::<Vec<_>>()));
        }
        let nearest = |name: &str| suggest(name, known.iter().map(String::as_str));
        let pairs = lacking.into_iter();
        pairs.map(|name| (name.to_owned(), nearest(name))).collect()
    }
}

/// Of `names`, the columns that no utterance has.
fn without_utterances<'n>(entries: &[Listed], names: &'n BTreeSet<String>) -> Vec<&'n str> {
    let has = |name: &str| {
        let mut own = entries.iter();
        own.any(|(entry, ..)| group_value(entry, name).is_some())
    };
    let names = names.iter().map(String::as_str);
    let columns = names.filter(|name| !Utterance::BUILT_IN.contains(name));
    columns
        .filter(|name| !entries.is_empty() && !has(name))
        .collect()
}

/// Of `columns` that are to be kept, those that no utterance has, as warnings.
pub fn unknown_columns(
    columns: Option<&BTreeSet<String>>,
    lacking: &BTreeMap<String, String>,
) -> Vec<String> {
    let columns = columns.into_iter().flatten();
    let unknown = columns.filter_map(|name| Some((name, lacking.get(name)?)));
    unknown
        .map(|(name, nearest)| {
            format!("no utterance has the column `{name}` that `columns` names: {nearest}")
        })
        .collect()
}

/// Checks that utterances have what they are to be split by: `groups`, and the column that says the splits.
///
/// # Errors
/// [`IngestError::GroupColumn`] and [`IngestError::SplitColumn`] where no utterance has it, as `lacking` says.
pub fn check_split_columns(
    groups: &[String],
    splitting: &Splitting,
    lacking: &BTreeMap<String, String>,
) -> Result<(), IngestError> {
    let groups = groups.iter();
    let mut groups = groups.filter(|name| !DOCUMENTED.contains(&name.as_str()));
    if let Some((column, nearest)) = groups.find_map(|name| lacking.get_key_value(name)) {
        return Err(IngestError::GroupColumn {
            column: column.clone(),
            nearest: nearest.clone(),
        });
    }
    let Splitting::Column(split) = splitting else {
        return Ok(());
    };
    match lacking.get_key_value(&split.column) {
        None => Ok(()),
        Some((column, nearest)) => Err(IngestError::SplitColumn {
            column: column.clone(),
            nearest: nearest.clone(),
        }),
    }
}
