//! Any corpus described by a table: one row an utterance, in CSV, TSV or JSON lines.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use super::ReaderOption;
use super::epst::segment_name;
use super::options::Options;
use crate::corpus::draft::{Candidate, Draft};
use crate::corpus::error::nearest_first;
use crate::corpus::{CorpusError, Gender};

mod json_lines;
mod rows;

use rows::{Format, Row};

pub(super) const OPTIONS: &[ReaderOption] = &[
    ReaderOption {
        name: "table",
        meaning: "the table, a file below the root (required)",
    },
    ReaderOption {
        name: "format",
        meaning: "\"csv\", \"tsv\" or \"jsonl\" (default: by the table's extension)",
    },
    ReaderOption {
        name: "audio_folder",
        meaning: "folder below the root that the paths of the table start from (default: the root)",
    },
    ReaderOption {
        name: "audio_extension",
        meaning: "extension to add to paths that have none, such as \"wav\"",
    },
    ReaderOption {
        name: "columns",
        meaning: "the table's own names for path, start, end, channel, speaker, gender, language, emotion",
    },
    ReaderOption {
        name: "constants",
        meaning: "values for those of the same names that the table has no column for",
    },
];

/// What a row can tell: times in seconds, the channel counted from 0.
pub(super) const FIELDS: [&str; 8] = [
    "path", "start", "end", "channel", "speaker", "gender", "language", "emotion",
];

const REQUIRED: [&str; 3] = ["path", "speaker", "emotion"];

/// Spellings of "the gender is not told", without case.
const NO_GENDER: [&str; 8] = ["", "unknown", "u", "other", "n/a", "na", "none", "-"];

pub(super) fn list(draft: &mut Draft<'_>, options: &Options<'_>) -> Result<(), CorpusError> {
    let Some(table) = options.text("table")? else {
        let help = "name the table, a file below the root: table = \"data.tsv\"";
        return Err(options.error("table", "is missing", help));
    };
    let format = format_of(options, table)?;
    let audio_folder = options.text("audio_folder")?.unwrap_or("");
    let extension = options
        .text("audio_extension")?
        .map(|text| text.trim_start_matches('.'));
    let columns = known_fields(options, "columns")?;
    let constants = known_fields(options, "constants")?;
    for (option, value) in [("table", table), ("audio_folder", audio_folder)] {
        if tidy(value).is_none() {
            let help = "name it from the corpus folder on, without `..`";
            return Err(options.error(option, format!("leaves the corpus folder: {value}"), help));
        }
    }
    let path = draft.root().join(table);
    let bytes = std::fs::read(&path).map_err(|error| CorpusError::Table {
        corpus: draft.corpus().to_string(),
        path: path.clone(),
        reason: format!("cannot be read: {error}"),
        help: "check the option `table`: it is a file below the corpus folder".to_string(),
    })?;
    let fields = Fields { columns, constants };
    let rows = rows::parse(&bytes, format, &fields.columns).map_err(|problem| {
        let known: Vec<&str> = problem.known.iter().map(String::as_str).collect();
        CorpusError::Table {
            corpus: draft.corpus().to_string(),
            path: path.clone(),
            reason: problem.reason,
            help: match known.is_empty() {
                true => {
                    "its first line names the columns; set `format` if it is no such file".into()
                }
                false => format!("its columns: {}", nearest_first(&problem.wanted, &known)),
            },
        }
    })?;
    for required in REQUIRED {
        if !rows.has(required) && !fields.constants.contains_key(required) {
            let known: Vec<&str> = rows.columns.iter().map(String::as_str).collect();
            return Err(CorpusError::Table {
                corpus: draft.corpus().to_string(),
                path,
                reason: format!("has no column for {required}"),
                help: format!(
                    "set columns.{required} to one of its columns: {}; or set constants.{required}",
                    nearest_first(required, &known)
                ),
            });
        }
    }
    let mut known_files = HashMap::new();
    let mut taken = HashSet::new();
    for (line, row) in rows.rows {
        let place = format!("{table}:{line}");
        let parsed = row.and_then(|row| fields.read(&row, audio_folder, extension, draft, &place));
        let parsed = parsed.and_then(|parsed| {
            let path = draft.root().join(&parsed.relative);
            let is_file = *known_files
                .entry(parsed.relative.clone())
                .or_insert_with(|| path.is_file());
            if !is_file {
                return Err(format!("there is no file {}", parsed.relative));
            }
            if !taken.insert(parsed.id.clone()) {
                return Err(format!("{} is in an earlier row", parsed.id));
            }
            Ok((path, parsed))
        });
        match parsed {
            Err(reason) => draft.drop_bad(&place, reason),
            Ok((path, parsed)) => draft.add(Candidate {
                id: parsed.id,
                path,
                speaker: &parsed.speaker,
                gender: parsed.gender,
                language: parsed.language.as_deref(),
                label: &parsed.label,
                segment_s: parsed.segment_s,
                channel: parsed.channel,
                place: &place,
            }),
        }
    }
    Ok(())
}

fn format_of(options: &Options<'_>, table: &str) -> Result<Format, CorpusError> {
    let help = "give it \"csv\", \"tsv\" or \"jsonl\"";
    if let Some(format) = options.text("format")? {
        return Format::of_extension(format)
            .ok_or_else(|| options.error("format", format!("cannot be `{format}`"), help));
    }
    table
        .rsplit_once('.')
        .and_then(|(_, extension)| Format::of_extension(extension))
        .ok_or_else(|| {
            options.error(
                "format",
                "is missing and the table's name does not tell",
                help,
            )
        })
}

fn known_fields(
    options: &Options<'_>,
    option: &str,
) -> Result<BTreeMap<String, String>, CorpusError> {
    let map = options.map(option)?;
    for key in map.keys() {
        if !FIELDS.contains(key) {
            let help = format!("keys: {}", nearest_first(key, &FIELDS));
            return Err(options.error(option, format!("has no key `{key}`"), &help));
        }
    }
    Ok(map
        .into_iter()
        .map(|(key, value)| (key.to_string(), value))
        .collect())
}

/// A row that could be understood.
struct Parsed {
    id: String,
    /// The file below the root, tidy.
    relative: String,
    speaker: String,
    gender: Option<Gender>,
    language: Option<String>,
    label: String,
    segment_s: Option<(f64, f64)>,
    channel: Option<u16>,
}

struct Fields {
    /// Field to the table's name for it.
    columns: BTreeMap<String, String>,
    constants: BTreeMap<String, String>,
}

impl Fields {
    /// The value of `field`; empty and missing are the same. A column wins over a constant.
    fn value<'r>(&'r self, row: &'r Row, field: &str) -> Option<&'r str> {
        row.get(field)
            .filter(|value| !value.is_empty())
            .or_else(|| self.constants.get(field).map(String::as_str))
    }

    fn required<'r>(&'r self, row: &'r Row, field: &str) -> Result<&'r str, String> {
        let value = self
            .value(row, field)
            .ok_or_else(|| format!("{field} is empty"))?;
        if value.chars().any(char::is_control) {
            return Err(format!("{field} holds a control character"));
        }
        Ok(value)
    }

    fn number(&self, row: &Row, field: &str) -> Result<Option<f64>, String> {
        let Some(value) = self.value(row, field) else {
            return Ok(None);
        };
        match value.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
            _ => Err(format!("{field} is no time in seconds: {value}")),
        }
    }

    fn read(
        &self,
        row: &Row,
        audio_folder: &str,
        extension: Option<&str>,
        draft: &mut Draft<'_>,
        place: &str,
    ) -> Result<Parsed, String> {
        let told = self.required(row, "path")?;
        let outside = || format!("path leaves the corpus folder: {told}");
        let told_path = Path::new(told);
        let joined = if told_path.is_absolute() {
            let root = std::path::absolute(draft.root()).map_err(|error| error.to_string())?;
            told_path
                .strip_prefix(root)
                .map_err(|_| outside())?
                .to_path_buf()
        } else {
            Path::new(audio_folder).join(told_path)
        };
        let mut relative = joined.to_str().and_then(tidy).ok_or_else(outside)?;
        let name = relative.rsplit('/').next().unwrap_or_default();
        if let (false, Some(extension)) = (name.contains('.'), extension) {
            relative = format!("{relative}.{extension}");
        }
        let segment_s = match (self.number(row, "start")?, self.number(row, "end")?) {
            (None, None) => None,
            (start, Some(end)) if end > start.unwrap_or(0.0) => Some((start.unwrap_or(0.0), end)),
            (Some(start), None) => return Err(format!("start is {start} and end is empty")),
            (start, Some(end)) => {
                return Err(format!(
                    "end {end} is not after start {}",
                    start.unwrap_or(0.0)
                ));
            }
        };
        let channel = match self.value(row, "channel") {
            None => None,
            Some(value) => Some(
                value
                    .parse::<u16>()
                    .map_err(|_| format!("channel is no number from 0: {value}"))?,
            ),
        };
        let gender = match self.value(row, "gender") {
            Some(value) => {
                let gender = Gender::parse(value);
                if gender.is_none() && !NO_GENDER.contains(&value.to_lowercase().as_str()) {
                    draft.note(format!("gender `{value}` is not understood"), place);
                }
                gender
            }
            None => None,
        };
        let mut id = without_extension(&relative).to_string();
        if let Some((start_s, end_s)) = segment_s {
            id = format!("{id}/{}", segment_name(start_s, end_s));
        }
        if let Some(channel) = channel {
            id = format!("{id}/channel-{channel}");
        }
        Ok(Parsed {
            id,
            relative,
            speaker: self.required(row, "speaker")?.to_string(),
            gender,
            language: match self.value(row, "language") {
                Some(_) => Some(self.required(row, "language")?.to_string()),
                None => None,
            },
            label: self.required(row, "emotion")?.to_string(),
            segment_s,
            channel,
        })
    }
}

/// A relative path without `.` and with `/` between names; nothing if it is absolute, leaves the
/// folder it starts from, or holds control characters.
fn tidy(path: &str) -> Option<String> {
    if path.chars().any(char::is_control) {
        return None;
    }
    let mut names = Vec::new();
    for component in PathBuf::from(path).components() {
        match component {
            Component::Normal(name) => names.push(name.to_str()?.to_string()),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(names.join("/"))
}

fn without_extension(relative: &str) -> &str {
    let name = relative.rsplit('/').next().unwrap_or(relative);
    match name.rfind('.') {
        Some(dot) if dot > 0 => &relative[..relative.len() - (name.len() - dot)],
        _ => relative,
    }
}
