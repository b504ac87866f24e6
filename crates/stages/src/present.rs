//! Leaving out missing corpora, and what cannot be made without them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use pipe_engine::manifest::{Declaration, Manifest};
use pipe_speech::corpus::{self, Corpora, synthetic};
use serde_json::Value as Json;

/// A corpus that a manifest names and that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AbsentCorpus {
    /// Its name in `corpora.toml`.
    pub name: String,
    /// Its full name.
    pub title: String,
    /// Where to get it.
    pub source: String,
    /// Its licence.
    pub licence: String,
}

/// What was left out of a manifest.
#[derive(Clone, Debug, Default)]
pub struct LeftOut {
    /// Missing corpora, by name.
    pub corpora: BTreeSet<AbsentCorpus>,
    /// Ids of steps that no corpus is left for, and of those that need them.
    pub steps: Vec<String>,
}

/// Takes absent corpora out of the lists that name them. A step that names no other goes too, with all that needs it;
/// where that would leave nothing of a stage, the stage keeps its names, so that its corpora are reported as missing.
pub fn keep_present(manifest: &mut Manifest, corpora: &Corpora) -> LeftOut {
    let mut left_out = LeftOut::default();
    let mut reduced: Vec<Declaration> = manifest.steps.clone();
    let mut gone: HashSet<usize> = HashSet::new();
    for (index, step) in reduced.iter_mut().enumerate() {
        let absent: Vec<(String, String)> = step
            .named
            .iter()
            .filter(|(_, name)| is_absent(name, corpora))
            .cloned()
            .collect();
        for (_, name) in &absent {
            if let Some(config) = corpora.corpora.get(name) {
                left_out.corpora.insert(AbsentCorpus {
                    name: name.clone(),
                    title: config.title.clone(),
                    source: config.source.clone(),
                    licence: config.licence.clone(),
                });
            }
        }
        if !absent.is_empty() && take_out(step, &absent) {
            gone.insert(index);
        }
    }
    for (index, step) in reduced.iter().enumerate() {
        let starved = step
            .inputs
            .values()
            .any(|steps| !steps.is_empty() && steps.iter().all(|step| gone.contains(step)));
        if starved {
            gone.insert(index);
        }
    }
    // Steps that only steps that are gone would take. What takes a step comes after it, so the last comes first here.
    let mut is_taken = vec![false; reduced.len()];
    let mut is_needed = vec![false; reduced.len()];
    for index in (0..reduced.len()).rev() {
        if is_taken[index] && !is_needed[index] {
            gone.insert(index);
        }
        let is_kept = !gone.contains(&index);
        for &input in reduced[index].inputs.values().flatten() {
            is_taken[input] = true;
            is_needed[input] |= is_kept;
        }
    }
    let stages = |keep: &dyn Fn(usize) -> bool| -> BTreeSet<&str> {
        (0..manifest.steps.len())
            .filter(|&index| keep(index))
            .map(|index| manifest.steps[index].stage.as_str())
            .collect()
    };
    if stages(&|_| true) != stages(&|index| !gone.contains(&index)) {
        return LeftOut::default();
    }
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    let mut steps = Vec::new();
    for (index, mut step) in reduced.into_iter().enumerate() {
        if gone.contains(&index) {
            left_out.steps.push(step.id);
            continue;
        }
        for inputs in step.inputs.values_mut() {
            *inputs = inputs
                .iter()
                .filter_map(|input| places.get(input).copied())
                .collect();
        }
        places.insert(index, steps.len());
        steps.push(step);
    }
    manifest.steps = steps;
    left_out
}

fn is_absent(name: &str, corpora: &Corpora) -> bool {
    corpora.corpora.get(name).is_some_and(|config| {
        config.reader != synthetic::READER
            && corpus::root_of(name, config, &corpora.folder).is_err()
    })
}

/// Removes corpora from the lists of a step; true when a list becomes empty.
fn take_out(step: &mut Declaration, absent: &[(String, String)]) -> bool {
    let mut emptied = false;
    let names: HashSet<&str> = absent.iter().map(|(_, name)| name.as_str()).collect();
    let lists: BTreeSet<String> = absent
        .iter()
        .filter_map(|(path, _)| Some(path.rsplit_once('.')?.0.to_string()))
        .collect();
    for list in lists {
        let Some(Json::Array(values)) = step.parameters.get_mut(&list) else {
            continue;
        };
        values.retain(|value| !value.as_str().is_some_and(|name| names.contains(name)));
        emptied |= values.is_empty();
    }
    let absent: HashSet<&(String, String)> = absent.iter().collect();
    step.named.retain(|named| !absent.contains(named));
    emptied
}
