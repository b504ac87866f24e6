//! How the items of a step came to be: the kinds and parameters of the stages before it.

use serde_json::{Value as Json, json};

use crate::cache::StatCache;
use crate::stage::Stage;

use super::Plan;

/// Kinds and effective parameters of the item-wise stages up to and including `step`, first to last, with the digests of
/// the files that they declare, where these decide how items are made, which are null where one cannot be read. Sources
/// are left out: which items there are is not part of how one is made.
///
/// Where several chains meet, the first one is given; they must agree for a model to be used later.
pub fn lineage(plan: &Plan, step: usize, stat_cache: &StatCache) -> Json {
    let mut chain = Vec::new();
    let mut at = Some(step);
    while let Some(index) = at {
        let step = &plan.steps[index];
        if let Stage::Items(stage) = &step.stage {
            let parameters = stage.effective_parameters(&step.keyed_parameters());
            let kind = step.declaration.kind.name;
            let mut made = json!({ "kind": kind, "parameters": parameters });
            let files = stage.files();
            if !files.is_empty() && stage.files_are_in_lineage() {
                let digest = |path| stat_cache.digest(path).ok().map(|digest| digest.hex());
                let digests = files
                    .iter()
                    .map(|file| (file.name.clone(), digest(&file.path).into()));
                made["files"] = Json::Object(digests.collect());
            }
            chain.push(made);
        }
        at = step.input_steps().next();
    }
    chain.reverse();
    Json::Array(chain)
}
