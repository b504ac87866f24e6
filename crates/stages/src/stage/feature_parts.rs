//! Items with their features, a part at a time, so that stopping takes effect soon.

use pipe_engine::stage::{AggregateContext, LoadedItem};
use pipe_foundation::FeaturesView;

use crate::items::features;

/// Items of a part, at most.
const PART: usize = 256;
/// Bytes of a part, at most; a larger item is a part of its own.
const PART_BYTES: usize = 64 << 20;

/// Hands `items` to `each` in their order.
///
/// # Errors
/// Features that cannot be read, what `each` says, and [`Interrupted`](pipe_engine::stage::Interrupted).
pub fn for_each_part(
    items: &[&LoadedItem],
    context: &AggregateContext<'_>,
    mut each: impl FnMut(&[&LoadedItem], &[FeaturesView<'_>]) -> miette::Result<()>,
) -> miette::Result<()> {
    let mut rest = items;
    while !rest.is_empty() {
        context.progress.check()?;
        let (part, later) = rest.split_at(part(rest));
        rest = later;
        let views: Vec<FeaturesView<'_>> = part
            .iter()
            .map(|item| features(&item.blob))
            .collect::<Result<_, _>>()?;
        each(part, &views)?;
    }
    Ok(())
}

/// How many of `items` the next part has.
fn part(items: &[&LoadedItem]) -> usize {
    let mut bytes = 0_usize;
    let fitting = items.iter().take(PART).take_while(|item| {
        bytes = bytes.saturating_add(item.blob.len());
        bytes <= PART_BYTES
    });
    fitting.count().max(1)
}
