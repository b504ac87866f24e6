//! A schedule as a manifest or a model file describes it.

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::kind::{Schedule, ScheduleKind};
use super::registry::SCHEDULES;

/// The key that names the kind.
const TAG: &str = "shape";

/// How the learning rate changes over the epochs: the kind of schedule and its keys.
#[derive(Clone, Debug)]
pub struct LearningRateSchedule {
    kind: &'static ScheduleKind,
    schedule: Arc<dyn Schedule>,
}

impl LearningRateSchedule {
    /// The factor in `epoch` (from 0) of at most `epochs`.
    pub fn factor(&self, epoch: usize, epochs: usize) -> f64 {
        self.schedule.factor(epoch, epochs)
    }

    /// Whether the factor also depends on the greatest number of epochs.
    pub fn is_tied_to_epochs(&self) -> bool {
        self.schedule.is_tied_to_epochs()
    }

    /// What is wrong with its keys.
    pub fn problem(&self) -> Option<&'static str> {
        self.schedule.problem()
    }
}

impl Default for LearningRateSchedule {
    fn default() -> Self {
        let kind = &SCHEDULES[0];
        match (kind.read)(Map::new()) {
            Ok(schedule) => Self { kind, schedule },
            Err(error) => unreachable!("the default schedule has no keys: {error}"),
        }
    }
}

impl PartialEq for LearningRateSchedule {
    fn eq(&self, other: &Self) -> bool {
        self.kind.name == other.kind.name && self.schedule.values() == other.schedule.values()
    }
}

impl TryFrom<Map<String, Value>> for LearningRateSchedule {
    type Error = serde_json::Error;

    fn try_from(mut keys: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let name = keys.shift_remove(TAG);
        let name = name.as_ref().and_then(Value::as_str);
        let name = name.ok_or_else(|| serde_json::Error::missing_field(TAG))?;
        let kind = SCHEDULES.iter().find(|kind| kind.name == name);
        let kind = kind.ok_or_else(|| {
            serde_json::Error::custom(format_args!("there is no schedule `{name}`"))
        })?;
        Ok(Self {
            schedule: (kind.read)(keys)?,
            kind,
        })
    }
}

impl<'de> Deserialize<'de> for LearningRateSchedule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let keys = Map::deserialize(from)?;
        Self::try_from(keys).map_err(D::Error::custom)
    }
}

impl Serialize for LearningRateSchedule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut keys = Map::new();
        keys.insert(TAG.into(), self.kind.name.into());
        keys.extend(self.schedule.values());
        keys.serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn agree(json: &str, name: &str) {
        let schedule: LearningRateSchedule = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&schedule).unwrap(), json);
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/golden/optimiser/schedules.json"
        );
        let text = std::fs::read_to_string(path).unwrap();
        let all: Value = serde_json::from_str(&text).unwrap();
        let expected = all[name].as_array().unwrap();
        assert_eq!(expected.len(), 12);
        for (epoch, expected) in expected.iter().enumerate() {
            let found = 0.5 * schedule.factor(epoch, 12) / expected.as_f64().unwrap();
            assert!((found - 1.0).abs() < 1e-12, "{name} at {epoch}: {found}");
        }
    }

    #[test]
    fn schedules_agree_with_pytorch() {
        agree(r#"{"shape":"step","every_epochs":3,"factor":0.25}"#, "step");
        agree(r#"{"shape":"cosine","end_factor":0.01}"#, "cosine");
        let constant = LearningRateSchedule::default();
        assert_eq!(constant.factor(7, 12), 1.0);
        let json = r#"{"shape":"constant"}"#;
        assert_eq!(serde_json::to_string(&constant).unwrap(), json);
        assert_eq!(
            serde_json::from_str::<LearningRateSchedule>(json).unwrap(),
            constant
        );
    }

    #[test]
    fn unknown_shapes_and_keys_are_refused() {
        let refused = |json: &str| {
            let read = serde_json::from_str::<LearningRateSchedule>(json);
            read.unwrap_err().to_string()
        };
        assert!(refused(r#"{"shape":"linear"}"#).contains("`linear`"));
        assert!(refused(r#"{"factor":1}"#).contains("`shape`"));
        assert!(refused(r#"{"shape":"constant","factor":1}"#).contains("`factor`"));
        let problem = |json: &str| {
            let read = serde_json::from_str::<LearningRateSchedule>(json);
            read.unwrap().problem().is_some()
        };
        assert!(problem(r#"{"shape":"step","every_epochs":0,"factor":0.5}"#));
        assert!(problem(r#"{"shape":"cosine","end_factor":1.5}"#));
        assert!(!problem(r#"{"shape":"cosine","end_factor":0.0}"#));
        for (at, kind) in SCHEDULES.iter().enumerate() {
            assert!(SCHEDULES[..at].iter().all(|other| other.name != kind.name));
        }
    }
}
