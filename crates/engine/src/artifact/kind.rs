//! The kinds of artifacts.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{DataError, ItemData};

/// Reads the stored form of one item.
pub type Decode = fn(&[u8]) -> Result<Box<dyn ItemData>, DataError>;

/// What a step makes and another takes. A domain declares its kinds as constants; a name identifies one kind.
#[derive(Clone, Copy)]
pub struct ArtifactKind {
    name: &'static str,
    decode: Decode,
}

impl ArtifactKind {
    /// Plain files; as items, bytes that nobody interprets.
    pub const FILES: Self = Self::of_files("files");

    /// A kind whose steps make a set of files.
    pub const fn of_files(name: &'static str) -> Self {
        Self {
            name,
            decode: super::bytes::decode,
        }
    }

    /// A kind whose steps make items, which `decode` reads from their stored form.
    pub const fn of_items(name: &'static str, decode: Decode) -> Self {
        Self { name, decode }
    }

    /// The name used in messages and records.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Reads the stored form of an item of this kind.
    ///
    /// # Errors
    /// When the bytes are something else.
    pub fn decode(self, bytes: &[u8]) -> Result<Box<dyn ItemData>, DataError> {
        (self.decode)(bytes)
    }
}

impl PartialEq for ArtifactKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ArtifactKind {}

impl fmt::Debug for ArtifactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Serialize for ArtifactKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}
