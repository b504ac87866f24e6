//! The kinds of artifacts, and the data of one item: on its way through a group of steps, and in a pack.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::{self, Debug};

use miette::Diagnostic;
use pipe_foundation::Digest;
use pipe_foundation::progress::{Interrupted, Progress};
use serde::{Serialize, Serializer};
use thiserror::Error;

/// The data of one item. A domain has one type for each kind of item; [`Bytes`](super::Bytes) are the engine's own.
///
/// Stored items are safetensors documents by convention, so that Python reads packs too.
pub trait ItemData: Any + Debug + Send + Sync {
    /// Which kind of artifact such items make up.
    fn kind(&self) -> ArtifactKind;

    /// The stored form; equal data give equal bytes.
    ///
    /// # Errors
    /// When the data have no stored form, which a well-formed item never meets.
    fn encode(&self) -> Result<Vec<u8>, DataError>;

    /// The stored form in parts, to be put one after another. Large data are lent as they are, so that they are not held
    /// twice.
    ///
    /// # Errors
    /// As [`Self::encode`].
    fn parts(&self) -> Result<Vec<Cow<'_, [u8]>>, DataError> {
        Ok(vec![Cow::Owned(self.encode()?)])
    }

    /// The digest of the stored form, which large data need not have together for it; with looks at `progress`.
    ///
    /// # Errors
    /// As [`Self::encode`]; also once interrupted, and where the data are elsewhere and cannot be read any more.
    fn digest(&self, progress: &dyn Progress) -> Result<Digest, DigestError> {
        Ok(Digest::of_parts(&self.parts()?, progress)?)
    }
}

/// Why data have no digest.
#[derive(Debug, Error)]
pub enum DigestError {
    /// They have no stored form.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The user has asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// They cannot be read any more.
    #[error(transparent)]
    Read(std::io::Error),
}

impl dyn ItemData {
    /// The data as those of one type, if they are.
    pub fn downcast_ref<T: ItemData>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}

/// Stored data that is not what it should be.
#[derive(Debug, Error, Diagnostic)]
#[error("stored data is not {expected}: {reason}")]
#[diagnostic(code(artifact::data))]
pub struct DataError {
    expected: &'static str,
    reason: String,
}

impl DataError {
    /// Data that should have been `expected`, as in "audio", and why they are not.
    pub fn new(expected: &'static str, reason: impl ToString) -> Self {
        Self {
            expected,
            reason: reason.to_string(),
        }
    }
}

/// Reads the stored form of one item.
pub type Decode = fn(&[u8]) -> Result<Box<dyn ItemData>, DataError>;

/// What a step makes and another takes. A domain declares its kinds as constants; a name identifies one kind.
#[derive(Clone, Copy)]
pub struct ArtifactKind {
    name: &'static str,
    decode: Decode,
}

impl ArtifactKind {
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
