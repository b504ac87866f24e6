//! What an audit of the data found, as a report shows it: the findings, classes and lengths of each source.

use serde::{Deserialize, Serialize};

/// What an audit found in all sources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// Of each source of recordings; of several that have the same to tell, once.
    pub sources: Vec<AuditedSource>,
    /// Findings by which a score means nothing.
    pub errors: usize,
    /// Findings by which a score may mean less than it seems to.
    pub warnings: usize,
    /// Findings that are worth knowing.
    pub notes: usize,
}

/// What an audit found in one source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditedSource {
    /// The step that lists the recordings, or several.
    pub source: String,
    /// The classes that are told apart.
    pub classes: Vec<String>,
    /// What was found, the worst first.
    pub findings: Vec<AuditFinding>,
    /// Utterances of each class, by corpus and split.
    pub class_table: Vec<AuditedClasses>,
    /// Lengths of recordings, by corpus and split.
    pub duration_table: Vec<AuditedLengths>,
}

/// One thing that an audit found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditFinding {
    /// Stable name of its kind, such as `audit::shared_speaker`.
    pub code: String,
    /// How bad it is.
    pub severity: AuditSeverity,
    /// What was found, as a sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: String,
    /// How many things are named.
    pub count: usize,
    /// All of them.
    pub names: Vec<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditSeverity {
    /// A score means nothing.
    Error,
    /// A score may mean less than it seems to.
    Warning,
    /// Worth knowing.
    Note,
}

/// Utterances of each class in a split of a corpus.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditedClasses {
    /// The corpus.
    pub corpus: String,
    /// The split.
    pub split: String,
    /// Utterances by class, in the order of the classes.
    pub utterances: Vec<u64>,
}

/// Lengths of the recordings in a split of a corpus that can be read, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditedLengths {
    /// The corpus.
    pub corpus: String,
    /// The split.
    pub split: String,
    /// Recordings that can be read.
    pub utterances: u64,
    /// Speakers.
    pub speakers: u64,
    /// All together.
    pub total_s: f64,
    /// The shortest.
    pub shortest_s: f64,
    /// The middle one.
    pub median_s: f64,
    /// The longest.
    pub longest_s: f64,
}

impl AuditSeverity {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}
