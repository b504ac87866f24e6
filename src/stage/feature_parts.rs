//! Items with their features, a part at a time, so that stopping takes effect soon.

use pipe_engine::stage::{AggregateContext, Interrupted, LoadedItem};
use pipe_foundation::FeaturesView;

use crate::items::features;

/// Items of a part.
const PART: usize = 256;

/// Hands `items` to `each` in their order.
///
/// # Errors
/// Features that cannot be read, what `each` says, and [`Interrupted`].
pub fn for_each_part(
    items: &[&LoadedItem],
    context: &AggregateContext<'_>,
    mut each: impl FnMut(&[&LoadedItem], &[FeaturesView<'_>]) -> miette::Result<()>,
) -> miette::Result<()> {
    for part in items.chunks(PART) {
        if context.progress.interrupted() {
            return Err(Interrupted.into());
        }
        let views: Vec<FeaturesView<'_>> = part
            .iter()
            .map(|item| features(&item.blob))
            .collect::<Result<_, _>>()?;
        each(part, &views)?;
    }
    Ok(())
}
