//! What steps make and take: sets of items and sets of files, each known by a digest.

mod blob;
mod bytes;
mod data;
mod files;
mod item;
mod key;
mod kind;

pub use blob::{Blob, MappedPack};
pub use bytes::Bytes;
pub use data::{DataError, ItemData};
pub use files::{FileEntry, FileSet};
pub use item::{BadItem, Item, ItemFacts, ItemId, digest_of_set, item_set_digest};
pub use key::{Difference, FingerprintInputs, input_names};
pub use kind::{ArtifactKind, Decode};
