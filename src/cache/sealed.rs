//! JSON documents below a line with their digest: a damaged one is never taken for another.

use std::path::Path;

use pipe_foundation::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::CacheError;

/// Writes `document` to `path`, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, document: &impl Serialize) -> Result<(), CacheError> {
    let json = serde_json::to_string_pretty(document)
        .map_err(|error| CacheError::write(path, error.into()))?;
    let text = format!("{}\n{json}\n", Digest::of(json.as_bytes()));
    super::write_atomically(path, text.as_bytes())
}

/// Reads the document at `path`; none when it is absent or not whole.
pub fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    parse(&std::fs::read_to_string(path).ok()?)
}

/// The document that [`write()`] made `text` of; none when it is not whole.
pub fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    let (check, json) = text.split_once('\n')?;
    let json = json.strip_suffix('\n')?;
    if Digest::parse(check)? != Digest::of(json.as_bytes()) {
        return None;
    }
    serde_json::from_str(json).ok()
}
