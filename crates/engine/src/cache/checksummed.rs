//! JSON documents below a line with their digest: a damaged one is never taken for another.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pipe_foundation::system::System;
use pipe_foundation::{Digest, durable};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::CacheError;
use super::folder;

/// What was found where a document is kept. One that cannot be read is neither: it is an error.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored<T> {
    /// It is as it was written.
    Whole(T),
    /// Its bytes can be read, and are not those that were written.
    Damaged,
    /// There is none.
    Absent,
}

impl<T> Stored<T> {
    /// The document, if it is whole.
    pub fn whole(self) -> Option<T> {
        match self {
            Self::Whole(document) => Some(document),
            Self::Damaged | Self::Absent => None,
        }
    }
}

/// Writes `document` to `path`, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write(
    system: &dyn System,
    path: &Path,
    document: &impl Serialize,
) -> Result<(), CacheError> {
    let text = text(path, document)?;
    let written = durable::write(system, path, text.as_bytes());
    written.map_err(|error| CacheError::write(path, error))
}

/// As [`write()`], without waiting until it is durable.
///
/// # Errors
/// When it cannot be written.
pub fn place(
    system: &dyn System,
    path: &Path,
    document: &impl Serialize,
) -> Result<(), CacheError> {
    let text = text(path, document)?;
    let placed = durable::place(system, path, text.as_bytes());
    placed.map_err(|error| CacheError::write(path, error))
}

fn text(path: &Path, document: &impl Serialize) -> Result<String, CacheError> {
    let json = serde_json::to_string_pretty(document)
        .map_err(|error| CacheError::write(path, error.into()))?;
    Ok(format!("{}\n{json}\n", Digest::of(json.as_bytes())))
}

/// A document in a folder: its path, and what is in it or why it cannot be read.
pub type Record<T> = (PathBuf, Result<Stored<T>, CacheError>);

/// The documents of a folder, which are the files that end in `.json`.
///
/// # Errors
/// When the folder exists but cannot be read.
pub fn read_all<T: DeserializeOwned>(
    system: &dyn System,
    folder: &Path,
) -> Result<Vec<Record<T>>, CacheError> {
    let paths = folder::entries(system, folder)?.into_iter();
    let paths = paths.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let record = |path: PathBuf| {
        let document = read(system, &path);
        (path, document)
    };
    Ok(paths.map(record).collect())
}

/// Reads the document at `path`.
///
/// # Errors
/// When it exists but cannot be read.
pub fn read<T: DeserializeOwned>(
    system: &dyn System,
    path: &Path,
) -> Result<Stored<T>, CacheError> {
    match system.read(path) {
        Ok(bytes) => Ok(parse(&bytes).map_or(Stored::Damaged, Stored::Whole)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Stored::Absent),
        Err(error) => Err(CacheError::read(path, error)),
    }
}

/// The document that [`write()`] made `bytes` of; none when it is not whole.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (check, json) = text.split_once('\n')?;
    let json = json.strip_suffix('\n')?;
    if Digest::parse(check)? != Digest::of(json.as_bytes()) {
        return None;
    }
    serde_json::from_str(json).ok()
}
