//! Everything that a card tells of.

use pipe_foundation::Digest;
use pipe_nn::model::{ModelConfig, Network};
use pipe_report::eval::Evaluation;
use pipe_speech::corpus::CorpusConfig;

use crate::predict::FrontEnd;

/// Everything that a card describes.
pub struct Card<'a> {
    /// Name of the model file.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Digest of its content.
    pub digest: Digest,
    /// What it says of itself.
    pub config: &'a ModelConfig,
    /// Its network.
    pub network: &'a Network,
    /// Its front end, or why it has none that can be used.
    pub front_end: Result<&'a FrontEnd, String>,
    /// The corpora that `corpora.toml` knows.
    pub corpora: &'a [CardCorpus<'a>],
    /// Evaluations of the model.
    pub evaluations: &'a [CardEvaluation],
}

/// A corpus of `corpora.toml`.
pub struct CardCorpus<'a> {
    /// Its name in manifests.
    pub name: &'a str,
    /// What the table says of it.
    pub config: &'a CorpusConfig,
}

/// One evaluation.
#[derive(Clone, Debug)]
pub struct CardEvaluation {
    /// Where it comes from: a step or a file.
    pub name: String,
    /// True where the cache's record proves that it is of exactly this file.
    pub of_this_file: bool,
    /// The metrics.
    pub evaluation: Evaluation,
    /// Speakers and recordings of the training among those tested, where that is known.
    pub leaks: Vec<String>,
}

impl Card<'_> {
    /// What `corpora.toml` says of the corpus called `name`.
    pub(super) fn corpus(&self, name: &str) -> Option<&CorpusConfig> {
        let found = self.corpora.iter().find(|corpus| corpus.name == name);
        found.map(|corpus| corpus.config)
    }

    /// Utterances by corpus and split, as the file has them.
    pub(super) fn utterances(&self) -> Vec<(&str, [u64; 3])> {
        let corpora = self.config.provenance["utterances"].as_object();
        corpora
            .into_iter()
            .flatten()
            .map(|(name, splits)| {
                let count = |split: &str| splits[split].as_u64().unwrap_or(0);
                (name.as_str(), ["train", "validation", "test"].map(count))
            })
            .collect()
    }

    /// Names of the corpora that it learned from or was chosen by.
    pub(super) fn training_corpora(&self) -> Vec<&str> {
        let used = |&(_, [train, validation, _]): &(&str, [u64; 3])| train + validation > 0;
        let corpora = self.utterances();
        corpora
            .into_iter()
            .filter(used)
            .map(|(name, _)| name)
            .collect()
    }
}
