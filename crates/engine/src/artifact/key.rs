//! What a result depends on, as named values: hashed for the key, stored with the result, compared by `pipe why`.

use std::collections::{BTreeMap, HashMap};

use pipe_foundation::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Name of the value that says on which device a result was computed, where that is not the processor.
const DEVICE: &str = "device";

/// Named values that determine a result.
///
/// | value | in the key? |
/// |---|---|
/// | stage kind and its version | yes |
/// | parameters after defaults, seeds among them | yes |
/// | digests of inputs | yes |
/// | how inputs were made, where the stage writes or compares it: effective parameters of the stages before | yes |
/// | names of inputs that are missing and may be, and of rows of a report | yes |
/// | the kind of device of a training or evaluation, where it is not the processor | yes |
/// | names of stages and matrix values where a report or a program shows them | yes |
/// | other names of stages, comments, key order, white space, `0.50` for `0.5` | no |
/// | absolute paths, times, host, user, locale, the version of `pipe` | no |
/// | threads, `--jobs`, limits such as `max_bad` | no |
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FingerprintInputs(pub BTreeMap<String, String>);

impl FingerprintInputs {
    /// Adds a named value.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Adds a JSON value; tables and lists add one entry per leaf, so that a change names the leaf.
    pub fn add_json(&mut self, name: &str, value: &Json) {
        match value {
            Json::Object(fields) if !fields.is_empty() => {
                fields
                    .iter()
                    .for_each(|(key, value)| self.add_json(&format!("{name}.{key}"), value));
            }
            Json::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                self.add(format!("{name}.length"), items.len().to_string());
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, item)| self.add_json(&format!("{name}.{index}"), item));
            }
            other => self.add(name, other.to_string()),
        }
    }

    /// What it would be had the result been computed on `device`; the processor goes without a name.
    pub fn on_device(&self, device: Option<&str>) -> Self {
        let mut other = self.clone();
        other.0.remove(DEVICE);
        if let Some(name) = device {
            other.add(DEVICE, name);
        }
        other
    }

    /// The key: BLAKE3 of every name and value with its length, in the order of the names.
    pub fn key(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"pipe key 1\n");
        for (name, value) in &self.0 {
            for text in [name, value] {
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
        }
        Digest(*hasher.finalize().as_bytes())
    }

    /// Names whose values differ: name, value here, value in `other`. A device without a name is shown as `cpu`.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let names: std::collections::BTreeSet<&String> =
            self.0.keys().chain(other.0.keys()).collect();
        names
            .into_iter()
            .filter(|name| self.0.get(*name) != other.0.get(*name))
            .map(|name| Difference {
                name: name.clone(),
                new: self.shown(name),
                old: other.shown(name),
            })
            .collect()
    }

    fn shown(&self, name: &str) -> Option<String> {
        let unnamed = || (name == DEVICE).then(|| "cpu".to_owned());
        self.0.get(name).cloned().or_else(unnamed)
    }
}

/// Names under which values of inputs are in a key: the parameter of each, numbered where it holds several.
pub fn input_names<'a>(parameters: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for parameter in parameters.clone() {
        *counts.entry(parameter).or_default() += 1;
    }
    let mut before: HashMap<&str, usize> = HashMap::new();
    parameters
        .map(|parameter| {
            if counts.get(parameter) == Some(&1) {
                return parameter.to_owned();
            }
            let number = before.entry(parameter).or_default();
            let name = format!("{parameter}.{number}");
            *number += 1;
            name
        })
        .collect()
}

/// One named value that differs between two results.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Difference {
    /// Its name, such as `parameters.bins`.
    pub name: String,
    /// The value it had.
    pub old: Option<String>,
    /// The value it has.
    pub new: Option<String>,
}

impl Difference {
    /// True where only the device is another.
    pub fn is_device(&self) -> bool {
        self.name == DEVICE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_same_on_every_machine() {
        let mut fingerprint = FingerprintInputs::default();
        fingerprint.add("kind", "fbank");
        fingerprint.add("version", "1");
        fingerprint.add_json(
            "parameters",
            &serde_json::json!({"bins": 40, "low_hz": 20.0, "layers": [{"w": 5}]}),
        );
        let names: Vec<&str> = fingerprint.0.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "kind",
                "parameters.bins",
                "parameters.layers.0.w",
                "parameters.layers.length",
                "parameters.low_hz",
                "version"
            ]
        );
        assert_eq!(
            fingerprint.key().hex(),
            "39de175b63f8b55ff67069e294821e02e6238e759159e909754620b46dcfc5b7"
        );
    }

    #[test]
    fn inputs_under_one_parameter_are_numbered() {
        let names = input_names(["model", "input", "input", "other"].into_iter());
        assert_eq!(names, ["model", "input.0", "input.1", "other"]);
    }

    #[test]
    fn the_processor_has_no_name_in_keys_and_one_for_people() {
        let mut cpu = FingerprintInputs::default();
        cpu.add("kind", "train");
        let cuda = cpu.on_device(Some("cuda"));
        assert_ne!(cuda.key(), cpu.key());
        assert_eq!(cuda.on_device(None), cpu);
        let differences = cuda.differences(&cpu);
        assert_eq!(differences.len(), 1);
        assert!(differences[0].is_device());
        let devices = [&differences[0].old, &differences[0].new].map(|text| text.as_deref());
        assert_eq!(devices, [Some("cpu"), Some("cuda")]);
    }

    #[test]
    fn names_and_values_cannot_run_into_each_other() {
        let mut left = FingerprintInputs::default();
        left.add("ab", "c");
        let mut right = FingerprintInputs::default();
        right.add("a", "bc");
        assert_ne!(left.key(), right.key());
    }
}
