//! What an audit says of its sources.

use std::collections::{BTreeMap, BTreeSet};

use pipe_speech::corpus::audit::{
    Audited, ClassRow, Criteria, DurationRow, Finding, Severity, audit, audit_between, class_table,
    duration_table,
};
use serde::Serialize;

use super::measuring::MeasuredRecordings;
use super::source::{AuditScope, AuditSource};

/// What an audit says of a source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceAudit {
    /// The corpus, or the step that lists the recordings.
    pub source: String,
    /// The classes that are told apart.
    pub classes: Vec<String>,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
    /// Utterances of each class.
    pub class_table: Vec<ClassRow>,
    /// Lengths of recordings.
    pub duration_table: Vec<DurationRow>,
}

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Severities {
    /// A score means nothing.
    pub errors: usize,
    /// A score may mean less than it seems to.
    pub warnings: usize,
    /// Worth knowing.
    pub notes: usize,
}

/// What an audit says of all sources.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditOutcome {
    /// Of each source; of those that have the same to tell, once.
    pub sources: Vec<SourceAudit>,
    /// Findings in all.
    #[serde(flatten)]
    pub severities: Severities,
}

impl AuditOutcome {
    /// Audits sources whose recordings were measured. Variants of a step that list the same are reported once, with all
    /// names; what has nothing to tell is left out, and so is from a comparison what one of its sources tells already.
    pub fn of(sources: Vec<AuditSource>, measured: &MeasuredRecordings) -> Self {
        let mut told: Vec<SourceAudit> = Vec::new();
        let mut told_of = FindingsOfSources::default();
        for source in sources {
            let scope = source.scope.clone();
            let mut audit = audit_source(source, measured);
            match &scope {
                AuditScope::Everything => told_of.add(&audit),
                AuditScope::BetweenSplits { parts } => {
                    audit.findings.retain(|found| !told_of.have(parts, found));
                }
            }
            if audit.findings.is_empty() && audit.class_table.is_empty() {
                continue;
            }
            let same = told.iter_mut().find(|before| {
                before.findings == audit.findings
                    && before.class_table == audit.class_table
                    && before.duration_table == audit.duration_table
            });
            match same {
                Some(before) => before.source = format!("{}, {}", before.source, audit.source),
                None => told.push(audit),
            }
        }
        let all = || told.iter().flat_map(|audit| &audit.findings);
        let count = |severity| all().filter(|found| found.severity == severity).count();
        Self {
            severities: Severities {
                errors: count(Severity::Error),
                warnings: count(Severity::Warning),
                notes: count(Severity::Note),
            },
            sources: told,
        }
    }
}

/// What was found of single sources: by the name of each, codes of findings with what they are about.
#[derive(Default)]
struct FindingsOfSources(BTreeMap<String, BTreeSet<(&'static str, String)>>);

impl FindingsOfSources {
    fn add(&mut self, audit: &SourceAudit) {
        let own = self.0.entry(audit.source.clone()).or_default();
        for finding in &audit.findings {
            own.extend(
                finding
                    .names
                    .iter()
                    .map(|name| (finding.code, name.clone())),
            );
        }
    }

    /// Whether all that a finding is about was reported for one of these sources or the other.
    fn have(&self, parts: &BTreeSet<String>, finding: &Finding) -> bool {
        let is_told = |name: &String| {
            let about = (finding.code, name.clone());
            let mut of_parts = parts.iter().filter_map(|part| self.0.get(part));
            of_parts.any(|told| told.contains(&about))
        };
        !finding.names.is_empty() && finding.names.iter().all(is_told)
    }
}

/// Audits a source whose recordings were measured.
fn audit_source(source: AuditSource, measured: &MeasuredRecordings) -> SourceAudit {
    let AuditSource {
        name,
        scope,
        classes,
        columns,
        groups,
        allowed,
        recordings,
        mut findings,
    } = source;
    let recordings = recordings.into_iter();
    let items: Vec<Audited> = recordings
        .map(|recording| Audited {
            measured: measured.of(&recording),
            utterance: recording.utterance,
            source: recording.source,
            digest: recording.digest,
        })
        .collect();
    let names: Vec<&str> = classes.iter().map(String::as_str).collect();
    let criteria = Criteria {
        classes: &names,
        columns: &columns,
        groups: &groups,
    };
    let (class_table, duration_table) = match scope {
        AuditScope::Everything => {
            findings.extend(audit(&items, criteria));
            (class_table(&items, &names), duration_table(&items))
        }
        AuditScope::BetweenSplits { .. } => {
            findings.extend(audit_between(&items, criteria));
            (Vec::new(), Vec::new())
        }
    };
    for finding in &mut findings {
        put_up_with(finding, &allowed);
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    SourceAudit {
        source: name,
        findings,
        class_table,
        duration_table,
        classes,
    }
}

/// An error of a kind that is allowed becomes a warning, which says what allows it.
fn put_up_with(finding: &mut Finding, allowed: &BTreeMap<String, String>) {
    let kind = finding.code.trim_start_matches("audit::");
    if let (Severity::Error, Some(whose)) = (finding.severity, allowed.get(kind)) {
        finding.severity = Severity::Warning;
        finding.message = format!("{}; {whose} puts up with it", finding.message);
    }
}
