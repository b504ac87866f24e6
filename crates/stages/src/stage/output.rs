//! Files of a result: texts, JSON, tables.

use std::path::Path;

use pipe_foundation::spreadsheet::guarded;

/// A file that cannot be written.
#[derive(Debug)]
pub struct Unwritten {
    /// Its name.
    pub name: &'static str,
    /// Why.
    pub reason: String,
}

/// Writes a text into the folder of the results.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(folder: &Path, name: &'static str, text: &str) -> Result<(), Unwritten> {
    std::fs::write(folder.join(name), text).map_err(|error| Unwritten {
        name,
        reason: error.to_string(),
    })
}

/// Writes a value as JSON for people.
///
/// # Errors
/// As [`write`].
pub fn write_json(
    folder: &Path,
    name: &'static str,
    value: &impl serde::Serialize,
) -> Result<(), Unwritten> {
    let json = serde_json::to_string_pretty(value).map_err(|error| Unwritten {
        name,
        reason: error.to_string(),
    })?;
    write(folder, name, &(json + "\n"))
}

/// Writes rows as a table with a heading.
///
/// # Errors
/// As [`write`].
pub fn write_csv(
    folder: &Path,
    name: &'static str,
    heading: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<(), Unwritten> {
    let failed = |reason: String| Unwritten { name, reason };
    let mut table = csv::Writer::from_path(folder.join(name)).map_err(|e| failed(e.to_string()))?;
    table
        .write_record(heading)
        .map_err(|e| failed(e.to_string()))?;
    for row in rows {
        table
            .write_record(row.iter().map(|cell| guarded(cell).into_owned()))
            .map_err(|e| failed(e.to_string()))?;
    }
    table.flush().map_err(|e| failed(e.to_string()))
}
