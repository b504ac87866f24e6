//! The kinds of artifacts of speech pipelines that are files.

use pipe_engine::artifact::ArtifactKind;

/// A trained model.
pub const MODEL: ArtifactKind = ArtifactKind::of_files("model");
/// Metrics and predictions of one model.
pub const EVALUATION: ArtifactKind = ArtifactKind::of_files("evaluation");
/// What one model's shared layers know.
pub const PROBE: ArtifactKind = ArtifactKind::of_files("probe");
/// A map of one model's embedding.
pub const MAP: ArtifactKind = ArtifactKind::of_files("map");
/// What an audit found.
pub const AUDIT: ArtifactKind = ArtifactKind::of_files("audit");
/// Tables for people.
pub const REPORT: ArtifactKind = ArtifactKind::of_files("report");
/// Files of a command.
pub const FILES: ArtifactKind = ArtifactKind::FILES;
