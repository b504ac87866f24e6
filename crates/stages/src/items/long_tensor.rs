//! The only tensor of a stored item, left where it is.

use pipe_engine::artifact::{DataError, FilePart, TransferError};
use serde_json::Value as Json;

use super::tensor_header::tensor_header;

/// Heads of stored items are shorter.
const MOST_HEADER_BYTES: u64 = 1 << 12;

/// A tensor of 32-bit floats in a file.
pub struct LongTensor {
    /// Its sides.
    pub shape: Vec<usize>,
    /// Its values, one after another.
    pub values: FilePart,
    /// The one entry of the metadata that was asked for, if there is one.
    pub entry: Option<String>,
}

impl LongTensor {
    /// The tensor called `name` of the stored form `part`, with the entry `key` of the metadata. None where anything about
    /// its head is not as [`tensor_header`] has it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(
        part: &FilePart,
        name: &str,
        key: Option<&str>,
    ) -> Result<Option<Self>, TransferError> {
        let mut length = [0; 8];
        part.read_at(&mut length, 0)?;
        let length = u64::from_le_bytes(length);
        if length > MOST_HEADER_BYTES {
            return Ok(None);
        }
        let mut head = vec![0; 8 + length as usize];
        part.read_at(&mut head, 0)?;
        let Ok(json) = serde_json::from_slice::<Json>(&head[8..]) else {
            return Ok(None);
        };
        let sides = json[name]["shape"].as_array();
        let sides = sides.into_iter().flatten().map(Json::as_u64);
        let shape: Option<Vec<usize>> = sides.map(|side| Some(side? as usize)).collect();
        let shape = shape.unwrap_or_default();
        let entry = key.and_then(|key| json["__metadata__"][key].as_str());
        let entry = entry.map(str::to_owned);
        let metadata = key.zip(entry.clone());
        let is_own = |expected: Result<Vec<u8>, DataError>| {
            let bytes = 4 * shape.iter().product::<usize>() as u64;
            expected.is_ok_and(|expected| expected == head)
                && part.bytes() == head.len() as u64 + bytes
        };
        match is_own(tensor_header(name, &shape, metadata)) {
            true => Ok(Some(Self {
                values: part.from(head.len() as u64),
                shape,
                entry,
            })),
            false => Ok(None),
        }
    }
}
