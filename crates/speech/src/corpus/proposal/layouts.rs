//! Which reader fits a folder or a table, and with which options.

use std::path::Path;

use pipe_foundation::{Limit, regular_file};
use serde_json::{Value, json};

use crate::corpus::reader::{table_cells, table_format};
use crate::corpus::walk::FoundFile;

use super::class_folders;
use super::columns::{self, Cells, Column, FileNames, PathFit};
use super::counted::counted;
use super::layout::Layout;

/// The column with the files of an audio folder of Hugging Face.
const FILE_NAME: &str = "file_name";

/// The layout of a folder, by the files that tools put there, by its tables, and by the names of folders.
pub(super) fn folder_layout(root: &Path, files: &[FoundFile], file_bytes: Limit) -> Option<Layout> {
    let named = |name: &str| {
        let of_name = files
            .iter()
            .filter(|file| file.name().eq_ignore_ascii_case(name));
        of_name
            .map(|file| file.relative.as_str())
            .collect::<Vec<_>>()
    };
    if named("db.yaml").contains(&"db.yaml") {
        return Some(Layout::new(
            "audformat",
            "db.yaml is the header of a database in audformat.",
        ));
    }
    let data_folders = named("wav.scp");
    if let Some(first) = data_folders.first() {
        let layout = Layout::new(
            "kaldi",
            match data_folders.len() {
                1 => "wav.scp is of a data folder of Kaldi.".to_string(),
                many => format!(
                    "{many} data folders of Kaldi: this is the entry of the first, copy it for {}.",
                    data_folders[1..].join(", ")
                ),
            },
        );
        let folder = first.rsplit_once('/').map_or("", |(folder, _)| folder);
        return Some(match folder {
            "" => layout,
            folder => layout.option("folder", json!(folder), ""),
        });
    }
    let metadata = [named("metadata.csv"), named("metadata.jsonl")].concat();
    if let Some(first) = metadata.first() {
        let mut layout = Layout::new(
            "huggingface",
            format!(
                "{} is of an audio folder of Hugging Face.",
                metadata.join(" and ")
            ),
        );
        if let Ok(cells) = cells(root, first, file_bytes) {
            let found = columns::other_columns(&cells, Some(FILE_NAME));
            set_columns(&mut layout, &found, &cells, Some(FILE_NAME));
        }
        return Some(layout);
    }
    let tables = files.iter().filter(|file| {
        file.folders().count() <= 2 && !file.is_audio() && table_format(file.name()).is_some()
    });
    let mut layouts: Vec<(usize, Layout)> = tables
        .filter_map(|table| {
            let layout = table_layout(root, &table.relative, files, file_bytes).ok()?;
            let rows = layout
                .options
                .get("rows")
                .and_then(Value::as_u64)
                .unwrap_or(0);
            Some((rows as usize, layout))
        })
        .collect();
    // The first of those that name most files.
    layouts.sort_by_key(|(rows, _)| std::cmp::Reverse(*rows));
    let others: Vec<String> = layouts
        .iter()
        .skip(1)
        .filter_map(|(_, layout)| layout.options.get("table")?.as_str().map(str::to_string))
        .collect();
    if let Some((_, mut layout)) = layouts.into_iter().next() {
        layout.options.remove("rows");
        if !others.is_empty() {
            layout.comments.push(format!(
                "Other tables with paths, not used: {}. To use one, give it to `pipe corpora add`.",
                others.join(", ")
            ));
        }
        return Some(layout);
    }
    class_folders::layout(files)
}

/// The encoding of western Windows.
const WINDOWS: &str = "windows-1252";

/// Reads a table as cells.
fn cells(root: &Path, table: &str, file_bytes: Limit) -> Result<Cells, String> {
    let bytes = regular_file::read(&root.join(table), file_bytes)
        .map_err(|error| format!("{table} cannot be read: {error}"))?;
    // Bytes that are no UTF-8 are most often of Windows in the west; a mark at the start says otherwise.
    let is_marked = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let is_utf_8 = std::str::from_utf8(&bytes).is_ok();
    let encoding = (!is_utf_8 && !is_marked).then_some(WINDOWS);
    let (names, rows) =
        table_cells(&bytes, table, encoding).map_err(|reason| format!("{table} {reason}"))?;
    Ok(Cells {
        names,
        rows,
        encoding,
    })
}

/// A table with a column of paths.
///
/// # Errors
/// What was seen instead.
pub(super) fn table_layout(
    root: &Path,
    table: &str,
    files: &[FoundFile],
    file_bytes: Limit,
) -> Result<Layout, String> {
    let cells = cells(root, table, file_bytes)?;
    let recordings: Vec<FoundFile> = files
        .iter()
        .filter(|file| file.is_audio())
        .cloned()
        .collect();
    let found = columns::path_column(&cells, &FileNames::new(&recordings));
    let Some((path, fit)) = found else {
        return Err(format!(
            "{table} has the columns {}, and none of them names one of the {} recordings in {}",
            cells.names.join(", "),
            recordings.len(),
            root.display()
        ));
    };
    let PathFit {
        audio_folder,
        extension,
        ..
    } = &fit;
    let rows = cells.rows.len();
    let mut layout = Layout::new("table", format!("{table} has {}.", counted(rows, "row"))).option(
        "table",
        json!(table),
        "",
    );
    if !audio_folder.is_empty() {
        layout = layout.option("audio_folder", json!(audio_folder), "where its paths start");
    }
    if let Some(extension) = extension {
        layout = layout.option("audio_extension", json!(extension), "which its paths lack");
    }
    if let Some(encoding) = cells.encoding {
        layout = layout.option(
            "encoding",
            json!(encoding),
            "it is not UTF-8: check that letters such as ü and é are right",
        );
    }
    let mut found = vec![path.clone()];
    found.extend(columns::other_columns(&cells, Some(&path.name)));
    set_columns(&mut layout, &found, &cells, None);
    // For the choice between tables.
    layout.options.insert("rows".into(), json!(fit.found));
    Ok(layout)
}

/// Names the columns that were found, and says which were not; `path` is the one with the files where the reader knows that
/// itself.
fn set_columns(layout: &mut Layout, found: &[Column], cells: &Cells, path: Option<&str>) {
    let columns: serde_json::Map<String, Value> = found
        .iter()
        .map(|column| (column.field.to_string(), json!(column.name)))
        .collect();
    for column in found {
        let key = format!("options.columns.{}", column.field);
        layout.key_comments.insert(key, column.reason.clone());
    }
    layout
        .options
        .insert("columns".into(), Value::Object(columns));
    if let Some(further) = columns::further_columns(cells, found, path) {
        layout.comments.push(format!(
            "Further columns, which `columns` of an ingest stage can keep: {further}."
        ));
    }
    if let Some(column) = found.iter().find(|column| column.field == "emotion") {
        layout.labels = columns::labels(cells, &column.name);
    }
    let is_found = |field: &str| found.iter().any(|column| column.field == field);
    let all = cells.names.join(", ");
    for (field, advice) in [
        (
            "speaker",
            "set columns.speaker, or constants.speaker if one person speaks",
        ),
        (
            "emotion",
            "set columns.emotion; without labels, only tasks with `classes = \"none\"` can use it",
        ),
    ] {
        if !is_found(field) {
            layout.comments.push(format!(
                "TO DO: no column for {field} was found among {all}: {advice}."
            ));
        }
    }
}
