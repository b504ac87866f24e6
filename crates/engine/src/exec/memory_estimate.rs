//! An estimate of the memory that an item takes on its way through a group of steps.

use std::collections::HashMap;

use crate::artifact::Item;
use crate::plan::Plan;
use crate::stage::Stage;

/// The steps of a group, each with those that take its items.
pub struct MemoryEstimate<'a> {
    pub plan: &'a Plan,
    pub children: &'a HashMap<usize, Vec<usize>>,
}

impl MemoryEstimate<'_> {
    /// Bytes that an item of the source `step` takes: the results on the worst of its paths. Those that are stored are
    /// held once more until they are written.
    pub fn of(&self, step: usize, item: &Item) -> u64 {
        let bytes = match &self.plan.steps[step].stage {
            Stage::Source(stage) => stage.memory_bytes(item),
            _ => 0,
        };
        self.path_bytes(step, item, bytes)
    }

    /// As [`Self::of`], from `step` on, whose result takes `bytes`.
    fn path_bytes(&self, step: usize, item: &Item, bytes: u64) -> u64 {
        let children = self.children.get(&step).map_or(&[][..], Vec::as_slice);
        let after = children.iter().map(|&child| {
            let made = match &self.plan.steps[child].stage {
                Stage::Items(stage) => stage.memory_bytes(&*item.facts, bytes),
                _ => 0,
            };
            self.path_bytes(child, item, made)
        });
        let copies = 1 + u64::from(self.plan.steps[step].stored);
        let here = bytes.saturating_mul(copies);
        here.saturating_add(after.max().unwrap_or_default())
    }
}
