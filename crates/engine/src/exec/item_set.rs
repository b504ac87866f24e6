//! The items of one step after a pass, and whether they may be used.

use std::collections::{HashMap, HashSet};

use miette::Diagnostic;
use pipe_foundation::{Digest, by_cause};
use thiserror::Error;

use crate::artifact::{BadItem, Item};
use crate::cache::items::Location;

use super::item_outcome::Outcome;
use super::limit::exceeds;

/// Why a set of items is not usable.
#[derive(Clone, Debug, Error, Diagnostic)]
pub enum GroupError {
    /// Too many items are bad.
    #[error(
        "{}{bad} of {total} items cannot be used, more than the {limit} % that `max_bad` allows: {causes}",
        if *ended_early { "at least " } else { "" }
    )]
    #[diagnostic(
        code(items::too_many_bad),
        help(
            "fix the files, remove them from the data, or raise `max_bad` of this stage; finished work is kept"
        )
    )]
    TooManyBad {
        /// Items that could not be made, and those that the source lacks.
        bad: usize,
        /// All items.
        total: usize,
        /// The limit in percent.
        limit: f64,
        /// Why, most frequent cause first, each with an example.
        causes: String,
        /// True when the step ended as soon as it was past its limit.
        ended_early: bool,
    },
    /// Nothing is left.
    #[error("no items are left{}", if causes.is_empty() { String::new() } else { format!(": {causes}") })]
    #[diagnostic(
        code(items::none),
        help("the input is empty, or everything in it was left out")
    )]
    Empty {
        /// Why items could not be made, most frequent cause first, each with an example.
        causes: String,
    },
    /// Two items have the same id.
    #[error("two inputs contain the item {id}")]
    #[diagnostic(code(items::same_id), help("an item may be in one of the inputs only"))]
    SameId {
        /// The id.
        id: String,
    },
    /// Items were damaged or gone, and making them again gave others, as with a program that does not repeat itself.
    #[error("items of {step} had to be recomputed and came out different")]
    #[diagnostic(
        code(items::different),
        help("run again: whatever depends on them will be recomputed")
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

/// A set of items as it is after a pass.
pub struct ItemSet {
    /// The items, sorted by id.
    pub items: Vec<Item>,
    /// Key of each item, and where its bytes are.
    pub places: Vec<(Digest, Option<Location>)>,
    /// Items set aside, sorted by id.
    pub bad: Vec<BadItem>,
    /// Ids of items that were set aside for a failure that may pass, so that the step must be tried again.
    pub transient_failures: HashSet<String>,
    /// Items computed in the pass.
    pub computed: usize,
    /// Seconds of work, over all threads.
    pub busy_s: f64,
}

impl ItemSet {
    /// Ids of the items that the next run tries again, sorted.
    pub fn to_retry(&self) -> Vec<String> {
        let bad = self.bad.iter().map(|bad| &bad.id);
        bad.filter(|id| self.transient_failures.contains(*id))
            .cloned()
            .collect()
    }
}

/// Sorts what a pass found into the sets of the members.
pub fn collect(
    members: &[usize],
    mut outcomes: HashMap<usize, Vec<Outcome>>,
    busy_s: &HashMap<usize, f64>,
) -> HashMap<usize, ItemSet> {
    let mut sets = HashMap::new();
    for &member in members {
        let mut done = Vec::new();
        let mut bad = Vec::new();
        let mut transient_failures = HashSet::new();
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
                Outcome::Bad { item, permanent } => {
                    if !permanent {
                        transient_failures.insert(item.id.clone());
                    }
                    bad.push(item);
                }
                Outcome::Missing => {}
            }
        }
        done.sort_by(|(a, _), (b, _)| a.facts.id().cmp(b.facts.id()));
        bad.sort_by(|a: &BadItem, b: &BadItem| a.id.cmp(&b.id));
        let (items, places) = done.into_iter().unzip();
        let busy_s = busy_s.get(&member).copied().unwrap_or(0.0);
        sets.insert(
            member,
            ItemSet {
                items,
                places,
                bad,
                transient_failures,
                computed: computed_count,
                busy_s,
            },
        );
    }
    sets
}

/// What is known to be bad of a step.
pub struct BadOf<'a> {
    /// Items that it could not make.
    pub set_aside: &'a [BadItem],
    /// Items that its source lacks.
    pub missing: &'a [BadItem],
}

impl BadOf<'_> {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.set_aside.len() + self.missing.len()
    }

    /// Compares them with the limit of a step that came to `total` items with them.
    ///
    /// # Errors
    /// [`GroupError::TooManyBad`].
    pub fn check(&self, total: usize, max_bad: f64) -> Result<(), GroupError> {
        match exceeds(self.count(), total, max_bad) {
            true => Err(self.too_many(total, max_bad, false)),
            false => Ok(()),
        }
    }

    /// The error of a step that is past its limit.
    pub fn too_many(&self, total: usize, max_bad: f64, ended_early: bool) -> GroupError {
        GroupError::TooManyBad {
            bad: self.count(),
            total,
            // In percent, without the digits that a product in binary adds.
            limit: (max_bad * 1e8).round() / 1e6,
            causes: self.causes(),
            ended_early,
        }
    }

    /// Why they cannot be used, most frequent cause first.
    fn causes(&self) -> String {
        const SHOWN: usize = 3;
        let all = self.missing.iter().chain(self.set_aside);
        let reasons = all.map(|item| (item.id.as_str(), item.reason.as_str()));
        by_cause(reasons, SHOWN)
    }
}

/// Whether a set may be used, by the limit on bad items; `missing` are those that its source lacks.
///
/// # Errors
/// Too many are bad, none is left, or two have the same id.
pub fn usable(set: &ItemSet, missing: &[BadItem], max_bad: f64) -> Result<(), GroupError> {
    let bad = BadOf {
        set_aside: &set.bad,
        missing,
    };
    bad.check(set.items.len() + bad.count(), max_bad)?;
    if set.items.is_empty() {
        return Err(GroupError::Empty {
            causes: bad.causes(),
        });
    }
    match set
        .items
        .windows(2)
        .find(|pair| pair[0].facts.id() == pair[1].facts.id())
    {
        Some(pair) => Err(GroupError::SameId {
            id: pair[0].facts.id().to_owned(),
        }),
        None => Ok(()),
    }
}
