//! The folds of EmoBox: `fold_<n>/<dataset>_{train,valid,test}_fold_<n>.jsonl`, one JSON object an utterance.

use std::path::{Path, PathBuf};

use pipe_foundation::regular_file::{self, FileError};
use pipe_foundation::{Digest, Limit};
use serde::Deserialize;

use crate::corpus::Split;

use super::{Partition, ProtocolError, PublishedFile};

const EXPECTED: &str = "expected JSON lines such as {\"key\": \"emodb-03a01Wa\", \"wav\": \"wav/03a01Wa.wav\", \"emo\": \"anger\"}";

/// One utterance as EmoBox has it; more is there.
#[derive(Deserialize)]
struct Line {
    key: String,
    wav: String,
    emo: Option<String>,
}

/// The names of the folds in `folder`, the folder of one dataset, in the order of their numbers.
///
/// # Errors
/// [`ProtocolError::Unreadable`], [`ProtocolError::NoFolds`].
pub fn emobox_folds(folder: &Path) -> Result<Vec<String>, ProtocolError> {
    let mut folds: Vec<String> = names_in(folder)?
        .into_iter()
        .filter_map(|name| Some(name.strip_prefix("fold_")?.to_owned()))
        .filter(|fold| !fold.is_empty())
        .collect();
    folds.sort_by_key(|fold| (fold.parse::<u64>().unwrap_or(u64::MAX), fold.clone()));
    match folds.is_empty() {
        true => Err(ProtocolError::NoFolds {
            folder: folder.to_path_buf(),
        }),
        false => Ok(folds),
    }
}

/// One fold of the dataset in `folder`; the emotions are those of `label_map.json` where there is one. Files are read up
/// to `file_bytes`.
///
/// # Errors
/// [`ProtocolError`] where files are missing or not understood.
pub fn emobox(folder: &Path, fold: &str, file_bytes: Limit) -> Result<Partition, ProtocolError> {
    let folds = emobox_folds(folder)?;
    if !folds.iter().any(|known| known == fold) {
        return Err(ProtocolError::NoSuchFold {
            folder: folder.to_path_buf(),
            fold: fold.to_owned(),
            folds,
        });
    }
    let own = folder.join(format!("fold_{fold}"));
    let names = names_in(&own)?;
    let mut hasher = blake3::Hasher::new();
    let mut files: Vec<PublishedFile> = Vec::new();
    let mut dataset = String::new();
    let mut has_validation = false;
    let label_map = label_map(&folder.join("label_map.json"), file_bytes, &mut hasher)?;
    for (split, word) in [
        (Split::Train, "train"),
        (Split::Validation, "valid"),
        (Split::Test, "test"),
    ] {
        let end = format!("_{word}_fold_{fold}.jsonl");
        let found: Vec<&String> = names.iter().filter(|name| name.ends_with(&end)).collect();
        let name = match (&found[..], split) {
            ([name], _) => *name,
            ([], Split::Validation) => continue,
            _ => {
                return Err(ProtocolError::Files {
                    folder: own,
                    pattern: format!("*{end}"),
                    found: found.len(),
                });
            }
        };
        has_validation |= split == Split::Validation;
        name.trim_end_matches(&end).clone_into(&mut dataset);
        let path = own.join(name);
        let text = read(&path, file_bytes)?;
        hasher.update(text.as_bytes());
        for (index, line) in text
            .lines()
            .enumerate()
            .filter(|(_, l)| !l.trim().is_empty())
        {
            let line: Line = serde_json::from_str(line).map_err(|error| ProtocolError::Line {
                path: path.clone(),
                line: index + 1,
                reason: error.to_string(),
                expected: EXPECTED,
            })?;
            let named = |emo: String| {
                label_map
                    .get(&emo)
                    .and_then(|l| l.as_str())
                    .map(str::to_owned)
                    .unwrap_or(emo)
            };
            files.push(PublishedFile {
                path: line.wav,
                segment_s: None,
                split,
                key: Some(line.key),
                label: line.emo.map(named),
            });
        }
    }
    Ok(Partition {
        name: format!("EmoBox {dataset}, fold {fold}"),
        digest: Digest(*hasher.finalize().as_bytes()),
        files,
        has_validation,
    })
}

/// The names that labels have in results; empty where there is no such file.
fn label_map(
    path: &Path,
    file_bytes: Limit,
    hasher: &mut blake3::Hasher,
) -> Result<serde_json::Map<String, serde_json::Value>, ProtocolError> {
    if !path.exists() {
        return Ok(serde_json::Map::new());
    }
    let text = read(path, file_bytes)?;
    hasher.update(text.as_bytes());
    serde_json::from_str(&text).map_err(|error| ProtocolError::Line {
        path: path.to_path_buf(),
        line: error.line(),
        reason: error.to_string(),
        expected: "expected a table of labels and their names, such as {\"ANG\": \"Angry\"}",
    })
}

fn read(path: &Path, file_bytes: Limit) -> Result<String, ProtocolError> {
    regular_file::read_text(path, file_bytes).map_err(|reason| ProtocolError::Unreadable {
        path: path.to_path_buf(),
        reason,
    })
}

/// The names in a folder, sorted.
fn names_in(folder: &Path) -> Result<Vec<String>, ProtocolError> {
    let failed = |error: std::io::Error| ProtocolError::Unreadable {
        path: PathBuf::from(folder),
        reason: FileError::from(error),
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        names.push(
            entry
                .map_err(failed)?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        );
    }
    names.sort();
    Ok(names)
}
