//! What an audit looks at: the recordings that a corpus or a step of a manifest lists.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pipe_engine::cache::Cache;
use pipe_engine::stage::Stage;
use pipe_foundation::{Digest, Limit, by_cause};
use pipe_nn::model::Device;
use pipe_speech::corpus::audit::{Finding, Severity};
use pipe_speech::corpus::{
    self, AudioSource, ClassChoice, ClassSet, Corpora, CorpusConfig, KeptColumns, ListOptions,
    Utterance, VoteRule,
};
use rayon::prelude::*;

use crate::domain::SpeechPlan;
use crate::items::UtteranceItem;
use crate::stage::{self, Setting, SharedListings, source_facts};

/// So many causes are told for which files or rows are left out.
const CAUSES_TOLD: usize = 3;

/// The kind of the stage that lists recordings.
pub const INGEST: &str = "ingest";

/// What is looked for in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditScope {
    /// Everything.
    Everything,
    /// What its splits share, and what training lacks: the rest is told of the sources that it is made of.
    BetweenSplits,
}

/// The recordings of a corpus, or of a step.
pub struct AuditSource {
    /// The corpus or the step.
    pub name: String,
    /// What is looked for.
    pub scope: AuditScope,
    /// The classes that are told apart.
    pub classes: Vec<String>,
    /// Its recordings.
    pub recordings: Vec<ListedRecording>,
    /// What listing it found.
    pub findings: Vec<Finding>,
}

/// A recording that is listed and not read yet.
#[derive(Clone)]
pub struct ListedRecording {
    /// What is known of it.
    pub utterance: Utterance,
    /// Where it is.
    pub source: AudioSource,
    /// Digest of all that determines its samples.
    pub digest: Digest,
}

/// Lists a corpus, with its own labels as classes and all in one split.
///
/// # Errors
/// A corpus that is not there or cannot be listed.
pub fn of_corpus(
    name: &str,
    config: &CorpusConfig,
    corpora: &Corpora,
    cache: &Cache,
    file_bytes: Limit,
) -> miette::Result<AuditSource> {
    let options = every_column(corpora);
    let listing = corpus::list(name, config, &corpora.folder, &options, file_bytes)?;
    let mut findings = Vec::new();
    let strict = ListOptions {
        votes: VoteRule::Error,
        ..options.clone()
    };
    if let Err(error) = corpus::list(name, config, &corpora.folder, &strict, file_bytes) {
        findings.push(contradicting_rows(&error));
    }
    let lost = listing.bad().map(|bad| (&*bad.what, &*bad.reason));
    findings.extend(left_out(&lost.collect::<Vec<_>>()));
    let facts = listing.entries.into_par_iter().map(|entry| {
        let facts = source_facts(&entry, &cache.files);
        (entry, facts)
    });
    let facts: Vec<_> = facts.collect();
    let (mut recordings, mut unread) = (Vec::new(), Vec::new());
    for (entry, facts) in facts {
        match facts {
            Ok((digest, _)) => recordings.push(ListedRecording {
                utterance: entry.utterance,
                source: entry.source,
                digest,
            }),
            Err(error) => unread.push((entry.utterance.id, error.to_string())),
        }
    }
    let unread: Vec<_> = unread.iter().map(|(id, why)| (&**id, &**why)).collect();
    findings.extend(left_out(&unread));
    let found = recordings.iter().filter_map(|r| r.utterance.class.as_ref());
    let classes = ClassSet::of(&options.classes, &options.class_maps, found)?;
    Ok(AuditSource {
        name: name.to_owned(),
        scope: AuditScope::Everything,
        classes: classes.names().map(str::to_owned).collect(),
        recordings,
        findings,
    })
}

/// A listing that keeps every column, and where rows disagree the label of most.
fn every_column(corpora: &Corpora) -> ListOptions {
    ListOptions {
        classes: ClassChoice::Named(ClassChoice::NATIVE.into()),
        class_maps: corpora.classes.clone(),
        columns: KeptColumns::All,
        votes: VoteRule::Soft,
    }
}

/// Lists every `ingest` of a plan, with its splits. One that cannot be listed has a finding that says why.
pub fn of_plan(plan: &SpeechPlan, cache: &Cache, file_bytes: Limit) -> Vec<AuditSource> {
    let setting = Setting {
        corpora: plan.corpora.clone(),
        device: Device::Cpu,
        file_bytes,
        sandbox: false,
        shared_listings: SharedListings::default(),
    };
    let mut columns = HashMap::new();
    let steps = plan.steps.iter();
    let sources = steps.filter(|step| step.declaration.kind.name == INGEST);
    sources
        .map(|step| {
            for (_, name) in &step.declaration.named {
                if !columns.contains_key(name) {
                    columns.insert(name.clone(), columns_of(name, &setting));
                }
            }
            // What a leak is, the audit says itself, and with it everything else.
            let mut declaration = step.declaration.clone();
            declaration.parameters.insert("leaks".into(), "warn".into());
            let mut source = AuditSource {
                name: step.id().to_owned(),
                scope: AuditScope::Everything,
                classes: Vec::new(),
                recordings: Vec::new(),
                findings: Vec::new(),
            };
            let listing = match stage::build(&declaration, &setting) {
                Ok(Stage::Source(stage)) => stage.list(&cache.files),
                Ok(_) => return source,
                Err(error) => Err(error.into()),
            };
            let listing = match listing {
                Ok(listing) => listing,
                Err(error) => {
                    source.findings.push(not_listed(&error));
                    return source;
                }
            };
            let lost = listing.missing.iter().map(|bad| (&*bad.id, &*bad.reason));
            source.findings.extend(left_out(&lost.collect::<Vec<_>>()));
            for item in &listing.items {
                let facts = item.utterance_facts();
                if source.classes.is_empty() {
                    source.classes = facts.classes.names().map(str::to_owned).collect();
                }
                let Some(recording) = &facts.recording else {
                    continue;
                };
                let mut utterance = facts.utterance.clone();
                let all = columns.get(&utterance.corpus);
                if let Some(all) = all.and_then(|columns| columns.get(&utterance.id)) {
                    utterance.columns = Some(all.clone());
                }
                source.recordings.push(ListedRecording {
                    utterance,
                    source: recording.source.clone(),
                    digest: item.digest,
                });
            }
            source
        })
        .collect()
}

type Columns = HashMap<String, Arc<BTreeMap<String, String>>>;

/// All columns of a corpus by utterance, whichever the step keeps; none where the corpus cannot be listed like that.
fn columns_of(name: &str, setting: &Setting) -> Columns {
    let corpora = &setting.corpora;
    let Some(config) = corpora.corpora.get(name) else {
        return Columns::new();
    };
    let options = every_column(corpora);
    let listed = corpus::list(name, config, &corpora.folder, &options, setting.file_bytes);
    let entries = listed.map(|listing| listing.entries).unwrap_or_default();
    entries
        .into_iter()
        .filter_map(|entry| Some((entry.utterance.id, entry.utterance.columns?)))
        .collect()
}

fn contradicting_rows(error: &dyn std::fmt::Display) -> Finding {
    Finding {
        code: "audit::contradicting_labels",
        severity: Severity::Warning,
        message: format!("rows of the table contradict each other: {error}"),
        help: "correct the table, or declare the rows as votes of annotators (`votes` of `ingest`)",
        count: 1,
        names: Vec::new(),
    }
}

fn not_listed(error: &miette::Report) -> Finding {
    Finding {
        code: "audit::not_listed",
        severity: Severity::Error,
        message: format!("the recordings cannot be listed: {error}"),
        help: "`pipe run` fails with the same error, and says more of it",
        count: 0,
        names: Vec::new(),
    }
}

/// What the corpus promises and lacks.
fn left_out(lost: &[(&str, &str)]) -> Option<Finding> {
    let (first, _) = lost.first()?;
    let cause = by_cause(lost.iter().copied(), CAUSES_TOLD);
    Some(Finding {
        code: "audit::left_out",
        severity: Severity::Warning,
        message: match lost.len() {
            1 => format!("{first} cannot be used and is left out: {cause}"),
            many => format!("{many} files or rows cannot be used and are left out: {cause}"),
        },
        help: "get them again, or correct the table; `max_bad` of `ingest` says how many a run may lack",
        count: lost.len(),
        names: lost.iter().map(|(what, _)| (*what).to_owned()).collect(),
    })
}
