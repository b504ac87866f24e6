//! What a network is to predict: the classes, and numbers.

use serde::{Deserialize, Serialize};

use super::loss_name::LossName;
use super::ops::loss::LossKeys;

/// One task: the classes, or one numeric target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// [`Self::CLASSES`], or the name of a numeric target.
    pub task: String,
    /// What is minimised.
    pub loss: LossName,
    /// Exponent of the focal loss; 2 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// How much of each target goes to all classes alike; 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_smoothing: Option<f64>,
    /// Weight of its loss among those of the tasks.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

impl TaskSpec {
    /// The name of the task whose targets are the classes.
    pub const CLASSES: &'static str = "emotion";

    /// The classes by cross-entropy: the only task of the paper.
    pub fn classes() -> Self {
        Self::new(Self::CLASSES, LossName::CROSS_ENTROPY)
    }

    /// A task with a loss and the usual weight.
    pub fn new(task: &str, loss: LossName) -> Self {
        Self {
            task: task.into(),
            loss,
            gamma: None,
            label_smoothing: None,
            weight: 1.0,
        }
    }

    /// Whether its targets are the classes.
    pub fn is_of_classes(&self) -> bool {
        self.task == Self::CLASSES
    }

    /// Exponent of the focal loss.
    pub fn gamma(&self) -> f64 {
        self.gamma.unwrap_or(2.0)
    }

    /// How much of each target goes to all classes alike.
    pub fn label_smoothing(&self) -> f64 {
        self.label_smoothing.unwrap_or(0.0)
    }

    /// Its keys, with their defaults.
    pub(super) fn keys(&self) -> LossKeys {
        LossKeys {
            gamma: self.gamma(),
            label_smoothing: self.label_smoothing(),
        }
    }

    /// A key that its loss has not, and why it is wrong.
    fn foreign(&self, key: &'static str) -> Option<(&'static str, String)> {
        let loss = self.loss.name();
        let reason = || format!("belongs to {}, not to {loss}", LossName::with_key(key));
        (!self.loss.has_key(key)).then(|| (key, reason()))
    }

    /// What is wrong with the task by itself: the key and why.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let of_classes = self.is_of_classes();
        let (name, loss) = (&self.task, self.loss.name());
        if name.is_empty() || name.chars().any(|c| c.is_control() || c == '/') {
            return Some(("task", "must be the name of a column, without `/`".into()));
        }
        match (of_classes, self.loss.is_of_classes()) {
            (true, false) => {
                let reason = format!(
                    "is {loss}, which compares numbers; {name} has classes: use {}",
                    LossName::of_kind(true)
                );
                return Some(("loss", reason));
            }
            (false, true) => {
                let reason = format!(
                    "is {loss}, which compares classes; the target {name} is a number: use {}",
                    LossName::of_kind(false)
                );
                return Some(("loss", reason));
            }
            _ => {}
        }
        if let Some(gamma) = self.gamma {
            if let Some(other) = self.foreign("gamma") {
                return Some(other);
            }
            if !(0.0..=100.0).contains(&gamma) {
                return Some(("gamma", format!("is {gamma}; expected 0 to 100")));
            }
        }
        if let Some(smoothing) = self.label_smoothing {
            if let Some(other) = self.foreign("label_smoothing") {
                return Some(other);
            }
            if !(0.0..=1.0).contains(&smoothing) {
                return Some((
                    "label_smoothing",
                    format!("is {smoothing}; expected 0 to 1"),
                ));
            }
        }
        let usable = self.weight > 0.0 && self.weight.is_finite();
        (!usable).then(|| ("weight", "must be above 0".to_owned()))
    }
}

/// The share of each task in the loss of the tasks: its weight over the sum of all.
pub fn shares(tasks: &[TaskSpec]) -> Vec<f32> {
    let sum: f64 = tasks.iter().map(|task| task.weight).sum();
    tasks
        .iter()
        .map(|task| (task.weight / sum) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(json: &str) -> TaskSpec {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_task_reads_from_plain_json() {
        let read = task(r#"{"task":"emotion","loss":"focal","gamma":1.5}"#);
        assert_eq!((read.gamma(), read.weight), (1.5, 1.0));
        assert!(read.problem().is_none());
        assert!(serde_json::from_str::<TaskSpec>(r#"{"task":"a","loss":"ccc","x":1}"#).is_err());
        assert_eq!(shares(&[TaskSpec::classes()]), [1.0]);
    }

    #[test]
    fn losses_that_do_not_fit_are_named() {
        let key = |json: &str| task(json).problem().map(|(key, _)| key);
        assert_eq!(key(r#"{"task":"emotion","loss":"ccc"}"#), Some("loss"));
        assert_eq!(key(r#"{"task":"arousal","loss":"focal"}"#), Some("loss"));
        assert_eq!(
            key(r#"{"task":"arousal","loss":"ccc","gamma":2}"#),
            Some("gamma")
        );
        assert_eq!(
            key(r#"{"task":"emotion","loss":"cross_entropy","label_smoothing":1.1}"#),
            Some("label_smoothing")
        );
        assert_eq!(
            key(r#"{"task":"arousal","loss":"mse","weight":0}"#),
            Some("weight")
        );
        assert_eq!(key(r#"{"task":"arousal","loss":"mse"}"#), None);
    }
}
