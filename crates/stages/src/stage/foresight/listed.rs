//! The listings behind the inputs of a step.

use std::sync::Arc;

use pipe_engine::artifact::Item;
use pipe_engine::stage::{ListedInput, SourceListing, stands_under};
use pipe_speech::corpus::{Split, Utterance};

use crate::items::{ListingDetails, UtteranceItem, details};

/// What an ingest stage lists, with what it says of it.
#[derive(Clone)]
pub struct Listed<'a> {
    /// The items.
    pub listing: &'a SourceListing,
    /// What is known of them.
    pub details: Arc<ListingDetails>,
}

/// What is listed for all inputs of `parameter` with so many steps over whole sets between; none where something else than
/// an ingest stage is behind one of them, or nothing is.
pub fn listed<'a>(
    inputs: &[ListedInput<'a>],
    parameter: &str,
    whole_sets: usize,
) -> Option<Vec<Listed<'a>>> {
    let own = inputs
        .iter()
        .filter(|input| stands_under(input.parameter, parameter));
    let mut known: Vec<Listed<'a>> = Vec::new();
    for input in own {
        if input.whole_sets != whole_sets {
            return None;
        }
        for &listing in &input.listings {
            if known
                .iter()
                .any(|other| std::ptr::eq(other.listing, listing))
            {
                continue;
            }
            let details = details(listing)?;
            known.push(Listed { listing, details });
        }
    }
    (!known.is_empty()).then_some(known)
}

/// All items that are listed.
pub fn items<'a>(listed: &'a [Listed<'_>]) -> impl Iterator<Item = &'a Item> {
    listed.iter().flat_map(|listed| &listed.listing.items)
}

/// The utterances of the training split.
pub fn of_train<'a>(listed: &'a [Listed<'_>]) -> impl Iterator<Item = &'a Utterance> {
    let all = items(listed).map(UtteranceItem::utterance);
    all.filter(|utterance| utterance.split == Split::Train)
}
