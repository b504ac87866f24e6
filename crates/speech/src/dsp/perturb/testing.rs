//! Perturbers of tests.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{PERTURBATION_KEYS, PerturbError, Perturber, Recordings};

/// A perturber that does only what the keys say, without the usual changes of speed. A folder is the list of its files here.
pub fn perturber(keys: Value) -> Result<Perturber, PerturbError> {
    let mut given = Map::from_iter([("speed".to_owned(), json!([1.0, 1.0]))]);
    let mut recordings = Recordings::new();
    for (name, value) in keys.as_object().cloned().unwrap_or_default() {
        let key = PERTURBATION_KEYS.iter().find(|key| key.name == name);
        let key = key.unwrap_or_else(|| panic!("there is no key {name}"));
        match serde_json::from_value::<Vec<PathBuf>>(value.clone()) {
            Ok(paths) => drop(recordings.insert(key.name, paths)),
            Err(_) => drop(given.insert(name, value)),
        }
    }
    Perturber::new(&given, &recordings)
}
