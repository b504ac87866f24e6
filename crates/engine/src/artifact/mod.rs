//! What steps make and take: sets of items and sets of files, each known by a digest.

mod blob;
mod bytes;
mod data;
mod files;
mod item;
mod key;

pub use blob::{Blob, MappedPack};
pub use bytes::Bytes;
pub use data::{ArtifactKind, DataError, Decode, DigestError, ItemData};
pub use files::{FileEntry, FileSet, plain_relative};
pub use item::{BadItem, Item, ItemFacts, ItemId, digest_of_set, item_set_digest};
pub use key::{Difference, FingerprintInputs, input_names};
