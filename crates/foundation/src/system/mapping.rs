//! The bytes of a file in memory.

use std::ops::Deref;

use memmap2::Mmap;

/// The bytes of a file: as pages that the kernel reads when they are looked at, or as a copy.
#[derive(Debug)]
pub enum Mapping {
    /// Pages of the file.
    Pages(Mmap),
    /// A copy.
    Copy(Vec<u8>),
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Pages(map) => map,
            Self::Copy(bytes) => bytes,
        }
    }
}
