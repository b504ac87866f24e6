//! The kinds of artifacts, and the data of one item: on its way through a group of steps, and in a pack.

use std::any::Any;
use std::fmt::{self, Debug};

use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;
use serde::{Serialize, Serializer};

use super::data_error::DataError;
use super::file_part::FilePart;
use super::transfer::{BLOCK_BYTES, TransferError};

/// What takes the stored form of data, block by block.
pub type Take<'t> = dyn FnMut(&[u8]) -> Result<(), TransferError> + 't;

/// The data of one item. A domain has one type for each kind of item; [`Bytes`](super::Bytes) are the engine's own.
///
/// Stored items are safetensors documents by convention, so that Python reads packs too.
pub trait ItemData: Any + Debug + Send + Sync {
    /// Which kind of artifact such items make up.
    fn kind(&self) -> ArtifactKind;

    /// Gives the stored form to `take`, in blocks that follow one another; equal data give equal bytes. Of data that are
    /// not held, no more than a block is read at a time. `take` looks whether to stop, so that this need not.
    ///
    /// # Errors
    /// Those of `take`, at once; also data without a stored form, which a well-formed item never meets, or that are
    /// elsewhere and cannot be read any more.
    fn write(&self, take: &mut Take<'_>) -> Result<(), TransferError>;

    /// The stored form as a whole.
    ///
    /// # Errors
    /// As [`Self::write`].
    fn encode(&self) -> Result<Vec<u8>, TransferError> {
        let mut bytes = Vec::new();
        self.write(&mut |block| {
            bytes.extend_from_slice(block);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// The digest of the stored form, which is never held as a whole; with looks at `progress`.
    ///
    /// # Errors
    /// As [`Self::write`]; also once interrupted.
    fn digest(&self, progress: &dyn Progress) -> Result<Digest, TransferError> {
        let mut hasher = blake3::Hasher::new();
        self.write(&mut |block| {
            for part in block.chunks(BLOCK_BYTES) {
                progress.check()?;
                hasher.update(part);
            }
            Ok(())
        })?;
        Ok(Digest(*hasher.finalize().as_bytes()))
    }
}

impl dyn ItemData {
    /// The data as those of one type, if they are.
    pub fn downcast_ref<T: ItemData>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}

/// Reads the stored form of one item.
pub type Decode = fn(&[u8]) -> Result<Box<dyn ItemData>, DataError>;

/// Reads as much of the stored form of one long item as has to be held; the rest stays where it is.
pub type Open = fn(FilePart) -> Result<Box<dyn ItemData>, TransferError>;

/// What a step makes and another takes. A domain declares its kinds as constants; a name identifies one kind.
#[derive(Clone, Copy)]
pub struct ArtifactKind {
    name: &'static str,
    decode: Decode,
    open: Option<Open>,
}

impl ArtifactKind {
    /// A kind whose steps make items, which `decode` reads from their stored form.
    pub const fn of_items(name: &'static str, decode: Decode) -> Self {
        Self {
            name,
            decode,
            open: None,
        }
    }

    /// The same kind, of whose long items `open` leaves most where they are stored. Without it they are held.
    pub const fn opened_by(self, open: Open) -> Self {
        Self {
            open: Some(open),
            ..self
        }
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

    /// Reads the stored form of a long item of this kind, which may stay where it is.
    ///
    /// # Errors
    /// When the bytes are something else, or cannot be read.
    pub fn open(self, part: FilePart) -> Result<Box<dyn ItemData>, TransferError> {
        match self.open {
            Some(open) => open(part),
            None => Ok(self.decode(&part.to_vec()?)?),
        }
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
