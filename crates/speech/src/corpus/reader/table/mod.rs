//! Any corpus described by a table: one row an utterance, in CSV, TSV or JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use encoding_rs::Encoding;
use pipe_foundation::machine_fault::MachineFault;
use rayon::prelude::*;

use crate::corpus::draft::{Candidate, Draft};
use crate::corpus::error::nearest_first;
use crate::corpus::{CorpusError, KeptColumns};

use super::options::Options;

mod disagreements;
mod format;
mod json;
mod kept_cells;
mod locate;
mod parse;
mod paths;
mod published;
mod recording;
mod records;
mod repeats;
mod rows;
mod separated;
mod text;

pub(super) use format::Format;
pub(super) use paths::{Paths, tidy};
pub(in crate::corpus) use published::{published_rows, published_text};
pub(super) use recording::Fields;
pub(super) use rows::{FIELDS, Names, Row, Rows};

use locate::{Folders, nearest};
use recording::{Read, RowError};
use repeats::{Combined, Role};

/// - `table`: the table, a file below the root (required),
/// - `format`: `"csv"`, `"tsv"` or `"json"` (default: by the table's extension),
/// - `encoding`: how its text is encoded, such as `"windows-1252"` (default: as a byte order mark says, or UTF-8),
/// - `audio_folder`: the folder below the root that the paths of the table start from (default: the root),
/// - `audio_extension`: the extension to add to paths that have none, such as `"wav"`,
/// - `columns`: the table's own names for path, start, end, channel, speaker, gender, language, emotion,
/// - `constants`: values for those of the same names that the table has no column for.
pub(super) const OPTIONS: &[&str] = &[
    "table",
    "format",
    "encoding",
    "audio_folder",
    "audio_extension",
    "columns",
    "constants",
];

/// Why a row is set aside whose file is missing.
const NO_FILE: &str = "the file does not exist";

const REQUIRED: [&str; 3] = ["path", "speaker", "emotion"];

pub(super) fn list(draft: &mut Draft<'_>, options: &Options<'_>) -> Result<(), CorpusError> {
    list_with(draft, options, &[])
}

/// As [`list`], where fields have further `usual` names: see [`Names`].
pub(super) fn list_with(
    draft: &mut Draft<'_>,
    options: &Options<'_>,
    usual: &'static [(&'static str, &'static [&'static str])],
) -> Result<(), CorpusError> {
    let Some(name) = options.text("table")? else {
        let help = "set the table, a file below the root: table = \"data.tsv\"";
        return Err(options.error("table", "is missing", help));
    };
    let audio_folder = options.text("audio_folder")?.unwrap_or("");
    for (option, value) in [("table", name), ("audio_folder", audio_folder)] {
        below_root(options, option, value)?;
    }
    let table = Table {
        name,
        format: format_of(options, name)?,
        encoding: encoding_of(options)?,
        names: Names {
            columns: known_fields(options, "columns")?,
            usual,
            kept: draft.columns().clone(),
        },
        fields: Fields {
            constants: known_fields(options, "constants")?,
        },
        paths: Paths {
            audio_folder,
            extension: extension_of(options)?,
        },
    };
    let rows = read_rows(draft, &table)?;
    add_rows(draft, table.name, rows, &table.fields, &table.paths);
    Ok(())
}

/// A table below the corpus folder, and how it is read.
pub(super) struct Table<'a> {
    /// Its path below the corpus folder.
    pub name: &'a str,
    /// How it is written.
    pub format: Format,
    /// The encoding of its text, where that is declared.
    pub encoding: Option<&'static Encoding>,
    /// Which column is which field.
    pub names: Names,
    /// Values of fields where a row has none.
    pub fields: Fields,
    /// Where its files are.
    pub paths: Paths<'a>,
}

/// Reads the rows of a table, which has path, speaker and emotion.
///
/// # Errors
/// [`CorpusError::Table`] where it is unusable as a whole.
pub(super) fn read_rows(draft: &Draft<'_>, table: &Table<'_>) -> Result<Rows, CorpusError> {
    let rows = parse(
        draft,
        table.name,
        table.format,
        table.encoding,
        &table.names,
    )?;
    let required = REQUIRED.into_iter();
    for required in required.filter(|field| *field != "emotion" || draft.needs_labels()) {
        if !rows.has(required) && !table.fields.constants.contains_key(required) {
            let known: Vec<&str> = rows.columns.iter().map(String::as_str).collect();
            return Err(CorpusError::Table {
                corpus: draft.corpus().to_string(),
                path: draft.root().join(table.name),
                reason: format!("has no column for {required}"),
                help: format!(
                    "set columns.{required} to one of its columns: {}; or set constants.{required}",
                    nearest_first(required, &known)
                ),
            });
        }
    }
    Ok(rows)
}

/// Reads the file `name` below the corpus folder as a table.
///
/// # Errors
/// [`CorpusError::Table`] where it is unusable as a whole.
pub(super) fn parse(
    draft: &Draft<'_>,
    name: &str,
    format: Format,
    encoding: Option<&'static Encoding>,
    names: &Names,
) -> Result<Rows, CorpusError> {
    let path = draft.root().join(name);
    let bytes = draft
        .read(&path)
        .map_err(|error| match MachineFault::of(name, &error) {
            Some(fault) => CorpusError::Machine(fault),
            None => CorpusError::Table {
                corpus: draft.corpus().to_string(),
                path: path.clone(),
                reason: format!("cannot be read: {error}"),
                help: "check the option `table`: it is a file below the corpus folder".to_string(),
            },
        })?;
    text::decode(&bytes, encoding)
        .and_then(|text| parse::parse(&text, format, names))
        .map_err(|problem| CorpusError::Table {
            corpus: draft.corpus().to_string(),
            path,
            reason: problem.reason,
            help: problem.help,
        })
}

/// Adds the rows of `table`, as messages call it, to the draft in their order. Rows whose path is below an audio folder
/// are looked for there.
pub(super) fn add_rows(
    draft: &mut Draft<'_>,
    table: &str,
    rows: Rows,
    fields: &Fields,
    paths: &Paths<'_>,
) {
    let folders = Folders::new(draft.root());
    let Rows { kept, rows, .. } = rows;
    let read: Vec<(u64, Result<Read, String>)> = rows
        .into_par_iter()
        .map(|(line, row)| {
            let read = |row| fields.read(row, paths, &folders, draft);
            (line, row.and_then(read))
        })
        .collect();
    add(draft, table, fields, &kept, read);
}

/// Adds what was read to the draft, in the order of the rows.
fn add(
    draft: &mut Draft<'_>,
    table: &str,
    fields: &Fields,
    kept: &[String],
    read: Vec<(u64, Result<Read, String>)>,
) {
    /// For so many files that are missing, the nearest one that is there is looked for.
    const COMPARED: usize = 3;
    let roles = repeats::roles(draft, table, fields, kept, &read);
    let mut compared = 0;
    let mut place = String::new();
    for ((line, read), role) in read.into_iter().zip(roles) {
        place.clear();
        // Writing to a String cannot fail.
        let _ = write!(place, "{table}:{line}");
        let Read {
            row,
            notes,
            utterance,
        } = match read {
            Ok(read) => read,
            Err(reason) => {
                draft.drop_missing(&place, reason);
                continue;
            }
        };
        for (note, file) in notes {
            match file {
                Some(file) => draft.note(note, &format!("{place} ({file})")),
                None => draft.note(note, &place),
            }
        }
        match utterance {
            Err(RowError::Machine(fault)) => draft.fail(fault),
            Err(RowError::Row(reason)) => draft.drop_missing(&place, reason),
            Err(RowError::NoFile(relative)) => {
                compared += 1;
                let nearest = (compared <= COMPARED).then(|| nearest(draft.root(), &relative));
                let reason = match nearest.flatten() {
                    Some(nearest) => format!("{NO_FILE}: {relative}; the nearest is {nearest}"),
                    None => format!("{NO_FILE}: {relative}"),
                };
                draft.drop_missing(&place, reason);
            }
            Ok(utterance) => {
                let combined = match role {
                    Role::Single => Combined::default(),
                    Role::First(combined) => combined,
                    Role::Later => {
                        let reason = format!("the same is in an earlier row: {}", utterance.id);
                        draft.drop_repeated(&place, reason);
                        continue;
                    }
                    Role::Counted => continue,
                    Role::Tied(votes) => {
                        let reason = format!("votes on {} are tied: {votes}", utterance.id);
                        draft.drop_chosen(&place, reason);
                        continue;
                    }
                };
                let mut columns: Vec<(&str, &str)> =
                    kept.iter().map(String::as_str).zip(row.kept()).collect();
                for (column, value) in &combined.columns {
                    columns[*column].1 = value;
                }
                let label = combined.label.as_deref();
                draft.add(Candidate {
                    id: utterance.id,
                    path: utterance.path,
                    speaker: fields.value(&row, "speaker").unwrap_or_default(),
                    gender: utterance.gender,
                    language: fields.value(&row, "language"),
                    label: label.or(fields.value(&row, "emotion")).unwrap_or_default(),
                    segment_s: utterance.segment_s,
                    channel: utterance.channel,
                    content: utterance.content,
                    votes: combined.votes,
                    columns,
                    place: &place,
                });
            }
        }
    }
}

/// The format of a table by the extension of its name.
pub(in crate::corpus) fn format_of_name(name: &str) -> Option<Format> {
    let (_, extension) = name.rsplit_once('.')?;
    Format::of_extension(extension)
}

/// Names of columns, and the cells of each row.
type NamesAndCells = (Vec<String>, Vec<Vec<String>>);

/// All cells of the table `name`, in the encoding called `declared` unless its bytes say another one; rows that cannot be
/// read are left out.
///
/// # Errors
/// What is wrong with it as a whole, to follow its name.
pub(in crate::corpus) fn cells(
    bytes: &[u8],
    name: &str,
    declared: Option<&str>,
) -> Result<NamesAndCells, String> {
    let format = format_of_name(name).ok_or("is not CSV, TSV or JSON by its name")?;
    let names = Names {
        kept: KeptColumns::All,
        ..Names::default()
    };
    let rows = text::decode(bytes, declared.and_then(text::encoding))
        .and_then(|text| parse::parse(&text, format, &names))
        .map_err(|problem| problem.reason)?;
    let read = rows.rows.iter().filter_map(|(_, row)| row.as_ref().ok());
    let cells = read.map(|row| {
        let mut kept = row.kept();
        let columns = rows.columns.iter();
        let cell = |column: &String| match rows.fields.contains(&column.as_str()) {
            true => row.get(column).unwrap_or_default().to_string(),
            false => kept.next().unwrap_or_default().to_string(),
        };
        columns.map(cell).collect()
    });
    let cells = cells.collect();
    Ok((rows.columns, cells))
}

/// Checks that the value of `option` is a path below the corpus folder.
///
/// # Errors
/// [`CorpusError::BadOption`].
pub(super) fn below_root(
    options: &Options<'_>,
    option: &str,
    value: &str,
) -> Result<(), CorpusError> {
    let help = "write it relative to the corpus folder, without `..`";
    let outside = || format!("is outside the corpus folder: {value}");
    let below = tidy(value).map(|_| ());
    below.ok_or_else(|| options.error(option, outside(), help))
}

/// The extension of paths that have none, by the option `audio_extension`.
pub(super) fn extension_of<'a>(options: &Options<'a>) -> Result<Option<&'a str>, CorpusError> {
    let extension = options.text("audio_extension")?;
    Ok(extension.map(|text| text.trim_start_matches('.')))
}

/// The text encoding that the options declare.
pub(super) fn encoding_of(options: &Options<'_>) -> Result<Option<&'static Encoding>, CorpusError> {
    let Some(name) = options.text("encoding")? else {
        return Ok(None);
    };
    let help = "set it to a name such as \"utf-8\", \"windows-1252\", \"utf-16le\", \"gbk\" or \"shift_jis\"";
    let encoding = text::encoding(name);
    let unknown = || options.error("encoding", format!("cannot be `{name}`"), help);
    encoding.map(Some).ok_or_else(unknown)
}

fn format_of(options: &Options<'_>, table: &str) -> Result<Format, CorpusError> {
    let help = "set it to \"csv\", \"tsv\" or \"json\"; sheets of other programs are read once they are saved as CSV";
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
                "is missing and cannot be inferred from the table's name",
                help,
            )
        })
}

/// A map whose keys are fields.
pub(super) fn known_fields(
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
