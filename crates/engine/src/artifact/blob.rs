//! The bytes of one item where they are: inside a mapped pack.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::system::Mapping;

/// A pack in memory.
#[derive(Debug)]
pub struct MappedPack {
    /// Where the pack is.
    pub path: PathBuf,
    /// Its bytes.
    pub map: Mapping,
}

/// Bytes of one item inside a mapped pack; cheap to clone.
#[derive(Clone, Debug)]
pub struct Blob {
    pack: Arc<MappedPack>,
    range: Range<usize>,
}

impl Blob {
    /// The part of `pack` in `range`, if it is inside.
    pub fn new(pack: Arc<MappedPack>, range: Range<usize>) -> Option<Self> {
        pack.map.get(range.clone())?;
        Some(Self { pack, range })
    }

    /// The pack that the bytes are in.
    pub fn pack(&self) -> &Path {
        &self.pack.path
    }

    /// Where in the pack they start, in bytes.
    pub fn offset(&self) -> usize {
        self.range.start
    }
}

impl std::ops::Deref for Blob {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.pack.map[self.range.clone()]
    }
}
