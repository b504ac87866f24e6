//! The columns of a corpus that an audit compares between splits, whichever an `ingest` keeps.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pipe_foundation::Limit;
use pipe_speech::corpus::{
    self, ClassChoice, Corpora, KeptColumns, ListOptions, Utterance, VoteRule,
};

type Columns = HashMap<String, Arc<BTreeMap<String, String>>>;

/// The columns of the utterances of some corpora.
#[derive(Clone, Debug, Default)]
pub struct ColumnsOfCorpora(HashMap<String, Arc<Columns>>);

impl ColumnsOfCorpora {
    /// A listing that keeps every column, and where rows disagree the label of most.
    pub fn every_column(corpora: &Corpora) -> ListOptions {
        ListOptions {
            classes: ClassChoice::default(),
            class_maps: corpora.classes.clone(),
            confinement: corpora.confinement.clone(),
            made_items: corpora.made_items,
            columns: KeptColumns::All,
            votes: VoteRule::Soft,
        }
    }

    /// Takes in the corpus called `name`, unless it is there; without columns where it cannot be listed with all of them.
    pub fn add(&mut self, name: &str, corpora: &Corpora, file_bytes: Limit) {
        if self.0.contains_key(name) {
            return;
        }
        // An utterance without a label has columns too, and so has a table without labels.
        let options = ListOptions {
            classes: ClassChoice::Named(ClassChoice::NONE.into()),
            ..Self::every_column(corpora)
        };
        let listed = corpora.corpora.get(name).map(|config| {
            corpus::list(name, config, &corpora.folder, &options, file_bytes)
                .map(|listing| listing.entries)
                .unwrap_or_default()
        });
        let entries = listed.into_iter().flatten();
        let columns = entries
            .filter_map(|entry| Some((entry.utterance.id, entry.utterance.columns?)))
            .collect();
        self.0.insert(name.to_owned(), Arc::new(columns));
    }

    /// The utterance with all columns of its corpus, as far as they are known.
    pub fn completed(&self, utterance: &Utterance) -> Utterance {
        let mut utterance = utterance.clone();
        let known = self.0.get(&*utterance.corpus);
        if let Some(all) = known.and_then(|columns| columns.get(&utterance.id)) {
            utterance.columns = Some(all.clone());
        }
        utterance
    }
}
