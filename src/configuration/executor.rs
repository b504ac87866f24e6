//! `[executor]` of the configuration: who executes steps.

use serde::Deserialize;

/// Who executes steps.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExecutorConfiguration {
    /// `local` or `slurm`.
    pub kind: ExecutorKind,
}

/// Who executes steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutorKind {
    /// This process.
    #[default]
    Local,
    /// Jobs of Slurm.
    Slurm,
}
