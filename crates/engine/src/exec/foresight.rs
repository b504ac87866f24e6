//! What steps over whole sets can be told before anything is computed: by what the sources behind their inputs list.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::plan::Plan;
use crate::stage::{Foresight, ListedInput, SourceListing, Stage};

/// What is foreseen of the steps of a plan; of most there is nothing to tell.
pub fn foresee<'l>(
    plan: &Plan,
    listing: impl Fn(usize) -> Option<&'l SourceListing>,
) -> HashMap<usize, Foresight> {
    // The sources behind each item-wise step; none where one of them is not listed.
    let mut sources: Vec<Option<Rc<BTreeSet<usize>>>> = Vec::with_capacity(plan.steps.len());
    let mut foreseen = HashMap::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let own = match &step.stage {
            Stage::Source(_) => listing(index).map(|_| Rc::new(BTreeSet::from([index]))),
            Stage::Items(_) => {
                let mut inputs = step.input_steps();
                let first = inputs.next().and_then(|input| sources[input].clone());
                inputs.fold(first, |all, input| {
                    let (mut all, more) = (all?, sources[input].as_ref()?);
                    if !more.is_subset(&all) {
                        Rc::make_mut(&mut all).extend(more.iter().copied());
                    }
                    Some(all)
                })
            }
            Stage::Aggregate(stage) => {
                let listed = |(parameter, input): &'_ (String, usize)| {
                    let sources = sources[*input].as_ref()?;
                    let listings = sources.iter().filter_map(|&source| listing(source));
                    Some((parameter.clone(), listings.collect::<Vec<_>>()))
                };
                let inputs: Vec<_> = step.inputs.iter().filter_map(listed).collect();
                let inputs: Vec<ListedInput<'_>> = inputs
                    .iter()
                    .map(|(parameter, listings)| ListedInput {
                        parameter,
                        listings: listings.clone(),
                    })
                    .collect();
                let own = stage.foresee(&inputs);
                if own != Foresight::default() {
                    foreseen.insert(index, own);
                }
                None
            }
        };
        sources.push(own);
    }
    foreseen
}
