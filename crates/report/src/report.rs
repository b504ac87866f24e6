//! A report as data: evaluations, probes and maps of models, and what is known of the run.

use serde::{Deserialize, Serialize};

use crate::{AuditEntry, EmbeddingMap, ProbeEntry, Reference, ReportEntry, RunFacts, Study};

/// Everything a report shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Heading of the whole.
    pub title: String,
    /// One entry per model, in the order of the rows.
    pub entries: Vec<ReportEntry>,
    /// What variants are compared with; the baseline of the same training corpora where nothing is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Remarks above the tables.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Probes of the shared layers, one entry per probed model.
    #[serde(default)]
    pub probes: Vec<ProbeEntry>,
    /// t-SNE maps.
    #[serde(default)]
    pub maps: Vec<EmbeddingMap>,
    /// Audits of the data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audits: Vec<AuditEntry>,
    /// The comparison of its models, where it was made before; the bootstrap takes time.
    #[serde(default)]
    pub study: Option<Study>,
    /// Data and steps of the run; none in the cached content, which must not depend on times.
    #[serde(default)]
    pub facts: Option<RunFacts>,
}
