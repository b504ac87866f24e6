//! What `corpora.toml` says of one corpus.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Gender;

/// One `[corpus.<name>]` table of `corpora.toml`. [`Corpora::parse_on_top_of`](super::Corpora::parse_on_top_of) sees to it that
/// nothing is missing that has to be there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusConfig {
    /// Folder of the corpus; relative to the folder that holds all corpora.
    #[serde(default)]
    pub root: PathBuf,
    /// Which reader understands its layout.
    #[serde(default)]
    pub reader: String,
    /// Full name for people.
    #[serde(default)]
    pub title: String,
    /// Language tag of every utterance that names none itself.
    #[serde(default)]
    pub language: String,
    /// Licence in a few words.
    #[serde(default)]
    pub licence: String,
    /// Where to get it.
    #[serde(default)]
    pub source: String,
    /// Counts of the official distribution, to check a copy against.
    #[serde(default)]
    pub official: Option<Official>,
    /// Emotion labels to classes where the manifest chooses none: those of the paper, the class map `valence3`, or others.
    #[serde(default)]
    pub labels: Labels,
    /// What labels mean, in English words that class maps of all corpora share: `W = "anger"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// Further class maps of this corpus by name, each from class to labels; `dropped` lists those left out on purpose.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Gender by speaker (without the corpus name), where the files do not say or say it wrongly.
    #[serde(default)]
    pub genders: BTreeMap<String, Gender>,
    /// Options of the reader, such as `channels = ["speech"]` of RAVDESS.
    #[serde(default)]
    pub options: BTreeMap<String, serde_json::Value>,
}

impl CorpusConfig {
    /// The keys that an entry must have.
    pub(super) const REQUIRED: [&str; 6] =
        ["root", "reader", "title", "language", "licence", "source"];

    /// Takes what `has` does not name from `below`.
    pub(super) fn take_absent(&mut self, has: impl Fn(&str) -> bool, below: &Self) {
        let mut taken = below.clone();
        let own = std::mem::take(self);
        macro_rules! keep {
            ($($key:ident)*) => {$(
                if has(stringify!($key)) {
                    taken.$key = own.$key;
                }
            )*};
        }
        keep!(root reader title language licence source official labels names classes genders options);
        *self = taken;
    }

    /// What stands for a licence or a source that nobody has said.
    pub const NOT_STATED: &str = "not stated";

    /// What it is and where to get it, as far as that is stated: `title from source (licence: licence)`.
    pub fn origin(&self) -> String {
        let is_stated = |text: &str| !text.trim().is_empty() && text != Self::NOT_STATED;
        let mut origin = self.title.clone();
        if is_stated(&self.source) {
            origin += &format!(" from {}", self.source);
        }
        if is_stated(&self.licence) {
            origin += &format!(" (licence: {})", self.licence);
        }
        origin
    }
}

/// Counts of the official distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Official {
    /// Number of utterances with any label, dropped ones included.
    pub utterances: usize,
    /// Number of speakers.
    pub speakers: usize,
    /// Hours of the utterances whose label is not dropped.
    #[serde(default)]
    pub hours: Option<f64>,
    /// Utterances per label, where published.
    #[serde(default)]
    pub labels: BTreeMap<String, usize>,
}

/// Which labels count as which class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Labels {
    /// Labels of the positive class.
    #[serde(default)]
    pub positive: Vec<String>,
    /// Labels of the neutral class.
    #[serde(default)]
    pub neutral: Vec<String>,
    /// Labels of the negative class.
    #[serde(default)]
    pub negative: Vec<String>,
    /// Labels left out on purpose.
    #[serde(default)]
    pub dropped: Vec<String>,
    /// Labels of classes of one's own.
    #[serde(flatten)]
    pub others: BTreeMap<String, Vec<String>>,
}

impl Labels {
    /// Whether no label is listed.
    pub fn is_empty(&self) -> bool {
        let lists = [&self.positive, &self.neutral, &self.negative, &self.dropped];
        lists.iter().all(|list| list.is_empty()) && self.others.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::CorpusConfig;

    #[test]
    fn what_is_not_stated_is_not_told() {
        let mut config = CorpusConfig {
            title: "Ours".into(),
            source: CorpusConfig::NOT_STATED.into(),
            licence: CorpusConfig::NOT_STATED.into(),
            ..CorpusConfig::default()
        };
        assert_eq!(config.origin(), "Ours");
        config.source = "a site".into();
        config.licence = "free".into();
        assert_eq!(config.origin(), "Ours from a site (licence: free)");
    }
}
