//! Databases in audformat: a header `db.yaml` and tables `db.<table>.csv`, filewise or segmented.

use std::collections::HashMap;

use pipe_foundation::machine_fault::MachineFault;

use crate::corpus::draft::Draft;
use crate::corpus::error::nearest_first;
use crate::corpus::{CorpusError, KeptColumns};

use super::options::Options;
use super::table::{self, Fields, Format, Names, Paths, Rows};

mod header;

use header::{Header, TableHeader};

/// - `tables`: the tables whose rows are the utterances (default: the one with the column for emotion),
/// - `columns`: the columns for speaker, gender, language and emotion, or their schemes (default: speaker, gender and
///   emotion); those that the tables lack are looked for in other tables of files, and the gender in what the header or
///   a table of speakers says of them,
/// - `constants`: values for those that the database lacks.
///
/// Utterances may keep as columns those of their own table, and `split`, the split that the header gives the table.
pub(super) const OPTIONS: &[&str] = &["tables", "columns", "constants"];

const HEADER: &str = "db.yaml";

/// The column that says the split of a table.
const SPLIT: &str = "split";

pub(super) fn list(draft: &mut Draft<'_>, options: &Options<'_>) -> Result<(), CorpusError> {
    let columns = table::known_fields(options, "columns")?;
    let fields = Fields {
        constants: table::known_fields(options, "constants")?,
    };
    let header = read_header(draft)?;
    let database = Database {
        draft,
        header: &header,
    };
    let column = |field: &'static str| columns.get(field).map_or(field, String::as_str);
    let tables = tables(&database, options, column("emotion"))?;
    let mut read = Vec::new();
    for (id, emotion) in &tables {
        let table = &header.tables[*id];
        let mut wanted = vec![("path", "file")];
        wanted.extend(emotion.map(|emotion| ("emotion", emotion)));
        if table.is_segmented() {
            wanted.extend([("start", "start"), ("end", "end")]);
        }
        let mut by_file = Vec::new();
        for field in ["speaker", "gender", "language"] {
            // The language of the corpus is a short tag, and that of a database a long one.
            if field == "language" && !columns.contains_key(field) {
                continue;
            }
            let named = column(field);
            if let Some(own) = table.column(named) {
                wanted.push((field, own));
            } else if let Some(values) = database.by_file(id, field, named)? {
                by_file.push((field, values));
            } else if columns.contains_key(field) {
                return Err(database.no_column(named, field));
            }
        }
        let has = |field: &str| {
            wanted.iter().any(|(known, _)| *known == field)
                || by_file.iter().any(|(known, _)| *known == field)
        };
        if !has("speaker") && !fields.constants.contains_key("speaker") {
            return Err(database.no_column(column("speaker"), "speaker"));
        }
        let genders = match has("gender") {
            true => HashMap::new(),
            false => database.genders(column("speaker"), column("gender"))?,
        };
        let mut rows = database.rows(id, &wanted, draft.columns().clone())?;
        let split = table.split().filter(|_| draft.columns().keeps(SPLIT));
        if split.is_some() {
            rows.kept.push(SPLIT.to_string());
        }
        let joined = std::mem::take(&mut rows.rows)
            .into_iter()
            .map(|(line, row)| {
                let row = row.and_then(|mut row| {
                    for (field, values) in &by_file {
                        if let Some(value) = row.get("path").and_then(|file| values.get(file)) {
                            row.set(field, value)?;
                        }
                    }
                    let speaker = fields.value(&row, "speaker");
                    if let Some(gender) = speaker.and_then(|speaker| genders.get(speaker)) {
                        row.set("gender", gender)?;
                    }
                    if let Some(split) = split {
                        row.keep(split)?;
                    }
                    Ok(row)
                });
                (line, row)
            });
        rows.rows = joined.collect();
        read.push((file_of(id), rows));
    }
    let paths = Paths {
        audio_folder: "",
        extension: None,
    };
    for (name, rows) in read {
        table::add_rows(draft, &name, rows, &fields, &paths);
    }
    Ok(())
}

/// The file of a table.
fn file_of(table: &str) -> String {
    format!("db.{table}.csv")
}

fn read_header(draft: &Draft<'_>) -> Result<Header, CorpusError> {
    let path = draft.root().join(HEADER);
    let error = |reason: String, help: &str| CorpusError::Table {
        corpus: draft.corpus().to_string(),
        path: path.clone(),
        reason,
        help: help.to_string(),
    };
    let bytes = match draft.read(&path) {
        Ok(bytes) => bytes,
        Err(failed) => {
            return Err(match MachineFault::of(HEADER, &failed) {
                Some(fault) => CorpusError::Machine(fault),
                None => error(
                    format!("cannot be read: {failed}"),
                    "`root` is the folder of the database, with db.yaml in it",
                ),
            });
        }
    };
    Header::parse(&bytes).map_err(|reason| {
        let help = "it is the header of a database, as audformat writes it";
        error(format!("is not a header of audformat: {reason}"), help)
    })
}

/// The tables with the utterances, and their column for emotion.
fn tables<'h>(
    database: &Database<'h>,
    options: &Options<'_>,
    emotion: &str,
) -> Result<Vec<(&'h str, Option<&'h str>)>, CorpusError> {
    let header = database.header;
    let needs_labels = database.draft.needs_labels();
    let with_emotion = header.tables.iter().filter_map(|(id, table)| {
        let column = table.column(emotion);
        (column.is_some() || !needs_labels).then_some((id.as_str(), column))
    });
    let with_emotion: Vec<(&str, Option<&str>)> = with_emotion.collect();
    if let Some(wanted) = options.texts("tables")? {
        let find = |id: &str| {
            let known = header.tables.keys().map(String::as_str);
            let known: Vec<&str> = known.collect();
            match with_emotion.iter().find(|(known, _)| *known == id) {
                Some(found) => Ok(*found),
                None if header.tables.contains_key(id) => {
                    Err(database.no_column(emotion, "emotion"))
                }
                None => Err(options.error(
                    "tables",
                    format!("names no table of db.yaml: {id}"),
                    &format!("tables: {}", nearest_first(id, &known)),
                )),
            }
        };
        return wanted.into_iter().map(find).collect();
    }
    match with_emotion[..] {
        [] => Err(database.no_column(emotion, "emotion")),
        [one] => Ok(vec![one]),
        _ => {
            let ids: Vec<String> = with_emotion
                .iter()
                .map(|(id, _)| format!("\"{id}\""))
                .collect();
            let reason = match needs_labels {
                true => format!(
                    "is missing, and {} tables have a column {emotion}",
                    ids.len()
                ),
                false => format!("is missing, and there are {} tables", ids.len()),
            };
            let help = format!(
                "set it to those whose rows are the utterances, each once: tables = [{}]",
                ids.join(", ")
            );
            Err(options.error("tables", reason, &help))
        }
    }
}

/// The tables of a database.
struct Database<'h> {
    draft: &'h Draft<'h>,
    header: &'h Header,
}

impl<'h> Database<'h> {
    fn no_column(&self, column: &str, field: &str) -> CorpusError {
        let of = |(id, table): (&String, &TableHeader)| {
            let names: Vec<&str> = table.columns().map(|(name, _)| name).collect();
            format!("{id} has {}", names.join(", "))
        };
        let tables: Vec<String> = self.header.tables.iter().map(of).collect();
        CorpusError::Table {
            corpus: self.draft.corpus().to_string(),
            path: self.draft.root().join(HEADER),
            reason: format!("has no column {column} for {field}"),
            help: format!(
                "set columns.{field} to one of its columns ({}), or set constants.{field}",
                tables.join("; ")
            ),
        }
    }

    /// Reads columns of a table as fields.
    fn rows(
        &self,
        id: &str,
        columns: &[(&str, &str)],
        kept: KeptColumns,
    ) -> Result<Rows, CorpusError> {
        let name = file_of(id);
        let root = self.draft.root();
        if !root.join(&name).exists() {
            let stored = ["parquet", "pkl"].map(|extension| format!("db.{id}.{extension}"));
            if let Some(other) = stored.iter().find(|other| root.join(other).is_file()) {
                return Err(CorpusError::Table {
                    corpus: self.draft.corpus().to_string(),
                    path: root.join(other),
                    reason: "is not CSV, which is the only format of such tables that is read".into(),
                    help: "write it as CSV: audformat.Database.load(\".\").save(\".\", storage_format=\"csv\")".into(),
                });
            }
        }
        let columns = columns.iter();
        let names = Names {
            columns: columns
                .map(|(field, column)| ((*field).to_string(), (*column).to_string()))
                .collect(),
            usual: &[],
            kept,
        };
        table::parse(self.draft, &name, Format::Csv, None, &names)
    }

    /// What another table than `except` says of each file in `column`; the first of them that has it. Its first row of a
    /// file counts.
    fn by_file(
        &self,
        except: &str,
        field: &str,
        column: &str,
    ) -> Result<Option<HashMap<String, String>>, CorpusError> {
        let found = self.header.tables.iter().find_map(|(id, table)| {
            let own = table.column(column)?;
            (id != except && !table.is_segmented()).then_some((id, own))
        });
        let Some((id, own)) = found else {
            return Ok(None);
        };
        let rows = self.rows(
            id,
            &[("path", "file"), (field, own)],
            KeptColumns::default(),
        )?;
        Ok(Some(pairs(&rows, "path", field)))
    }

    /// The gender of each speaker, from the labels of the scheme of speakers: a mapping in the header, or a table.
    fn genders(&self, speaker: &str, gender: &str) -> Result<HashMap<String, String>, CorpusError> {
        let schemes = self.header.tables.values();
        let scheme = schemes
            .flat_map(TableHeader::columns)
            .find(|(name, scheme)| *name == speaker || *scheme == Some(speaker))
            .and_then(|(_, scheme)| scheme)
            .unwrap_or(speaker);
        let Some(scheme) = self.header.schemes.get(scheme) else {
            return Ok(HashMap::new());
        };
        if let Some(id) = scheme.labels_table() {
            let table = self.header.misc_tables.get(id);
            let columns = table.and_then(|table| Some((table.level()?, table.column(gender)?)));
            let Some((level, gender)) = columns else {
                return Ok(HashMap::new());
            };
            let rows = self.rows(
                id,
                &[("speaker", level), ("gender", gender)],
                KeptColumns::default(),
            )?;
            return Ok(pairs(&rows, "speaker", "gender"));
        }
        let labels = scheme.labels_with(gender);
        Ok(labels
            .map(|(name, value)| (name.into(), value.into()))
            .collect())
    }
}

/// Two fields of rows, those of the first row of a key.
fn pairs(rows: &Rows, key: &str, value: &str) -> HashMap<String, String> {
    let mut pairs = HashMap::new();
    for row in rows.rows.iter().filter_map(|(_, row)| row.as_ref().ok()) {
        if let (Some(key), Some(value)) = (row.get(key), row.get(value)) {
            pairs
                .entry(key.to_string())
                .or_insert_with(|| value.to_string());
        }
    }
    pairs
}
