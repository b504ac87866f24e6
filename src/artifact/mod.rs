//! What steps make and take: sets of items (one per utterance) and sets of files, each known by a digest.

mod blob;
mod composition;
mod data;
mod files;
mod item;
mod key;
mod kind;

pub use blob::Blob;
pub use composition::{Composition, CompositionRow};
pub use data::{DataError, ItemData, features};
pub use files::{FileEntry, FileSet};
pub use item::{BadItem, Item, digest_of_set, item_set_digest};
pub use key::{Difference, FingerprintInputs, input_names};
pub use kind::ArtifactKind;
