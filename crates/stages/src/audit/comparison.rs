//! What a model is trained on against what it is evaluated on, where several steps list them.

use std::collections::{BTreeMap, BTreeSet};

use pipe_speech::corpus::Split;

use super::source::{AuditScope, AuditSource, ListedRecording};

/// Steps that list what a model is trained on, and steps that list what it is evaluated on: others, or the same ones
/// where their recordings go one way up to the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Comparison {
    /// The former.
    pub trained: BTreeSet<String>,
    /// The latter.
    pub evaluated: BTreeSet<String>,
    /// The splits of the latter that are scored.
    pub splits: Vec<String>,
    /// Kinds of findings that the evaluations put up with, each with what says so.
    pub allowed: BTreeMap<String, String>,
}

impl Comparison {
    /// What is compared, as the plan names it.
    pub fn name(&self) -> String {
        name_of(
            self.trained.iter().map(String::as_str),
            self.evaluated.iter().map(String::as_str),
        )
    }

    /// Whether another compares the same.
    pub fn is_alike(&self, other: &Self) -> bool {
        let of = |one: &Self| {
            (
                one.trained.clone(),
                one.evaluated.clone(),
                one.splits.clone(),
            )
        };
        of(self) == of(other)
    }

    /// Whether all of its steps are among these.
    pub fn is_among(&self, steps: &BTreeSet<&str>) -> bool {
        let mut all = self.trained.union(&self.evaluated);
        all.all(|step| steps.contains(step.as_str()))
    }

    /// Training and validation data of what it is trained on, and as test what is scored. It is named after the steps
    /// that have some.
    pub fn source(&self, sources: &[AuditSource]) -> AuditSource {
        let (mut trained, mut evaluated) = (Vec::new(), Vec::new());
        let (mut classes, mut recordings) = (Vec::new(), Vec::new());
        for source in named(sources, &self.trained) {
            let seen = source.recordings.iter();
            let seen = seen.filter(|recording| recording.utterance.split != Split::Test);
            let before = recordings.len();
            recordings.extend(seen.cloned());
            if recordings.len() > before {
                classes.clone_from(&source.classes);
                trained.push(&*source.name);
            }
        }
        for source in named(sources, &self.evaluated) {
            let scored = source.recordings.iter();
            let scored = scored.filter(|recording| self.scores(&source.name, recording));
            let before = recordings.len();
            recordings.extend(scored.cloned().map(|mut recording| {
                recording.utterance.split = Split::Test;
                recording
            }));
            if recordings.len() > before {
                evaluated.push(&*source.name);
            }
        }
        let all = named(sources, &self.trained).chain(named(sources, &self.evaluated));
        let groups = all.flat_map(|source| source.groups.iter().cloned());
        let parts = self.trained.union(&self.evaluated).cloned().collect();
        AuditSource {
            scope: AuditScope::BetweenSplits { parts },
            classes,
            groups: groups.collect(),
            allowed: self.allowed.clone(),
            recordings,
            ..AuditSource::unlisted(&name_of(trained.into_iter(), evaluated.into_iter()))
        }
    }

    /// Whether a recording of a step counts as held out: testing a model on the very data that it was trained on, or that
    /// its epoch was chosen by, is asked for by name, and then no leak.
    fn scores(&self, step: &str, recording: &ListedRecording) -> bool {
        let split = recording.utterance.split;
        let is_asked_for = self.splits.iter().any(|name| name == split.name());
        is_asked_for && (split == Split::Test || !self.trained.contains(step))
    }
}

/// The sources with these names.
fn named<'a>(
    sources: &'a [AuditSource],
    names: &'a BTreeSet<String>,
) -> impl Iterator<Item = &'a AuditSource> {
    let named = |name: &String| sources.iter().find(|source| source.name == *name);
    names.iter().filter_map(named)
}

fn name_of<'a>(
    trained: impl Iterator<Item = &'a str>,
    evaluated: impl Iterator<Item = &'a str>,
) -> String {
    format!(
        "trained on {}, evaluated on {}",
        trained.collect::<Vec<_>>().join(", "),
        evaluated.collect::<Vec<_>>().join(", ")
    )
}
