//! Reports: what a run's models reach, beside each other and beside the published results.
//!
//! It knows nothing of networks, audio or pipelines: the caller names the classes, identifies the models and states the
//! facts of a run.
//!
//! [`eval`] has predictions, metrics and statistics. A [`Report`] is a list of named evaluations. [`Study`] compares them:
//! every number of every form comes from there. A [`Sheet`] is a smaller document for the terminal.
//!
//! | module | what |
//! |---|---|
//! | [`eval`] | predictions, confusion matrices, metrics, statistics, embeddings |
//! | `report`, `entry`, `identity`, `learning_curve`, `probe`, `map`, `audit`, `facts` | what a report holds |
//! | `study`, `published`, `notes` | the comparison of its models, the published results, remarks |
//! | `document`, `sections`, `sheet` | headings, notes and tables, not yet written |
//! | `markdown`, `terminal`, `html`, `csv`, `map_svg`, `number` | writers |
//! | `forms` | the forms of a report |

mod audit;
mod class_names;
mod csv;
mod document;
mod entry;
pub mod eval;
mod facts;
mod forms;
mod html;
mod folds;
mod identity;
mod learning_curve;
mod map;
mod map_svg;
mod markdown;
mod notes;
mod number;
mod probe;
mod published;
mod reference;
mod report;
mod sections;
mod sheet;
mod study;
mod terminal;

pub use audit::{
    AuditEntry, AuditFinding, AuditSeverity, AuditedClasses, AuditedLengths, AuditedSource,
};
pub use class_names::short_class_names;
pub use entry::{FoldEntry, ReportEntry};
pub use facts::{
    CorpusFacts, LeakCheck, LeftOut, PartitionFacts, ProjectFile, Reproduction, RunFacts,
    SplitFacts, StepFacts,
};
pub use forms::without_run;
pub use identity::{Attribute, Method, ModelIdentity};
pub use learning_curve::{EpochHeadLoss, EpochLosses, EpochPoint, EpochScores, EpochTargetLoss};
pub use map::{EmbeddingMap, MapPoint};
pub use map_svg::MapColour;
pub use markdown::{Align, Markdown};
pub use probe::{Probe, ProbeEntry};
pub use reference::Reference;
pub use report::Report;
pub use sheet::{Sheet, SheetCell, SheetColumn, Tone};
pub use study::{
    CccGain, FoldScore, FoldScores, Gain, PublishedCell, Study, StudyCell, StudyModel, StudyTest,
    StudyVariant, TargetFold, TargetFolds, TargetResult, TestRole,
};

#[cfg(test)]
mod tests;
