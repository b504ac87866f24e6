//! Items with their features, a part at a time, so that stopping takes effect soon.

use pipe_engine::stage::{AggregateContext, LoadedItem};
use pipe_foundation::{Features, FeaturesView};

use crate::items::features;

use super::normaliser::Normaliser;

/// Items of a part, at most.
const PART: usize = 256;
/// Bytes of a part, at most; a larger item is a part of its own.
const PART_BYTES: usize = 64 << 20;

/// Hands `items` to `each` in their order, with their features as `normaliser` makes them.
///
/// # Errors
/// Features that cannot be read, what `each` says, and [`Interrupted`](pipe_engine::stage::Interrupted).
pub fn for_each_part(
    items: &[&LoadedItem],
    normaliser: &Normaliser,
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
        let normalised: Vec<Option<Features>> = part
            .iter()
            .zip(&views)
            .map(|(item, view)| normaliser.apply(item, *view))
            .collect::<Result<_, _>>()?;
        let views: Vec<FeaturesView<'_>> = normalised
            .iter()
            .zip(views)
            .map(|(made, view)| made.as_ref().map_or(view, Features::view))
            .collect();
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
