//! Stages that make one item from another.

use std::path::Path;
use std::sync::Arc;

use pipe_foundation::progress::Progress;
use serde_json::Value as Json;

use crate::artifact::{FingerprintInputs, Item, ItemData, ItemFacts};

use super::{DeclaredFile, DeclaredFolder, ItemError, ItemSize, Resources};

/// One result that an item-wise stage makes of an item: the item itself, or a copy of it.
#[derive(Clone, Debug)]
pub struct ItemCopy {
    /// What is known of it; copies have ids of their own.
    pub facts: Arc<dyn ItemFacts>,
    /// What the result depends on besides the stage's parameters and the input's bytes.
    pub fingerprint: String,
    /// Which copy it is, as the stage numbers them.
    pub index: usize,
}

/// An item-wise stage.
pub trait ItemStage: Send + Sync {
    /// The parameters that every item depends on; all keyed ones unless the stage knows better.
    fn item_parameters(&self, all: &Json) -> Json {
        all.clone()
    }

    /// The parameters as they take effect, where the meaning of one depends on others: what is recorded of how items were
    /// made, so that two spellings of the same are the same.
    fn effective_parameters(&self, all: &Json) -> Json {
        all.clone()
    }

    /// Adds what every item depends on other than parameters and declared files.
    fn external_inputs(&self, _fingerprint: &mut FingerprintInputs) {}

    /// Files outside the cache that every item depends on.
    fn files(&self) -> &[DeclaredFile] {
        &[]
    }

    /// The folders and patterns that some of these files were found by.
    fn folders(&self) -> &[DeclaredFolder] {
        &[]
    }

    /// Whether results made with other contents of these files were made in another way, as with another model; false where
    /// the files are data, so that only what comes of them counts.
    fn files_are_in_lineage(&self) -> bool {
        true
    }

    /// Tells all items that the source of its input lists, before any of them is taken: for stages whose results depend on
    /// which others there are. What they take from it belongs in the fingerprints of [`ItemStage::copies`].
    fn listed(&self, _items: &[Item]) {}

    /// What is made of one item; itself unless the stage makes copies or leaves some out.
    fn copies(&self, facts: &Arc<dyn ItemFacts>) -> Vec<ItemCopy> {
        vec![ItemCopy {
            facts: facts.clone(),
            fingerprint: String::new(),
            index: 0,
        }]
    }

    /// The most that [`ItemStage::copies`] gives for any item.
    fn most_copies(&self) -> usize {
        1
    }

    /// False where results depend on what is known of an item and not on its data, which is then not read or made for
    /// this stage: it is given empty [`Bytes`](crate::artifact::Bytes). The digest of the item is in the key all the same.
    fn reads_data(&self) -> bool {
        true
    }

    /// True when equal input may give other bytes, so that results must be kept.
    fn must_store(&self) -> bool {
        false
    }

    /// What the work on one item takes of the machine.
    fn resources(&self) -> Resources {
        Resources::default()
    }

    /// An estimate of the size of the result, by what is known of the item at its source and the estimate for the input;
    /// as long as the input, and both held as a whole, unless the stage knows better. It decides how many items are in
    /// flight at once.
    fn size(&self, _source: &dyn ItemFacts, input: ItemSize) -> ItemSize {
        ItemSize::held(input.bytes).with_all_of(input)
    }

    /// Makes the result; within a second after the progress of `context` says so, it ends with an error instead.
    ///
    /// # Errors
    /// When this item has none.
    fn process(
        &self,
        copy: &ItemCopy,
        input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError>;

    /// How many items it takes at once, at most. They share one lot of its [`Resources`].
    fn batch(&self) -> usize {
        1
    }

    /// Makes the results of several items, in their order.
    fn process_batch(
        &self,
        items: &[(&ItemCopy, &dyn ItemData)],
        context: &ItemContext<'_>,
    ) -> Vec<Result<Box<dyn ItemData>, ItemError>> {
        let items = items.iter();
        let made = items.map(|(copy, input)| self.process(copy, *input, context));
        made.collect()
    }

    /// Lets go of what it has kept from one item for the next: called when there are no more, or the run ends before.
    fn finish(&self, _progress: &dyn Progress) {}
}

/// What an item-wise stage may use while it works.
pub struct ItemContext<'a> {
    /// A folder for temporary files of this run.
    pub scratch: &'a Path,
    /// Whether to stop.
    pub progress: &'a dyn Progress,
    /// Threads it may use.
    pub threads: usize,
    /// Numbers of the devices that are lent to it, as many as it declared or as there are.
    pub devices: &'a [usize],
}
