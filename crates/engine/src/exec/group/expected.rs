//! How many items the steps of a group can come to.

use std::collections::HashMap;
use std::sync::Arc;

use crate::artifact::ItemFacts;
use crate::stage::Stage;

use super::Group;

impl Group<'_> {
    /// The most items that each step can come to, with the `missing` ones of the sources.
    pub(super) fn expected(
        &self,
        children: &HashMap<usize, Vec<usize>>,
        missing: &HashMap<usize, usize>,
    ) -> HashMap<usize, usize> {
        let mut expected = missing.clone();
        let mut open: Vec<(usize, Arc<dyn ItemFacts>)> = Vec::new();
        for (step, listing) in &self.listings {
            for item in &listing.items {
                open.push((*step, item.facts.clone()));
                self.expect(&mut open, children, &mut expected);
            }
        }
        expected
    }

    /// Counts the `open` items, and what is made of them. Not by calls of itself: a group may be a chain of any length.
    fn expect(
        &self,
        open: &mut Vec<(usize, Arc<dyn ItemFacts>)>,
        children: &HashMap<usize, Vec<usize>>,
        expected: &mut HashMap<usize, usize>,
    ) {
        while let Some((step, facts)) = open.pop() {
            *expected.entry(step).or_default() += 1;
            for &child in children.get(&step).into_iter().flatten() {
                if let Stage::Items(stage) = &self.plan.steps[child].stage {
                    let copies = stage.copies(&facts).into_iter();
                    open.extend(copies.map(|copy| (child, copy.facts)));
                }
            }
        }
    }
}
