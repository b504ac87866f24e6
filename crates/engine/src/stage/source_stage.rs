//! Stages that list items and read their data.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;

use crate::artifact::{BadItem, Item, ItemData};
use crate::cache::{FileInfo, Measure};

use super::{ItemError, ItemSize};

/// Everything a source lists, and what it says about it.
#[derive(Clone, Debug, Default)]
pub struct SourceListing {
    /// Usable items, sorted by id, each with the digest of all that determines its data, such as the content of a file.
    pub items: Vec<Item>,
    /// What the source promises and lacks: it is missing, cannot be read, or is not understood. It counts as bad items do.
    pub missing: Vec<BadItem>,
    /// How many were left out for any reason, the missing ones included.
    pub left_out: usize,
    /// How many were left out for each cause, in words of the domain such as `repeated`.
    pub causes: BTreeMap<String, usize>,
    /// Oddities a person should know of.
    pub warnings: Vec<String>,
    /// Tables for people, by file name, such as `split.tsv`.
    pub tables: BTreeMap<String, String>,
    /// What else the domain wants to know of it after the run; the engine does not look at it.
    pub details: Option<Arc<dyn Any + Send + Sync>>,
}

impl SourceListing {
    /// Name of the table of what was left out.
    pub const DROPPED: &str = "dropped.tsv";

    /// The digest of each item, by id.
    pub fn digests(&self) -> BTreeMap<String, Digest> {
        let items = self.items.iter();
        items
            .map(|item| (item.facts.id().to_owned(), item.digest))
            .collect()
    }

    /// A listing of `items` in any order, of which nothing else is to be said.
    pub fn of(mut items: Vec<Item>) -> Self {
        items.sort_by(|a, b| a.facts.id().cmp(b.facts.id()));
        Self {
            items,
            ..Self::default()
        }
    }
}

/// The stat cache, as sources see it.
pub trait FileInfos: Sync {
    /// Digest of a file, which is read only where it is not as remembered.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn digest(&self, path: &Path) -> std::io::Result<Digest>;

    /// Digest of a file and what `measure` finds of its content, such as the length of its audio in seconds. The file
    /// is read and measured only where it is not as remembered. All sources of a domain must measure the same.
    ///
    /// # Errors
    /// When the file cannot be read or measured.
    fn measured(&self, path: &Path, measure: Measure<'_>) -> std::io::Result<FileInfo>;

    /// As [`Self::measured`], of a file of which an earlier version of the program may have remembered something else
    /// than `measure` finds; it is read and measured once more.
    ///
    /// # Errors
    /// As [`Self::measured`].
    fn measured_again(&self, path: &Path, measure: Measure<'_>) -> std::io::Result<FileInfo>;
}

/// A stage that lists items.
pub trait SourceStage: Send + Sync {
    /// Lists the items. Called on every run, also when nothing changed, so it must be fast.
    ///
    /// # Errors
    /// When the data cannot be listed, or break a rule such as what may not be in two parts.
    fn list(&self, files: &dyn FileInfos) -> miette::Result<SourceListing>;

    /// The file that the data of an item are read from, which must be as it was listed when they have been read.
    fn file_of<'a>(&self, _item: &'a Item) -> Option<&'a Path> {
        None
    }

    /// An estimate of the size of the data of one item, by what is known of it before they are read. It decides how many
    /// items are in flight at once, never a result.
    fn size(&self, _item: &Item) -> ItemSize {
        ItemSize::default()
    }

    /// Reads the data of one item; soon after `progress` says so, it ends with an error instead.
    ///
    /// # Errors
    /// When they are not readable.
    fn load(&self, item: &Item, progress: &dyn Progress) -> Result<Box<dyn ItemData>, ItemError>;

    /// What a set of items is made of, such as counts by class, for people; it is kept in the record of each step of
    /// items, and no key depends on it.
    fn composition(&self, _items: &[Item]) -> Option<serde_json::Value> {
        None
    }
}
