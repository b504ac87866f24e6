//! An optimiser as a manifest or a model file describes it: which, and the keys of all.

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use pipe_foundation::keys::{Absent, Values, values_of};

use super::kind::{OptimiserKind, Rule};
use super::registry::{OPTIMISER_KEYS, OPTIMISERS};

/// The key that names the kind.
const NAME: &str = "optimiser";

/// Which optimiser moves the values, and the keys of all optimisers in their order: those of others are in model files, too.
#[derive(Clone, Debug)]
pub struct Optimiser {
    kind: &'static OptimiserKind,
    keys: Map<String, Value>,
    rule: Arc<dyn Rule>,
}

impl Optimiser {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// Whether CUDA devices have a kernel for it.
    pub fn has_kernel(&self) -> bool {
        self.kind.kernel.is_some()
    }

    /// What the registry knows of it.
    pub(super) fn kind(&self) -> &'static OptimiserKind {
        self.kind
    }

    /// How it moves values.
    pub(super) fn rule(&self) -> &dyn Rule {
        &*self.rule
    }

    /// What is wrong with a key, and its name: a number out of its range, or a key of another optimiser that has no default
    /// and so was written down.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let given = OPTIMISER_KEYS.iter().filter_map(|key| {
            let value = self.keys.get(key.name)?;
            Some((key, value))
        });
        let mut problems = given.filter_map(|(key, value)| {
            if let Some(reason) = key.values.misfit(value) {
                return Some((key.name, reason));
            }
            let has_key = |kind: &OptimiserKind| kind.keys.iter().any(|own| own.name == key.name);
            let is_written = !matches!(key.absent, Absent::Default(_));
            if is_written && !has_key(self.kind) {
                let owners = OPTIMISERS.iter().filter(|kind| has_key(kind));
                let owners: Vec<&str> = owners.map(|kind| kind.name).collect();
                let own = self.kind.name;
                let reason = format!("is a key of {}, not of {own}", owners.join(" and "));
                return Some((key.name, reason));
            }
            None
        });
        problems.next()
    }

    /// As [`Self::try_from`], of a kind that may be in no list.
    fn of_kind(
        kind: &'static OptimiserKind,
        given: &Map<String, Value>,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            rule: (kind.read)(values_of(kind.keys, given)?)?,
            kind,
            keys: values_of(&OPTIMISER_KEYS, given)?,
        })
    }
}

#[cfg(test)]
impl Optimiser {
    /// One that CUDA devices have no kernel for.
    pub(crate) fn without_kernel() -> Self {
        static KIND: OptimiserKind = OptimiserKind {
            name: "made_up",
            kernel: None,
            ..super::sgd::KIND
        };
        Self::of_kind(&KIND, &Map::new()).unwrap()
    }
}

impl TryFrom<Map<String, Value>> for Optimiser {
    type Error = serde_json::Error;

    fn try_from(mut keys: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let name = keys.shift_remove(NAME);
        let kind = match &name {
            None => &OPTIMISERS[0],
            Some(name) => {
                let kind = OPTIMISERS.iter().find(|kind| *name == kind.name);
                kind.ok_or_else(|| {
                    serde_json::Error::custom(format_args!("there is no optimiser {name}"))
                })?
            }
        };
        for (name, value) in &mut keys {
            let key = OPTIMISER_KEYS.iter().find(|key| key.name == name);
            let key = key
                .ok_or_else(|| serde_json::Error::custom(format_args!("unknown field `{name}`")))?;
            // 1 and 1.0 are one number, and are written in one way.
            if let (Values::Float { .. }, Some(number)) = (key.values, value.as_f64()) {
                *value = number.into();
            }
        }
        Self::of_kind(kind, &keys)
    }
}

impl Default for Optimiser {
    fn default() -> Self {
        match Self::try_from(Map::new()) {
            Ok(optimiser) => optimiser,
            Err(error) => unreachable!("every key of the default optimiser has a default: {error}"),
        }
    }
}

impl PartialEq for Optimiser {
    fn eq(&self, other: &Self) -> bool {
        self.kind.name == other.kind.name && self.keys == other.keys
    }
}

impl<'de> Deserialize<'de> for Optimiser {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let keys = Map::deserialize(from)?;
        Self::try_from(keys).map_err(D::Error::custom)
    }
}

impl Serialize for Optimiser {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut all = Map::new();
        all.insert(NAME.into(), self.kind.name.into());
        all.extend(self.keys.clone());
        all.serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Optimiser, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn an_optimiser_is_written_with_the_keys_of_all_that_have_defaults() {
        let written =
            r#"{"optimiser":"sgd","momentum":0.9,"beta1":0.9,"beta2":0.999,"epsilon":1e-8}"#;
        assert_eq!(
            serde_json::to_string(&Optimiser::default()).unwrap(),
            written
        );
        assert_eq!(read(written).unwrap(), Optimiser::default());
        let other = r#"{"beta2":0,"optimiser":"adamw"}"#;
        let written =
            r#"{"optimiser":"adamw","momentum":0.9,"beta1":0.9,"beta2":0.0,"epsilon":1e-8}"#;
        assert_eq!(
            serde_json::to_string(&read(other).unwrap()).unwrap(),
            written
        );
    }

    #[test]
    fn wrong_names_keys_and_numbers_are_refused() {
        let refused = |json: &str| read(json).unwrap_err().to_string();
        assert!(refused(r#"{"optimiser":"lion"}"#).contains("\"lion\""));
        assert!(refused(r#"{"moment":0.9}"#).contains("`moment`"));
        assert!(refused(r#"{"beta1":"much","optimiser":"adam"}"#).contains("much"));
        let problem = |json: &str| read(json).unwrap().problem();
        let (key, reason) = problem(r#"{"beta2":1.0}"#).unwrap();
        assert_eq!(
            (key, reason.as_str()),
            ("beta2", "is 1.0; expected 0 to 0.999999")
        );
        assert_eq!(problem(r#"{"beta1":0.5}"#), None);
        let smoothing = r#"{"optimiser":"rmsprop","smoothing":0.9}"#;
        assert_eq!(problem(smoothing), None);
        assert!(
            serde_json::to_string(&read(smoothing).unwrap())
                .unwrap()
                .ends_with(r#""smoothing":0.9}"#)
        );
        let (key, reason) = problem(r#"{"smoothing":0.9}"#).unwrap();
        assert_eq!(
            (key, reason.as_str()),
            ("smoothing", "is a key of rmsprop, not of sgd")
        );
    }
}
