//! The bytes of one item in place: inside a mapped pack.

use std::ops::Range;
use std::sync::Arc;

use memmap2::Mmap;

/// Bytes of one item inside a mapped pack; cheap to clone.
#[derive(Clone, Debug)]
pub struct Blob {
    map: Arc<Mmap>,
    range: Range<usize>,
}

impl Blob {
    /// The part of `map` in `range`, if it is inside.
    pub fn new(map: Arc<Mmap>, range: Range<usize>) -> Option<Self> {
        map.get(range.clone())?;
        Some(Self { map, range })
    }
}

impl std::ops::Deref for Blob {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map[self.range.clone()]
    }
}
