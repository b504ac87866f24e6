//! What is known of a step before anything runs, as one digest: all that its key will depend on but results.

use pipe_foundation::Digest;

use crate::stage::Stage;

use super::aggregate_key::aggregate_fingerprint;
use super::selection::Selection;
use super::status::Resolver;

impl Resolver<'_> {
    /// For each step, the key that it would have if the digest of each of its inputs were that input's own plan key: what
    /// sources list, parameters, versions, declared files and the device are in it, and results are not. None where a source
    /// is not listed or a file cannot be read, and of steps that `selection` does not want.
    pub fn plan_keys(&self, selection: Option<&Selection>) -> Vec<Option<Digest>> {
        let mut keys: Vec<Option<Digest>> = Vec::with_capacity(self.plan.steps.len());
        for (step, declared) in self.plan.steps.iter().enumerate() {
            if selection.is_some_and(|selection| !selection.wants(step)) {
                keys.push(None);
                continue;
            }
            let digest = |input: usize| match &declared.stage {
                Stage::Aggregate(stage) if stage.takes_listings() => {
                    Some(stage.listing_digest(self.listing(input)?))
                }
                _ => keys[input],
            };
            let inputs: Option<Vec<Digest>> = declared.input_steps().map(digest).collect();
            let key = inputs.and_then(|inputs| match self.group_of(step) {
                Some(group) => Some(group.fingerprint(step, &inputs).ok()??.key()),
                None => {
                    let inputs: Vec<Option<Digest>> = inputs.into_iter().map(Some).collect();
                    let known = aggregate_fingerprint(self.plan, self.cache, step, &inputs);
                    Some(known.ok()?.key())
                }
            });
            keys.push(key);
        }
        keys
    }
}
