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
        for (step, listing) in &self.listings {
            for item in &listing.items {
                self.expect(*step, &item.facts, children, &mut expected);
            }
        }
        expected
    }

    fn expect(
        &self,
        step: usize,
        facts: &Arc<dyn ItemFacts>,
        children: &HashMap<usize, Vec<usize>>,
        expected: &mut HashMap<usize, usize>,
    ) {
        *expected.entry(step).or_default() += 1;
        for &child in children.get(&step).into_iter().flatten() {
            if let Stage::Items(stage) = &self.plan.steps[child].stage {
                for copy in stage.copies(facts) {
                    self.expect(child, &copy.facts, children, expected);
                }
            }
        }
    }
}
