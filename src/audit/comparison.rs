//! What a model is trained on against what it is evaluated on, where different steps list them.

use std::collections::BTreeSet;

use pipe_speech::corpus::Split;

use super::source::{AuditScope, AuditSource};

/// Steps that list what a model is trained on, and others that list what it is evaluated on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Comparison {
    /// The former.
    pub trained: BTreeSet<String>,
    /// The latter.
    pub evaluated: BTreeSet<String>,
    /// The splits of the latter that are scored.
    pub splits: Vec<String>,
}

impl Comparison {
    /// What is compared, for people.
    pub fn name(&self) -> String {
        let listed =
            |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
        format!(
            "trained on {}, evaluated on {}",
            listed(&self.trained),
            listed(&self.evaluated)
        )
    }

    /// Whether all of its steps are among these.
    pub fn is_among(&self, steps: &BTreeSet<&str>) -> bool {
        let mut all = self.trained.union(&self.evaluated);
        all.all(|step| steps.contains(step.as_str()))
    }

    /// Training and validation data of what it is trained on, and as test what is scored.
    pub fn source(&self, sources: &[AuditSource]) -> AuditSource {
        let mut both = AuditSource {
            scope: AuditScope::BetweenSplits,
            ..AuditSource::unlisted(&self.name())
        };
        let of = |names: &BTreeSet<String>| -> Vec<&AuditSource> {
            let named = |name: &String| sources.iter().find(|source| source.name == *name);
            names.iter().filter_map(named).collect()
        };
        for source in of(&self.trained) {
            both.classes.clone_from(&source.classes);
            let seen = source.recordings.iter();
            let seen = seen.filter(|recording| recording.utterance.split != Split::Test);
            both.recordings.extend(seen.cloned());
        }
        for source in of(&self.evaluated) {
            let is_scored = |split: Split| self.splits.iter().any(|name| name == split.name());
            let scored = source.recordings.iter();
            let scored = scored.filter(|recording| is_scored(recording.utterance.split));
            both.recordings.extend(scored.cloned().map(|mut recording| {
                recording.utterance.split = Split::Test;
                recording
            }));
        }
        both
    }
}
