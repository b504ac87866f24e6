//! Data folders of Kaldi: `wav.scp`, `utt2spk` and labels, with `segments` and `spk2gender` where they are there.

use std::collections::HashMap;

use pipe_foundation::machine_fault::MachineFault;

use crate::corpus::draft::Draft;
use crate::corpus::error::nearest_first;
use crate::corpus::{CorpusError, KeptColumns};

use super::options::Options;
use super::table::{self, Fields, Paths, Row, Rows};

/// - `folder`: the data folder, below the root (default: the root),
/// - `labels`: the file in it that gives each utterance its label (default: `utt2emo`, `utt2emotion` or `utt2label`),
/// - `audio_folder`: the folder below the root that the paths in `wav.scp` start from (default: the root),
/// - `constants`: values for speaker, gender and language that no file has.
///
/// Utterances may keep as columns what `text` says, and what any `utt2NAME` says, as `NAME`; and as `utterance_id` what the
/// data folder calls them, where that is asked for by name.
pub(super) const OPTIONS: &[&str] = &["folder", "labels", "audio_folder", "constants"];

/// The column with what the data folder calls an utterance.
const UTTERANCE_ID: &str = "utterance_id";
/// Usual names of the file with the labels.
const LABELS: [&str; 4] = ["utt2emo", "utt2emotion", "utt2label", "utt2class"];

pub(super) fn list(draft: &mut Draft<'_>, options: &Options<'_>) -> Result<(), CorpusError> {
    let folder = options.text("folder")?.unwrap_or("");
    let audio_folder = options.text("audio_folder")?.unwrap_or("");
    for (option, value) in [("folder", folder), ("audio_folder", audio_folder)] {
        table::below_root(options, option, value)?;
    }
    let constants = table::known_fields(options, "constants")?;
    let labels = match draft.needs_labels() {
        true => Some(labels_file(draft, options, folder)?),
        false => None,
    };
    let recordings = required(draft, folder, "wav.scp")?;
    let labels = labels
        .map(|labels| required(draft, folder, &labels))
        .transpose()?;
    let kept = kept_files(draft, folder)?;
    let keeps_ids =
        matches!(draft.columns(), KeptColumns::Named(names) if names.contains(UTTERANCE_ID));
    let speakers = match constants.contains_key("speaker") {
        true => optional(draft, folder, "utt2spk")?,
        false => Some(required(draft, folder, "utt2spk")?),
    };
    let genders = optional(draft, folder, "spk2gender")?;
    let languages = optional(draft, folder, "utt2lang")?;
    let segments = optional(draft, folder, "segments")?;
    let listed = segments.as_ref().unwrap_or(&recordings);
    let row = |key: &str, value: &str| -> Result<Row, String> {
        let mut row = Row::default();
        let recording = match segments {
            None => value,
            Some(_) => {
                let parts: Vec<&str> = value.split_whitespace().collect();
                let (recording, start, end) = match parts[..] {
                    [recording, start, end] => (recording, start, end),
                    [recording, start, end, channel] => {
                        row.set("channel", channel)?;
                        (recording, start, end)
                    }
                    _ => {
                        return Err(
                            "it is not an utterance, a recording, a start and an end".to_string()
                        );
                    }
                };
                row.set("start", start)?;
                row.set("end", end)?;
                let found = recordings.get(recording);
                found.ok_or_else(|| format!("its recording is not in wav.scp: {recording}"))?
            }
        };
        row.set("path", file_of(recording)?)?;
        if let Some(speakers) = &speakers {
            let speaker = speakers.get(key);
            let speaker = speaker.ok_or_else(|| format!("it is not in utt2spk: {key}"))?;
            row.set("speaker", speaker)?;
            if let Some(gender) = genders.as_ref().and_then(|genders| genders.get(speaker)) {
                row.set("gender", gender)?;
            }
        }
        if let Some(language) = languages.as_ref().and_then(|languages| languages.get(key)) {
            row.set("language", language)?;
        }
        if let Some(labels) = &labels {
            let label = labels.get(key);
            let label = label.ok_or_else(|| format!("it is not in {}: {key}", labels.name))?;
            row.set("emotion", label)?;
        }
        for file in &kept {
            row.keep(file.get(key).unwrap_or_default())?;
        }
        if keeps_ids {
            row.keep(key)?;
        }
        Ok(row)
    };
    let rows = listed.lines.iter().map(|line| {
        let repeated = listed.first_line(&line.key) != Some(line.number);
        let row = match repeated {
            true => Err(format!("the same key is in an earlier line: {}", line.key)),
            false => row(&line.key, &line.value),
        };
        (line.number, row)
    });
    let ids = keeps_ids.then(|| UTTERANCE_ID.to_string());
    let rows = Rows {
        kept: kept
            .iter()
            .map(|file| column_of(&file.name).to_string())
            .chain(ids)
            .collect(),
        rows: rows.collect(),
        ..Rows::default()
    };
    let paths = Paths {
        audio_folder,
        extension: None,
    };
    table::add_rows(draft, &listed.path, rows, &Fields { constants }, &paths);
    Ok(())
}

/// The file that an entry of `wav.scp` names.
fn file_of(entry: &str) -> Result<&str, String> {
    if entry.ends_with('|') {
        return Err(format!(
            "wav.scp has a command where a file is needed; run it once and name what it writes: {entry}"
        ));
    }
    let (_, after) = entry.rsplit_once(':').unwrap_or_default();
    let is_offset = !after.is_empty() && after.bytes().all(|byte| byte.is_ascii_digit());
    if is_offset {
        return Err(format!(
            "wav.scp has a place in an archive where a file is needed: {entry}"
        ));
    }
    Ok(entry)
}

/// A file of lines that begin with a key.
struct Keyed {
    /// Its name.
    name: String,
    /// Its path below the corpus folder.
    path: String,
    lines: Vec<Line>,
    /// Where each key is first.
    places: HashMap<String, usize>,
}

struct Line {
    number: u64,
    key: String,
    value: String,
}

impl Keyed {
    fn get(&self, key: &str) -> Option<&str> {
        let line = &self.lines[*self.places.get(key)?];
        (!line.value.is_empty()).then_some(&line.value)
    }

    fn first_line(&self, key: &str) -> Option<u64> {
        Some(self.lines[*self.places.get(key)?].number)
    }
}

fn required(draft: &Draft<'_>, folder: &str, name: &str) -> Result<Keyed, CorpusError> {
    optional(draft, folder, name)?.ok_or_else(|| CorpusError::Layout {
        corpus: draft.corpus().to_string(),
        path: draft.root().join(folder),
        reason: format!("has no {name}"),
        help: match name {
            "utt2spk" => "set constants.speaker if there is one speaker",
            _ => "set `folder` to the data folder of Kaldi, below the corpus folder",
        }
        .to_string(),
    })
}

/// A file of the data folder, if it is there.
fn optional(draft: &Draft<'_>, folder: &str, name: &str) -> Result<Option<Keyed>, CorpusError> {
    let path = match folder {
        "" => name.to_string(),
        folder => format!("{folder}/{name}"),
    };
    let error = |reason: String| CorpusError::Table {
        corpus: draft.corpus().to_string(),
        path: draft.root().join(&path),
        reason,
        help: "each line is a key, a blank, and a value, in UTF-8".to_string(),
    };
    let bytes = match draft.read(&draft.root().join(&path)) {
        Ok(bytes) => bytes,
        Err(failed) if failed.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(failed) => {
            return Err(match MachineFault::of(&path, &failed) {
                Some(fault) => CorpusError::Machine(fault),
                None => error(format!("cannot be read: {failed}")),
            });
        }
    };
    let mut lines = Vec::new();
    let mut places = HashMap::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = index as u64 + 1;
        let line = std::str::from_utf8(line);
        let line = line
            .map_err(|_| error(format!("is not UTF-8 in line {number}")))?
            .trim();
        if line.is_empty() {
            continue;
        }
        let (key, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        places.entry(key.to_string()).or_insert(lines.len());
        lines.push(Line {
            number,
            key: key.to_string(),
            value: value.trim().to_string(),
        });
    }
    Ok(Some(Keyed {
        name: name.to_string(),
        path,
        lines,
        places,
    }))
}

/// The files whose values utterances keep as columns: `text` and the `utt2*`.
fn kept_files(draft: &Draft<'_>, folder: &str) -> Result<Vec<Keyed>, CorpusError> {
    let names = file_names(draft, folder).into_iter();
    let kept = names.filter(|name| {
        let is_column = name == "text" || name.starts_with("utt2");
        is_column && draft.columns().keeps(column_of(name))
    });
    let files = kept.map(|name| optional(draft, folder, &name));
    Ok(files
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// The column that a file gives: `arousal` of `utt2arousal`.
fn column_of(file: &str) -> &str {
    file.strip_prefix("utt2").unwrap_or(file)
}

/// Names of files in the data folder, sorted.
fn file_names(draft: &Draft<'_>, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(draft.root().join(folder));
    let entries = entries.into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The name of the file with the labels.
fn labels_file(
    draft: &Draft<'_>,
    options: &Options<'_>,
    folder: &str,
) -> Result<String, CorpusError> {
    if let Some(labels) = options.text("labels")? {
        table::below_root(options, "labels", labels)?;
        return Ok(labels.to_string());
    }
    let names = file_names(draft, folder);
    let found = LABELS
        .iter()
        .find(|label| names.iter().any(|name| name == *label));
    found.map(|name| (*name).to_string()).ok_or_else(|| {
        let names = names.iter().map(String::as_str);
        let names: Vec<&str> = names.filter(|name| name.starts_with("utt2")).collect();
        let help = match names.is_empty() {
            true => "set it to the file that gives each utterance its label: labels = \"utt2emo\""
                .to_string(),
            false => format!(
                "set it to the file that gives each utterance its label; there are {}",
                nearest_first("utt2emo", &names)
            ),
        };
        options.error("labels", "is missing", &help)
    })
}
