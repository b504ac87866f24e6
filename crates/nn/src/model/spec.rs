//! How a manifest describes a network: encoder layers, attribute heads, task weight.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use crate::layers::Layer;

/// The encoder whose sizes reproduce the paper's parameter count: 1,760,000 with 40 bins.
pub fn default_encoder() -> Vec<Layer> {
    match serde_json::from_str(DEFAULT_ENCODER) {
        Ok(layers) => layers,
        Err(error) => unreachable!("the default encoder can be read: {error}"),
    }
}

/// [`default_encoder`] as JSON.
pub const DEFAULT_ENCODER: &str = r#"[
    {"layer": "conv", "channels": 256, "width": 5, "padding": 2, "pool_width": 3, "pool_stride": 2},
    {"layer": "conv", "channels": 256, "width": 5, "padding": 2, "pool_width": 3, "pool_stride": 2},
    {"layer": "conv", "channels": 256, "width": 5, "padding": 2, "pool_width": 3, "pool_stride": 2},
    {"layer": "lstm", "units": 256, "bidirectional": true, "layers": 1},
    {"layer": "time_pool", "how": "last_states"}
]"#;

/// What an attribute head predicts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Attribute {
    /// The corpus of the utterance.
    Corpus,
    /// The speaker's gender.
    Gender,
    /// The speaker.
    Speaker,
    /// The language.
    Language,
    /// Another column of the data.
    Column(Arc<str>),
}

impl Attribute {
    /// Name as written in manifests.
    pub fn name(&self) -> &str {
        match self {
            Self::Corpus => "corpus",
            Self::Gender => "gender",
            Self::Speaker => "speaker",
            Self::Language => "language",
            Self::Column(name) => name,
        }
    }
}

impl From<String> for Attribute {
    fn from(name: String) -> Self {
        let built_in = [Self::Corpus, Self::Gender, Self::Speaker, Self::Language];
        let found = built_in.into_iter().find(|other| other.name() == name);
        found.unwrap_or_else(|| Self::Column(name.into()))
    }
}

impl From<Attribute> for String {
    fn from(attribute: Attribute) -> Self {
        attribute.name().to_owned()
    }
}

/// How an attribute head takes part in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadMode {
    /// Multi-task learning, eq. 1 of the paper.
    Shared,
    /// Gradient reversal before the head, eq. 2.
    GradReverse,
    /// Adversarial discriminator on the emotion probabilities, eq. 3.
    Discriminator,
    /// Penalty on how the covariances of embeddings differ (Sun and Saenko 2016).
    Coral,
    /// Penalty on the maximum mean discrepancy of embeddings (Long et al. 2015).
    Mmd,
    /// Conditional adversarial network: a reversed classifier of embeddings and probabilities (Long et al. 2018).
    Cdan,
}

impl HeadMode {
    /// Name as written in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::GradReverse => "grad_reverse",
            Self::Discriminator => "discriminator",
            Self::Coral => "coral",
            Self::Mmd => "mmd",
            Self::Cdan => "cdan",
        }
    }

    /// Whether it compares the embeddings of groups, without layers of its own.
    pub fn is_penalty(self) -> bool {
        matches!(self, Self::Coral | Self::Mmd)
    }

    /// Whether its loss counts beside those of the tasks, by a weight of its own and without taking from theirs.
    pub fn has_weight(self) -> bool {
        self.is_penalty() || self == Self::Cdan
    }

    /// Whether the values of its attribute can be told apart as target and source alone.
    pub fn has_target(self) -> bool {
        self.has_weight() || self == Self::GradReverse
    }

    /// Whether it looks at the probabilities of the classes.
    pub fn looks_at_classes(self) -> bool {
        matches!(self, Self::Discriminator | Self::Cdan)
    }
}

/// One attribute head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadSpec {
    /// What it predicts, or between the values of which it compares embeddings.
    pub attribute: Attribute,
    /// How it takes part in training.
    pub mode: HeadMode,
    /// Values of the attribute that are the target, all others being the source; where there are none, each value is a
    /// group of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target: Vec<String>,
    /// Whether utterances count the more in the classifier of a conditional adversarial network, the more certain their
    /// class is (CDAN+E).
    #[serde(default, skip_serializing_if = "is_false")]
    pub entropy_conditioning: bool,
    /// Factor of its loss, or of the gradient that it reverses; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
}

/// So that heads without it are as they were before there was any.
fn is_false(value: &bool) -> bool {
    !value
}

impl HeadSpec {
    /// The label of all values in [`Self::target`].
    pub const TARGET: &'static str = "target";
    /// The label of all other values where there is a target.
    pub const SOURCE: &'static str = "source";

    /// A head with the usual weight, for which each value is a group.
    pub fn new(attribute: Attribute, mode: HeadMode) -> Self {
        Self {
            attribute,
            mode,
            target: Vec::new(),
            entropy_conditioning: false,
            weight: None,
        }
    }

    /// The label of a value of the attribute.
    pub fn label<'a>(&self, value: &'a str) -> &'a str {
        match self.target.iter().any(|target| target == value) {
            _ if self.target.is_empty() => value,
            true => Self::TARGET,
            false => Self::SOURCE,
        }
    }

    /// What is wrong with the head by itself: the key and why.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let mode = self.mode.name();
        if !self.target.is_empty() && !self.mode.has_target() {
            let reason =
                format!("belongs to the modes grad_reverse, coral, mmd and cdan, not to {mode}");
            return Some(("target", reason));
        }
        if self.entropy_conditioning && self.mode != HeadMode::Cdan {
            let reason = format!("belongs to the mode cdan, not to {mode}");
            return Some(("entropy_conditioning", reason));
        }
        let weight = self.weight?;
        if !self.mode.has_weight() {
            let reason = format!(
                "belongs to the modes coral, mmd and cdan; `alpha` is the weight of {mode}"
            );
            return Some(("weight", reason));
        }
        let usable = weight > 0.0 && weight.is_finite();
        (!usable).then(|| ("weight", "must be above 0".to_owned()))
    }
}

/// Weight of the attribute tasks: a ramp over the epochs, constant where both ends are equal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alpha {
    /// Value at epoch 0.
    pub start: f64,
    /// Value at the last epoch of the ramp, and after it.
    pub end: f64,
    /// Epochs of the ramp; all possible ones where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
}

impl Alpha {
    /// The same weight in every epoch.
    pub fn constant(value: f64) -> Self {
        Self::ramp(value, value)
    }

    /// From one weight to another over all possible epochs.
    pub fn ramp(start: f64, end: f64) -> Self {
        Self {
            start,
            end,
            epochs: None,
        }
    }

    /// Whether it is the same in every epoch.
    pub fn is_constant(&self) -> bool {
        self.start == self.end
    }

    /// The first epoch (from 0) of at most `epochs` in which it has its last value.
    pub fn end_of_ramp(&self, epochs: usize) -> usize {
        match self.is_constant() {
            true => 0,
            false => self.epochs.unwrap_or(epochs).saturating_sub(1),
        }
    }

    /// The weight at `epoch` (from 0) of at most `epochs`: `start + (end - start) e / (E - 1)` with E epochs of the ramp.
    pub fn at(&self, epoch: usize, epochs: usize) -> f64 {
        let last = self.epochs.unwrap_or(epochs).saturating_sub(1);
        let part = match (last, self.epochs) {
            (0, None) => 0.0,
            (0, Some(_)) => 1.0,
            _ => epoch.min(last) as f64 / last as f64,
        };
        self.start + (self.end - self.start) * part
    }
}

/// What alpha scales where a head sits behind a gradient reversal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reversal {
    /// Eq. 2 of the paper: alpha scales the head's own learning and the reversed gradient.
    #[default]
    Paper,
    /// Ganin et al. (2016): heads learn with weight 1 and emotion keeps weight 1; alpha scales only the reversed gradient.
    Ganin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_tell_target_and_source_apart_and_name_what_does_not_fit() {
        let head = |json: &str| serde_json::from_str::<HeadSpec>(json).unwrap();
        let text = r#"{"attribute":"corpus","mode":"coral","target":["far"],"weight":2.0}"#;
        let coral = head(text);
        assert_eq!(serde_json::to_string(&coral).unwrap(), text);
        assert_eq!(
            (coral.label("far"), coral.label("near")),
            ("target", "source")
        );
        let plain = r#"{"attribute":"corpus","mode":"shared"}"#;
        assert_eq!(
            head(plain),
            HeadSpec::new(Attribute::Corpus, HeadMode::Shared)
        );
        assert_eq!(serde_json::to_string(&head(plain)).unwrap(), plain);
        assert_eq!(head(plain).label("near"), "near");
        let key = |more: &str| {
            let head = head(&format!(r#"{{"attribute":"corpus",{more}}}"#));
            head.problem().map(|(key, _)| key)
        };
        assert_eq!(key(r#""mode":"shared","target":["far"]"#), Some("target"));
        assert_eq!(key(r#""mode":"grad_reverse","target":["far"]"#), None);
        assert_eq!(key(r#""mode":"grad_reverse","weight":1"#), Some("weight"));
        assert_eq!(key(r#""mode":"mmd","weight":0"#), Some("weight"));
        assert_eq!(key(r#""mode":"cdan","weight":0.5"#), None);
        let conditioned = r#""mode":"cdan","entropy_conditioning":true"#;
        assert_eq!(key(conditioned), None);
        let conditioned = conditioned.replace("cdan", "coral");
        assert_eq!(key(&conditioned), Some("entropy_conditioning"));
    }

    #[test]
    fn alpha_is_linear_over_the_epochs() {
        let alpha = Alpha::ramp(0.0, 0.5);
        assert_eq!(alpha.at(0, 150), 0.0);
        assert_eq!(alpha.at(149, 150), 0.5);
        assert!((alpha.at(10, 21) - 0.25).abs() < 1e-12);
        assert_eq!(alpha.at(0, 1), 0.0);
        assert_eq!(Alpha::constant(0.1).at(77, 150), 0.1);
    }
}
