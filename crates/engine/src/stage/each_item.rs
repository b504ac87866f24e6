//! An item-wise stage that is one function of the data.

use crate::artifact::ItemData;

use super::{ItemContext, ItemCopy, ItemError, ItemStage};

/// Makes each item by a function of nothing but the data of the item before.
pub struct EachItem<F>(pub F);

impl<F> ItemStage for EachItem<F>
where
    F: Fn(&dyn ItemData) -> Result<Box<dyn ItemData>, ItemError> + Send + Sync,
{
    fn process(
        &self,
        _copy: &ItemCopy,
        input: &dyn ItemData,
        _context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        (self.0)(input)
    }
}
