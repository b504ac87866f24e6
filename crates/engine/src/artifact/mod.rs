//! What steps make and take: sets of items and sets of files, each known by a digest.

mod blob;
mod bytes;
mod data;
mod data_error;
mod file_part;
mod files;
mod item;
mod key;
mod transfer;

pub use blob::{Blob, MappedPack};
pub use bytes::Bytes;
pub use data::{ArtifactKind, Decode, ItemData, Open, Take};
pub use data_error::DataError;
pub use file_part::FilePart;
pub use files::{FileEntry, FileSet, plain_relative};
pub use item::{BadItem, Item, ItemFacts, ItemId, digest_of_set, item_set_digest};
pub use key::{Difference, FingerprintInputs, input_names};
pub use transfer::{BLOCK_BYTES, TransferError};
