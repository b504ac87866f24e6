//! The limits on bad items during a pass: a step that is certain to be past its own takes no more of them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::plan::Plan;

/// Whether `bad` of `total` items are more than the fraction `max_bad`.
pub fn exceeds(bad: usize, total: usize, max_bad: f64) -> bool {
    bad as f64 > max_bad * total as f64
}

/// What a pass does once a step is past its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PastLimit {
    /// Goes on: the limits were kept when the items were made.
    Ignore,
    /// Ends.
    End,
    /// Goes on with what does not follow from the step.
    LeaveOut,
}

/// Counts bad items against the limits of the steps.
pub struct Limits {
    past: PastLimit,
    steps: HashMap<usize, StepLimit>,
    /// The steps that take items of each.
    children: HashMap<usize, Vec<usize>>,
}

struct StepLimit {
    max_bad: f64,
    expected: usize,
    bad: AtomicUsize,
    is_past: AtomicBool,
    /// The step or one before it is past its limit: nothing it makes would be used.
    is_closed: AtomicBool,
}

impl Limits {
    /// The limits of the steps in `expected`, which has the most items that each may come to. `bad` has what is known
    /// to be bad of some before the pass begins, and `children` the steps that take items of others.
    pub fn new(
        plan: &Plan,
        past: PastLimit,
        expected: &HashMap<usize, usize>,
        bad: &HashMap<usize, usize>,
        children: &HashMap<usize, Vec<usize>>,
    ) -> Self {
        let step = |(&step, &expected): (&usize, &usize)| {
            let limit = StepLimit {
                max_bad: plan.steps[step].max_bad(),
                expected,
                bad: AtomicUsize::new(0),
                is_past: AtomicBool::new(false),
                is_closed: AtomicBool::new(false),
            };
            (step, limit)
        };
        let limits = Self {
            past,
            steps: expected.iter().map(step).collect(),
            children: children.clone(),
        };
        for (&step, &bad) in bad {
            limits.count(step, bad);
        }
        limits
    }

    /// Counts `bad` more bad items of `step`.
    pub fn count(&self, step: usize, bad: usize) {
        let Some(limit) = self.steps.get(&step) else {
            return;
        };
        let bad = limit.bad.fetch_add(bad, Ordering::Relaxed) + bad;
        if self.past == PastLimit::Ignore || !exceeds(bad, limit.expected, limit.max_bad) {
            return;
        }
        if !limit.is_past.swap(true, Ordering::Relaxed) {
            self.close(step);
        }
    }

    /// Closes a step and all that follow from it.
    fn close(&self, step: usize) {
        let mut met = HashSet::from([step]);
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            if let Some(limit) = self.steps.get(&step) {
                limit.is_closed.store(true, Ordering::Relaxed);
            }
            let children = self.children.get(&step).into_iter().flatten();
            open.extend(children.filter(|&&child| met.insert(child)));
        }
    }

    /// Whether nothing more need be made of `step`.
    pub fn is_closed(&self, step: usize) -> bool {
        let limit = self.steps.get(&step);
        limit.is_some_and(|limit| limit.is_closed.load(Ordering::Relaxed))
    }

    /// Whether the whole pass is to end.
    pub fn ends_pass(&self) -> bool {
        let mut steps = self.steps.values();
        self.past == PastLimit::End && steps.any(|limit| limit.is_past.load(Ordering::Relaxed))
    }

    /// The steps that are past their limits, and the most items that each would have come to.
    pub fn past(&self) -> HashMap<usize, usize> {
        let steps = self.steps.iter();
        steps
            .filter(|(_, limit)| limit.is_past.load(Ordering::Relaxed))
            .map(|(step, limit)| (*step, limit.expected))
            .collect()
    }
}
