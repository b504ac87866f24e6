//! What `pipe audit` looks at: every `ingest` of a manifest, or one corpus.

use std::collections::BTreeSet;

use pipe_engine::cache::Cache;
use pipe_engine::manifest::{Declaration, Limits};
use pipe_engine::plan::Step;
use pipe_engine::stage::{SourceListing, Stage};
use pipe_foundation::Limit;
use pipe_nn::model::Devices;
use pipe_speech::corpus::audit::{Finding, Severity};
use pipe_speech::corpus::{self, ClassSet, Corpora, CorpusConfig, ListOptions, VoteRule};
use rayon::prelude::*;

use crate::cli::arguments::Common;
use crate::cli::context;
use crate::cli::corpora_arguments::AuditArguments;
use crate::cli::corpus_named::corpus_named;
use crate::cli::error::CliError;
use crate::cli::manifest_arguments::ManifestArguments;
use pipe_stages::audit::{AuditSource, ColumnsOfCorpora, ListedRecording, left_out};
use pipe_stages::comparisons::comparisons;
use pipe_stages::domain::SpeechPlan;
use pipe_stages::items::details;
use pipe_stages::stage::{
    self, AUDIT, FailOn, INGEST, LeakPolicy, MadeItems, Setting, SharedListings, source_facts,
};

/// What was listed, and what listing warned of, each with the step or corpus.
pub type Listed = (Vec<AuditSource>, Vec<(String, String)>);

/// Lists every `ingest` of a manifest, and what its evaluations bring together; with the cache that knows the files.
///
/// # Errors
/// A manifest that is wrong, or has none.
pub fn sources_of_manifest(
    arguments: &AuditArguments,
    common: &Common,
) -> Result<(Listed, Cache), CliError> {
    let manifest = ManifestArguments {
        manifest: arguments.what.clone(),
        overrides: arguments.overrides.clone(),
        present: arguments.present,
        rehash: false,
        allow_paths: arguments.allow_paths,
    };
    let plan = context::plan(&manifest, Devices::default(), common)?;
    let cache = context::cache(common, false)?;
    let (mut sources, odd) = of_plan(&plan, &cache, &common.limits());
    let compared = comparisons(&plan).into_iter();
    let compared: Vec<AuditSource> = compared.map(|one| one.source(&sources)).collect();
    sources.extend(compared);
    put_up_with(&mut sources, &plan);
    cache.files.save()?;
    match sources.is_empty() {
        false => Ok(((sources, odd), cache)),
        true => Err(CliError::Usage {
            message: format!("{} has no `ingest`", plan.manifest),
            help: "an audit looks at the recordings that an `ingest` lists".into(),
        }),
    }
}

/// Lets what audit stages put up with of their inputs be put up with here, so that both say the same.
fn put_up_with(sources: &mut [AuditSource], plan: &SpeechPlan) {
    for audit in plan
        .steps
        .iter()
        .filter(|step| step.declaration.kind.name == AUDIT)
    {
        let inputs: BTreeSet<&str> = audit
            .input_steps()
            .map(|step| plan.steps[step].id())
            .collect();
        let fail_on = FailOn::of(&audit.declaration.parameters);
        for source in sources.iter_mut().filter(|source| source.is_of(&inputs)) {
            fail_on.add_to(&mut source.allowed);
        }
    }
}

/// Lists one corpus; with the cache that knows the files.
///
/// # Errors
/// A corpus that is not known, not there, or cannot be listed.
pub fn source_of_corpus(
    arguments: &AuditArguments,
    common: &Common,
) -> Result<(Listed, Cache), CliError> {
    let name = arguments.what.to_string_lossy();
    let known = context::corpora_here(common)?;
    let corpora = &known.corpora;
    let config = corpus_named(&name, corpora, "there is no manifest and no corpus")?;
    if !arguments.overrides.is_empty() {
        return Err(CliError::Usage {
            message: format!("--set changes a manifest, and `{name}` is a corpus"),
            help: "leave --set out, or give a manifest".into(),
        });
    }
    let cache = context::cache(common, false)?;
    let source = of_corpus(&name, config, corpora, &cache, common.limits().file_bytes);
    cache.files.save()?;
    let (source, odd) = source.map_err(|error| CliError::Usage {
        message: error.to_string(),
        help: match error.help() {
            Some(help) => help.to_string(),
            None => format!("`pipe corpora {name}` says where to get it"),
        },
    })?;
    Ok(((vec![source], odd), cache))
}

/// Lists a corpus, with its own labels as classes and all in one split.
///
/// # Errors
/// A corpus that is not there or cannot be listed.
fn of_corpus(
    name: &str,
    config: &CorpusConfig,
    corpora: &Corpora,
    cache: &Cache,
    file_bytes: Limit,
) -> miette::Result<(AuditSource, Vec<(String, String)>)> {
    let options = ColumnsOfCorpora::every_column(corpora);
    let (listing, options) =
        corpus::list_by_own_labels(name, config, &corpora.folder, &options, file_bytes)?;
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
    let odd = of_the_listing(name, listing.warnings.iter());
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
    let columns = recordings.iter().flat_map(|r| &r.utterance.columns);
    let columns = columns.flat_map(|columns| columns.keys().cloned());
    let source = AuditSource {
        columns: columns.collect(),
        classes: classes.names().map(str::to_owned).collect(),
        recordings,
        findings,
        ..AuditSource::unlisted(name)
    };
    Ok((source, odd))
}

/// Lists every `ingest` of a plan, with its splits. One that cannot be listed has a finding that says why.
fn of_plan(plan: &SpeechPlan, cache: &Cache, limits: &Limits) -> Listed {
    let file_bytes = limits.file_bytes;
    let setting = Setting {
        corpora: plan.corpora.clone(),
        devices: Devices::default(),
        file_bytes,
        made_items: MadeItems::within(limits.made_items),
        sandbox: false,
        shared_listings: SharedListings::default(),
    };
    let mut columns = ColumnsOfCorpora::default();
    let mut odd = Vec::new();
    let steps = plan.steps.iter();
    let sources = steps.filter(|step| step.declaration.kind.name == INGEST);
    let sources = sources
        .map(|step| {
            for (_, name) in &step.declaration.named {
                columns.add(name, &plan.corpora, file_bytes);
            }
            let (listing, refused) = match listed(step, &setting, cache) {
                Ok(listed) => listed,
                Err(error) => {
                    return AuditSource {
                        findings: vec![not_listed(
                            &error,
                            "`pipe run` fails with the same error, and says more of it",
                        )],
                        ..AuditSource::unlisted(step.id())
                    };
                }
            };
            let leaks = details(&listing);
            let leaks = leaks.iter().flat_map(|details| &details.leak_checks);
            let leaks: Vec<&String> = leaks.flat_map(|check| &check.found).collect();
            let warnings = listing.warnings.iter();
            let warnings = warnings.filter(|warning| !leaks.contains(warning));
            if refused.is_none() {
                odd.extend(of_the_listing(step.id(), warnings));
            }
            let mut source = AuditSource::of_listing(step.id(), &listing, &columns);
            let policy = LeakPolicy::of(&step.declaration.parameters);
            source.put_up_with(&policy.allowed());
            let help = "`pipe run` fails with the same error, and says more of it; what else is found here is found of the rows as votes (`votes` of `ingest`)";
            source.findings.extend(refused.map(|error| not_listed(&error, help)));
            source
        })
        .collect();
    (sources, odd)
}

/// What a step lists, whatever its splits share. Where its rows contradict one another, what it would list if they were votes,
/// and the error.
///
/// # Errors
/// Where it cannot be listed so either.
fn listed(
    step: &Step,
    setting: &Setting,
    cache: &Cache,
) -> miette::Result<(SourceListing, Option<miette::Report>)> {
    let mut declaration = step.declaration.clone();
    // What a leak is, the audit says itself, and with it everything else.
    declaration.parameters.insert("leaks".into(), "warn".into());
    let list = |declaration: &Declaration| match stage::build(declaration, setting)? {
        Stage::Source(stage) => stage.list(&cache.files),
        _ => Ok(SourceListing::default()),
    };
    let error = match list(&declaration) {
        Ok(listing) => return Ok((listing, None)),
        Err(error) => error,
    };
    declaration.parameters.insert("votes".into(), "soft".into());
    match list(&declaration) {
        Ok(listing) => Ok((listing, Some(error))),
        Err(_) => Err(error),
    }
}

/// What listing the recordings of a step or corpus warns of, but for what the audit finds itself.
fn of_the_listing<'w>(
    of: &str,
    warnings: impl Iterator<Item = &'w String>,
) -> Vec<(String, String)> {
    const OWN: [&str; 4] = [
        "left out",
        "differ only in",
        "has no utterance of",
        "no utterance has the class",
    ];
    let is_found = |warning: &&String| OWN.iter().any(|own| warning.contains(own));
    let others = warnings.filter(|warning| !is_found(warning));
    others
        .map(|warning| (of.to_owned(), warning.clone()))
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

fn not_listed(error: &miette::Report, help: &'static str) -> Finding {
    Finding {
        code: "audit::not_listed",
        severity: Severity::Error,
        message: format!("the recordings cannot be listed: {error}"),
        help,
        count: 0,
        names: Vec::new(),
    }
}
