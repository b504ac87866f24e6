//! The kinds of artifacts.

use serde::Serialize;

/// What a step makes and another takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    /// Utterances with waveforms.
    Audio,
    /// Utterances with feature matrices `[frames, bins]`.
    Features,
    /// A trained model.
    Model,
    /// Metrics and predictions of one model.
    Evaluation,
    /// What one model's shared layers know.
    Probe,
    /// A map of one model's embedding.
    Map,
    /// Tables for people.
    Report,
    /// Files of a command.
    Files,
}

impl ArtifactKind {
    /// The name used in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Features => "features",
            Self::Model => "model",
            Self::Evaluation => "evaluation",
            Self::Probe => "probe",
            Self::Map => "map",
            Self::Report => "report",
            Self::Files => "files",
        }
    }
}
