//! An estimate of the memory that an item takes on its way through a group of steps.

use std::collections::HashMap;

use crate::artifact::Item;
use crate::plan::Plan;
use crate::stage::{ItemSize, Stage};

/// The steps of a group, each with those that take its items.
pub struct MemoryEstimate<'a> {
    pub plan: &'a Plan,
    pub children: &'a HashMap<usize, Vec<usize>>,
    /// Items of more bytes are stored as they are made.
    pub long_bytes: u64,
}

impl MemoryEstimate<'_> {
    /// Bytes that an item of the source `step` takes: what is held of the results on the worst of its paths. Short ones that
    /// are stored are held once more until they are written.
    pub fn of(&self, step: usize, item: &Item) -> u64 {
        let size = match &self.plan.steps[step].stage {
            Stage::Source(stage) => stage.size(item),
            _ => ItemSize::default(),
        };
        self.path_bytes(step, item, size)
    }

    /// As [`Self::of`], from `step` on, whose result has this size.
    fn path_bytes(&self, step: usize, item: &Item, size: ItemSize) -> u64 {
        let children = self.children.get(&step).map_or(&[][..], Vec::as_slice);
        let after = children.iter().map(|&child| {
            let made = match &self.plan.steps[child].stage {
                Stage::Items(stage) => stage.size(&*item.facts, size),
                _ => ItemSize::default(),
            };
            self.path_bytes(child, item, made)
        });
        let copy = match self.plan.steps[step].stored {
            true => size.bytes.min(self.long_bytes),
            false => 0,
        };
        let here = size.memory_bytes.saturating_add(copy);
        here.saturating_add(after.max().unwrap_or_default())
    }
}
