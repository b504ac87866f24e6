//! What steps over whole sets can be said before anything is computed: by what the sources behind their inputs list.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::plan::{Plan, Step};
use crate::stage::{Foresight, ListedInput, SourceListing, Stage};

/// The sources that an input comes from; none where one of them is not listed.
type Sources = Option<Rc<BTreeSet<usize>>>;

/// What is foreseen of the steps of a plan; of most there is nothing to tell.
pub fn foresee<'l>(
    plan: &Plan,
    listing: impl Fn(usize) -> Option<&'l SourceListing>,
) -> HashMap<usize, Foresight> {
    let mut sources: Vec<Sources> = Vec::with_capacity(plan.steps.len());
    let mut whole_sets: Vec<usize> = Vec::with_capacity(plan.steps.len());
    let mut foreseen = HashMap::new();
    // Thousands of trainings that differ in their seed alone look at the same listings.
    let mut known: HashMap<(&str, String, Vec<Seen<'_>>), Foresight> = HashMap::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let own = match &step.stage {
            Stage::Source(_) => listing(index).map(|_| Rc::new(BTreeSet::from([index]))),
            Stage::Items(_) => all_of(step, &sources),
            Stage::Aggregate(stage) => {
                let inputs: Vec<ListedInput<'_>> = step
                    .inputs
                    .iter()
                    .filter_map(|(parameter, input)| {
                        let listings = sources[*input].as_ref()?.iter();
                        Some(ListedInput {
                            parameter,
                            listings: listings.filter_map(|&source| listing(source)).collect(),
                            whole_sets: whole_sets[*input],
                        })
                    })
                    .collect();
                let own = match stage.foresees_by() {
                    Some(by) => {
                        let seen = inputs.iter().map(seen).collect();
                        let known = known.entry((step.declaration.kind.name, by, seen));
                        known.or_insert_with(|| stage.foresee(&inputs)).clone()
                    }
                    None => stage.foresee(&inputs),
                };
                if !own.is_empty() {
                    foreseen.insert(index, own);
                }
                all_of(step, &sources)
            }
        };
        let before = step.input_steps().map(|input| whole_sets[input]).max();
        let is_over_a_set = matches!(step.stage, Stage::Aggregate(_));
        whole_sets.push(before.unwrap_or_default() + usize::from(is_over_a_set));
        sources.push(own);
    }
    foreseen
}

/// An input by its parameter, by which listings are behind it, and by how many steps over whole sets are between.
type Seen<'p> = (&'p str, Vec<*const SourceListing>, usize);

fn seen<'p>(input: &ListedInput<'p>) -> Seen<'p> {
    let listings = input.listings.iter();
    let listings = listings.map(|listing| std::ptr::from_ref(*listing));
    (input.parameter, listings.collect(), input.whole_sets)
}

/// The sources of all inputs of a step.
fn all_of(step: &Step, sources: &[Sources]) -> Sources {
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
