//! What makes a result meaningless, found in the recordings of a manifest or of a corpus before anything trains.

mod between;
mod measuring;
mod source;

pub use between::between;
pub use measuring::{MeasuredRecordings, measure_all};
pub use source::{AuditScope, AuditSource, of_corpus, of_plan};

use pipe_speech::corpus::audit::{
    Audited, ClassRow, DurationRow, Finding, Severity, audit, audit_between, class_table,
    duration_table,
};
use serde::Serialize;

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

impl SourceAudit {
    /// How many findings are as bad as that.
    pub fn count(&self, severity: Severity) -> usize {
        let alike = self.findings.iter().filter(|f| f.severity == severity);
        alike.count()
    }
}

/// Audits a source whose recordings were measured.
pub fn audit_source(source: AuditSource, measured: &MeasuredRecordings) -> SourceAudit {
    let AuditSource {
        name,
        scope,
        classes,
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
    let (class_table, duration_table) = match scope {
        AuditScope::Everything => {
            findings.extend(audit(&items, &names));
            (class_table(&items, &names), duration_table(&items))
        }
        AuditScope::BetweenSplits => {
            findings.extend(audit_between(&items, &names));
            (Vec::new(), Vec::new())
        }
    };
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    SourceAudit {
        source: name,
        findings,
        class_table,
        duration_table,
        classes,
    }
}
