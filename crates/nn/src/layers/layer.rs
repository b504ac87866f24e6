//! One layer as a manifest or a model file describes it.

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::kind::{Kind, Options};
use super::registry::REGISTERED;

/// The key that names the kind.
const TAG: &str = "layer";

/// One layer of the shared encoder: its kind and its keys.
#[derive(Clone, Debug)]
pub struct Layer {
    kind: &'static Kind,
    options: Arc<dyn Options>,
}

impl Layer {
    /// Its kind.
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// What its keys say.
    pub fn options(&self) -> &dyn Options {
        &*self.options
    }
}

#[cfg(test)]
impl Layer {
    /// A layer of a kind that CUDA devices do not have.
    pub(crate) fn without_kernels() -> Self {
        static KIND: Kind = Kind {
            name: "bare",
            kernels: "",
            ..crate::layers::linear::KIND
        };
        let keys = Map::from_iter([("units".to_owned(), Value::from(4))]);
        Self {
            options: (KIND.read)(keys).unwrap(),
            kind: &KIND,
        }
    }
}

impl PartialEq for Layer {
    fn eq(&self, other: &Self) -> bool {
        self.kind.name == other.kind.name && self.options.values() == other.options.values()
    }
}

impl Eq for Layer {}

impl TryFrom<Map<String, Value>> for Layer {
    type Error = serde_json::Error;

    fn try_from(mut keys: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let name = keys.shift_remove(TAG);
        let name = name.as_ref().and_then(Value::as_str);
        let name = name.ok_or_else(|| serde_json::Error::missing_field(TAG))?;
        let kind = REGISTERED.iter().find(|kind| kind.name == name);
        let kind = kind.ok_or_else(|| {
            serde_json::Error::custom(format_args!("there is no kind of layer `{name}`"))
        })?;
        Ok(Self {
            options: (kind.read)(keys)?,
            kind,
        })
    }
}

impl<'de> Deserialize<'de> for Layer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let keys = Map::deserialize(from)?;
        Self::try_from(keys).map_err(D::Error::custom)
    }
}

impl Serialize for Layer {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut keys = Map::new();
        keys.insert(TAG.into(), self.kind.name.into());
        keys.extend(self.options.values());
        keys.serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_read_from_plain_json_and_refuse_unknown_keys() {
        let read = |text: &str| serde_json::from_str::<Layer>(text);
        let lstm = read(r#"{"units":8,"layer":"lstm"}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&lstm).unwrap(),
            r#"{"layer":"lstm","units":8,"bidirectional":false,"layers":1}"#
        );
        assert_eq!(
            lstm,
            read(r#"{"layer":"lstm","units":8,"layers":1}"#).unwrap()
        );
        assert_ne!(lstm, read(r#"{"layer":"lstm","units":9}"#).unwrap());
        let refused = |text: &str| read(text).unwrap_err().to_string();
        assert!(refused(r#"{"layer":"lstm","units":8,"unit":1}"#).contains("`unit`"));
        assert!(refused(r#"{"layer":"mlp","units":8}"#).contains("`mlp`"));
        assert!(refused(r#"{"units":8}"#).contains("`layer`"));
        assert!(refused(r#"{"layer":7}"#).contains("`layer`"));
    }
}
