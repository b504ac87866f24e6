//! The loss of a task, by its name in manifests and model files.

use std::fmt::{Debug, Formatter};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ops::loss::{Compare, Loss};
use super::ops::losses::LOSSES;
use super::ops::{concordance, soft_cross_entropy};

/// One of the losses that are registered.
#[derive(Clone, Copy)]
pub struct LossName(&'static Loss);

impl LossName {
    /// The usual loss of classes.
    pub const CROSS_ENTROPY: Self = Self(&soft_cross_entropy::LOSS);
    /// The usual loss of a number.
    pub const CONCORDANCE: Self = Self(&concordance::LOSS);
    /// The names of all, in the order in which `pipe schema` lists them.
    pub const ALL: [&'static str; LOSSES.len()] = {
        let mut all = [""; LOSSES.len()];
        let mut at = 0;
        while at < LOSSES.len() {
            all[at] = LOSSES[at].name;
            at += 1;
        }
        all
    };

    /// The loss of this name.
    pub fn named(name: &str) -> Option<Self> {
        LOSSES.iter().find(|loss| loss.name == name).map(Self)
    }

    /// As it is written in manifests.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// What it compares.
    pub(super) fn compare(self) -> Compare {
        self.0.compare
    }

    /// Whether it is a loss of classes rather than of a number.
    pub fn is_of_classes(self) -> bool {
        matches!(self.0.compare, Compare::Classes(_))
    }

    /// Whether a key of a task belongs to it.
    pub(super) fn has_key(self, key: &str) -> bool {
        self.0.keys.contains(&key)
    }

    /// The losses that a key of a task belongs to, for messages: `a, b or c`.
    pub(super) fn with_key(key: &str) -> String {
        listed(|loss| loss.keys.contains(&key))
    }

    /// The losses of classes, or those of numbers, for messages.
    pub(super) fn of_kind(classes: bool) -> String {
        listed(|loss| Self(loss).is_of_classes() == classes)
    }
}

fn listed(wanted: impl Fn(&'static Loss) -> bool) -> String {
    let names: Vec<&str> = (LOSSES.iter())
        .filter(|loss| wanted(loss))
        .map(|loss| loss.name)
        .collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

impl Debug for LossName {
    fn fmt(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        to.write_str(self.name())
    }
}

impl PartialEq for LossName {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for LossName {}

impl Serialize for LossName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for LossName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Self::named(&name)
            .ok_or_else(|| D::Error::custom(format_args!("there is no loss `{name}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_read_by_their_names() {
        for name in LossName::ALL {
            let json = format!("\"{name}\"");
            let loss: LossName = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&loss).unwrap(), json);
            assert_eq!(Some(loss), LossName::named(name));
        }
        assert!(serde_json::from_str::<LossName>("\"hinge\"").is_err());
        assert_eq!(LossName::of_kind(true), "cross_entropy or focal");
        assert_eq!(LossName::of_kind(false), "ccc, mse or mae");
        assert_eq!(LossName::with_key("gamma"), "focal");
    }
}
