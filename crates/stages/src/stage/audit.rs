//! `audit`: what makes a score on listed recordings meaningless, found before anything is trained on them.

use std::sync::Mutex;

use miette::Diagnostic;
use pipe_engine::artifact::{FingerprintInputs, item_set_digest};
use pipe_engine::manifest::{Declaration, Diagnostics, Gathers, Kind, Parameter, Shape};
use pipe_engine::stage::{
    AggregateContext, AggregateStage, InputOrigin, Interrupted, Resources, SourceListing, Stage,
};
use pipe_foundation::sync::lock;
use pipe_foundation::{Digest, Limit, thread_pool};
use pipe_speech::corpus::Corpora;
use pipe_speech::corpus::audit::{Finding, Severity};
use serde::Deserialize;
use thiserror::Error;

use crate::audit::{AuditOutcome, AuditSource, ColumnsOfCorpora, Comparison, measure_all};
use crate::items::{self, AUDIO, details};

use super::options::options;
use super::output::{Unwritten, write_json};
use super::parameters::THREADS;
use super::setting::Setting;

mod fail_on;
mod listing_digest;

use fail_on::ERRORS;
use listing_digest::add_source;

pub use fail_on::FailOn;

/// The name of this kind.
pub const AUDIT: &str = "audit";
/// What was found.
pub const CONTENT: &str = "audit.json";

pub static KIND: Kind = Kind {
    name: AUDIT,
    // 2: ingests of one chain are compared, and speakers of training and validation alone are a warning; 3: so is audio; 4:
    // messages name ten things, and columns of utterances without labels count; 5: columns may tell the class, corpora share
    // texts, and what `leaks` puts up with is a warning
    version: 5,
    doc: "Looks for what makes a score on recordings meaningless before anything is trained on them, as `pipe audit` does: speakers and copies in more than one split, or in what different ingest stages list for a training and its evaluation; classes that training lacks; facts that give the class away; unusable recordings.",
    parameters: &[
        Parameter::required(
            "input",
            Shape::OneOrMany(&Shape::Input(&[AUDIO])),
            "Ingest stages; all matrix variants of each are included, and each recording is read once. Give those of trainings and of evaluations together, so that they are compared.",
        ),
        Parameter::default(
            "fail_on",
            Shape::Either(&[Shape::Choice(&["error", "never"]), Shape::Table(ERRORS)]),
            "\"error\"",
            "When the step fails. error (default): where a finding is an error, since a score on such data means nothing; trainings on the same data wait for the audit, and do not start after it has failed. never: what was found is reported, and trainings start all the same. A table such as { shared_copy = \"warn\" } makes some kinds of errors warnings; others stay errors. What `leaks` of an ingest stage puts up with is a warning of its audit, too.",
        ),
        THREADS,
    ],
    gathers: Gathers::Always,
    output: |_| items::AUDIT,
    validate: |_| Vec::new(),
};

#[derive(Deserialize)]
struct Options {
    fail_on: FailOn,
    threads: usize,
}

/// Why there is no result.
#[derive(Debug, Error, Diagnostic)]
enum AuditError {
    #[error("{}: {findings}", match count { 1 => "an error in the data".to_owned(), count => format!("{count} errors in the data") })]
    #[diagnostic(
        code(audit::errors),
        help(
            "a score on such data means nothing: docs/audit.md says what to do about each. `{line}` in this stage makes these warnings, and `fail_on = \"never\"` continues whatever is found"
        )
    )]
    Errors {
        count: usize,
        findings: String,
        line: String,
    },
    #[error("a recording could not be read: {reason}")]
    #[diagnostic(
        code(audit::unreadable),
        help("the file itself may be whole: run again once it can be read")
    )]
    Unreadable { reason: String },
    #[error("cannot write {name}: {reason}")]
    #[diagnostic(code(audit::output))]
    Output { name: &'static str, reason: String },
}

impl From<Unwritten> for AuditError {
    fn from(Unwritten { name, reason }: Unwritten) -> Self {
        Self::Output { name, reason }
    }
}

struct Audit {
    options: Options,
    comparisons: Vec<Comparison>,
    corpora: Corpora,
    file_bytes: Limit,
    /// All columns of the corpora that are listed, so that each corpus is asked for them once.
    columns: Mutex<ColumnsOfCorpora>,
}

pub fn build(declaration: &Declaration, setting: &Setting) -> Result<Stage, Diagnostics> {
    with_comparisons(declaration, setting, Vec::new())
}

/// The stage of an audit that compares what evaluations bring together of its inputs, too.
///
/// # Errors
/// Parameters that do not fit.
pub fn with_comparisons(
    declaration: &Declaration,
    setting: &Setting,
    comparisons: Vec<Comparison>,
) -> Result<Stage, Diagnostics> {
    Ok(Stage::Aggregate(Box::new(Audit {
        comparisons,
        options: options(declaration)?,
        corpora: setting.corpora.clone(),
        file_bytes: setting.file_bytes,
        columns: Mutex::default(),
    })))
}

impl Audit {
    /// The recordings of a listing, with all columns of their corpora, and what is put up with.
    fn source(&self, name: &str, listing: &SourceListing) -> AuditSource {
        let mut columns = lock(&self.columns);
        for corpus in details(listing).iter().flat_map(|details| &details.corpora) {
            columns.add(&corpus.name, &self.corpora, self.file_bytes);
        }
        let mut source = AuditSource::of_listing(name, listing, &columns);
        self.options.fail_on.add_to(&mut source.allowed);
        source
    }
}

impl AggregateStage for Audit {
    fn takes_listings(&self) -> bool {
        true
    }

    /// What is known of the utterances and their recordings, which files they are in, and what is left out.
    fn listing_digest(&self, listing: &SourceListing) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&item_set_digest(&listing.items).0);
        add_source(&self.source("", listing), &mut hasher);
        for bad in &listing.missing {
            for field in [&bad.id, &bad.reason] {
                hasher.update(field.as_bytes());
                hasher.update(b"\0");
            }
        }
        Digest(*hasher.finalize().as_bytes())
    }

    /// The names of the sources are part of what is written, and so is what is compared.
    fn external_inputs(&self, inputs: &[InputOrigin], fingerprint: &mut FingerprintInputs) {
        for (index, input) in inputs.iter().enumerate() {
            fingerprint.add(format!("audited.{index}"), input.label.step_id());
        }
        for (index, comparison) in self.comparisons.iter().enumerate() {
            let splits = comparison.splits.join(", ");
            let allowed = comparison.allowed.iter();
            let allowed = allowed.map(|(kind, whose)| format!("; {kind}: {whose}"));
            let what = format!(
                "{} ({splits}){}",
                comparison.name(),
                String::from_iter(allowed)
            );
            fingerprint.add(format!("compared.{index}"), what);
        }
    }

    fn kept_on_failure(&self) -> &[&'static str] {
        &[CONTENT]
    }

    fn resources(&self) -> Resources {
        Resources {
            threads: self.options.threads,
            ..Resources::default()
        }
    }

    fn run(&self, context: &AggregateContext<'_>) -> miette::Result<()> {
        let listed = context.inputs_of("input");
        let mut sources: Vec<AuditSource> = listed
            .filter_map(|input| Some(self.source(&input.label.step_id(), input.listing()?)))
            .collect();
        let compared = self.comparisons.iter();
        let compared = compared.map(|one| {
            let mut source = one.source(&sources);
            self.options.fail_on.add_to(&mut source.allowed);
            source
        });
        let compared: Vec<AuditSource> = compared.collect();
        sources.extend(compared);
        let progress = context.progress;
        let work = || {
            let measured = measure_all(&sources, context.findings, progress);
            if progress.interrupted() {
                return Err(Interrupted.into());
            }
            if let Some(failure) = measured.transient_failure() {
                let reason = failure.reason.clone();
                return Err(AuditError::Unreadable { reason }.into());
            }
            Ok(AuditOutcome::of(sources, &measured))
        };
        let outcome: miette::Result<AuditOutcome> = match thread_pool(context.cores.threads()) {
            Ok(pool) => pool.install(work),
            Err(_) => work(),
        };
        let outcome = outcome?;
        write_json(context.out, CONTENT, &outcome).map_err(AuditError::from)?;
        match outcome.severities.errors {
            count if count > 0 && self.options.fail_on.fails() => {
                let errors = errors(&outcome);
                Err(AuditError::Errors {
                    count,
                    findings: first_few(&errors),
                    line: self
                        .options
                        .fail_on
                        .line(errors.iter().map(|error| error.code)),
                }
                .into())
            }
            _ => Ok(()),
        }
    }
}

fn errors(outcome: &AuditOutcome) -> Vec<&Finding> {
    let findings = outcome.sources.iter().flat_map(|source| &source.findings);
    let errors = findings.filter(|finding| finding.severity == Severity::Error);
    errors.collect()
}

/// The first few errors, each with its code.
fn first_few(errors: &[&Finding]) -> String {
    const FEW: usize = 5;
    let shown = errors.iter().take(FEW);
    let shown: Vec<String> = shown
        .map(|error| format!("{} [{}]", error.message, error.code))
        .collect();
    let shown = shown.join("; ");
    match errors.len().saturating_sub(FEW) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}
