//! The items of one step after a pass, and whether they may be used.

use std::collections::HashMap;

use miette::Diagnostic;
use pipe_foundation::Digest;
use thiserror::Error;

use crate::artifact::{BadItem, Item};
use crate::cache::items::Location;

use super::walk::{Outcome, Walked};

/// Why a set of items is not usable.
#[derive(Debug, Error, Diagnostic)]
pub enum GroupError {
    /// Too many items are bad.
    #[error("{bad} of {total} items were set aside, more than the {limit} % allowed: {examples}")]
    #[diagnostic(
        code(items::too_many_bad),
        help("mend or remove the files, or raise `max_bad` of this stage; what was done is kept")
    )]
    TooManyBad {
        /// Items set aside.
        bad: usize,
        /// All items.
        total: usize,
        /// The limit in percent.
        limit: f64,
        /// The first few with their reasons.
        examples: String,
    },
    /// Nothing is left.
    #[error("no items are left")]
    #[diagnostic(
        code(items::none),
        help("the input is empty, or everything in it was left out; see the warnings above")
    )]
    Empty,
    /// Two items have the same id.
    #[error("two inputs hold an item called {id}")]
    #[diagnostic(code(items::same_id), help("name a corpus in one of the inputs only"))]
    SameId {
        /// The id.
        id: String,
    },
    /// Items were damaged or gone, and making them again gave others, as with a program that does not repeat itself.
    #[error("items of {step} had to be made again, and came out different")]
    #[diagnostic(
        code(items::different),
        help("run again: what depends on them will be made from the new ones")
    )]
    Different {
        /// The step.
        step: String,
    },
    /// Bytes are damaged and could not be made again.
    #[error("{count} items could not be read back from the cache: {first}")]
    #[diagnostic(code(items::unreadable), help("check the disk of the cache"))]
    Unreadable {
        /// How many.
        count: usize,
        /// The first one.
        first: String,
    },
}

/// A set of items as it stands after a pass.
pub struct ItemSet {
    /// The items, sorted by id.
    pub items: Vec<Item>,
    /// Key of each item, and where its bytes are.
    pub places: Vec<(Digest, Option<Location>)>,
    /// Items set aside, sorted by id.
    pub bad: Vec<BadItem>,
    /// True when a failure may pass, so that the step must be tried again.
    pub passing_failures: bool,
    /// Items computed in the pass.
    pub computed: usize,
    /// Seconds of work, over all threads.
    pub busy_s: f64,
}

/// Sorts what a pass found into the sets of the members.
pub fn collect(members: &[usize], walked: Walked) -> HashMap<usize, ItemSet> {
    let Walked {
        mut outcomes,
        busy_s,
        ..
    } = walked;
    let mut sets = HashMap::new();
    for &member in members {
        let mut done = Vec::new();
        let mut bad = Vec::new();
        let mut passing_failures = false;
        let mut computed_count = 0;
        for outcome in outcomes.remove(&member).unwrap_or_default() {
            match outcome {
                Outcome::Done {
                    item,
                    location,
                    key,
                    computed,
                } => {
                    computed_count += usize::from(computed);
                    done.push((item, (key, location)));
                }
                Outcome::Bad { item, lasting } => {
                    passing_failures |= !lasting;
                    bad.push(item);
                }
                Outcome::Missing => {}
            }
        }
        done.sort_by(|(a, _), (b, _)| a.utterance.id.cmp(&b.utterance.id));
        bad.sort_by(|a: &BadItem, b: &BadItem| a.id.cmp(&b.id));
        let (items, places) = done.into_iter().unzip();
        let busy_s = busy_s.get(&member).copied().unwrap_or(0.0);
        sets.insert(
            member,
            ItemSet {
                items,
                places,
                bad,
                passing_failures,
                computed: computed_count,
                busy_s,
            },
        );
    }
    sets
}

/// Whether a set may be used, by the limit on items set aside.
///
/// # Errors
/// Too many are bad, none is left, or two have the same id.
pub fn usable(set: &ItemSet, max_bad: f64) -> Result<(), GroupError> {
    let total = set.items.len() + set.bad.len();
    if set.bad.len() as f64 > max_bad * total as f64 {
        let shown = set
            .bad
            .iter()
            .take(3)
            .map(|item| format!("{}: {}", item.id, item.reason));
        let examples: Vec<String> = shown.collect();
        return Err(GroupError::TooManyBad {
            bad: set.bad.len(),
            total,
            limit: max_bad * 100.0,
            examples: examples.join("; "),
        });
    }
    if set.items.is_empty() {
        return Err(GroupError::Empty);
    }
    match set
        .items
        .windows(2)
        .find(|pair| pair[0].utterance.id == pair[1].utterance.id)
    {
        Some(pair) => Err(GroupError::SameId {
            id: pair[0].utterance.id.clone(),
        }),
        None => Ok(()),
    }
}
