//! Audio folders of Hugging Face datasets: `metadata.csv` or `metadata.jsonl`, at the top or in each folder of a split,
//! with `file_name` relative to it.

use crate::corpus::draft::Draft;
use crate::corpus::{CorpusError, Split, walk};

use super::options::Options;
use super::table::{self, Fields, Format, Names, Paths, Rows, Table};

/// - `columns`: the tables' own names for speaker, gender, language, emotion, start, end, channel,
/// - `constants`: values for those that they have no column for.
///
/// Utterances may keep as columns those of the tables, and `split`, the folder named after a split that their file is in, such
/// as `train`.
pub(super) const OPTIONS: &[&str] = &["columns", "constants"];

/// The column that says the split of a file.
const SPLIT: &str = "split";

/// Usual names of columns of such datasets.
const USUAL: &[(&str, &[&str])] = &[
    ("path", &["file_name"]),
    ("speaker", &["speaker_id", "client_id", "actor", "actor_id"]),
    ("emotion", &["label", "major_emotion", "class"]),
    ("gender", &["sex", "speaker_gender"]),
    ("language", &["locale"]),
];

pub(super) fn list(draft: &mut Draft<'_>, options: &Options<'_>) -> Result<(), CorpusError> {
    let files = walk::files(draft, &[]);
    let format_of = |relative: &str| {
        let name = relative.rsplit('/').next().unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "metadata.csv" => Some(Format::Csv),
            "metadata.jsonl" => Some(Format::Json),
            _ => None,
        }
    };
    let tables: Vec<(&str, Format)> = files
        .iter()
        .filter_map(|file| Some((file.relative.as_str(), format_of(&file.relative)?)))
        .collect();
    if tables.is_empty() {
        let parquet = files.iter().find(|file| file.has_extension("parquet"));
        return Err(CorpusError::Layout {
            corpus: draft.corpus().to_string(),
            path: draft.root().to_path_buf(),
            reason: match parquet {
                Some(file) => format!("has Parquet files, such as {}, which are not read", file.relative),
                None => "has no metadata.csv and no metadata.jsonl".to_string(),
            },
            help: match parquet {
                Some(_) => "write the audio to files, and their names and labels to metadata.csv with the column file_name",
                None => "reader `table` reads tables of other names",
            }
            .to_string(),
        });
    }
    let columns = table::known_fields(options, "columns")?;
    let constants = table::known_fields(options, "constants")?;
    for (name, format) in tables {
        let table = Table {
            name,
            format,
            encoding: None,
            names: Names {
                columns: columns.clone(),
                usual: USUAL,
                kept: draft.columns().clone(),
            },
            fields: Fields {
                constants: constants.clone(),
            },
            paths: Paths {
                audio_folder: name.rsplit_once('/').map_or("", |(folder, _)| folder),
                extension: None,
            },
        };
        let mut rows = table::read_rows(draft, &table)?;
        if draft.columns().keeps(SPLIT) && !rows.columns.iter().any(|column| column == SPLIT) {
            keep_splits(&mut rows, table.paths.audio_folder);
        }
        table::add_rows(draft, name, rows, &table.fields, &table.paths);
    }
    Ok(())
}

/// Adds the column of splits: the first folder on the way to each file that is named after one; `folder` is that of the table.
fn keep_splits(rows: &mut Rows, folder: &str) {
    rows.kept.push(SPLIT.to_owned());
    for (_, row) in &mut rows.rows {
        let Ok(known) = row else { continue };
        let path = format!("{folder}/{}", known.get("path").unwrap_or_default());
        let mut folders = path.split(['/', '\\']);
        // The last part is the file itself.
        folders.next_back();
        let split = folders.find(|name| Split::of_word(name).is_some());
        if let Err(reason) = known.keep(split.unwrap_or_default()) {
            *row = Err(reason);
        }
    }
}
