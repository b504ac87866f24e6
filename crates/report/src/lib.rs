//! Reports: what a run's models reach, beside each other and beside the published results.
//!
//! It knows nothing of networks, audio or pipelines: whoever calls it says which classes there are, which model is which,
//! and what is known of a run.
//!
//! [`eval`] has predictions, metrics and statistics. A [`Report`] is a list of named evaluations. [`Study`] compares them:
//! every number of every form comes from there. It is laid out once as a document of headings, notes and tables, which
//! two renderers write as Markdown and for a terminal; [`Report::to_html`] is a page of its own, and
//! [`Report::to_csv`] and [`Report::to_study_json`] give the numbers to other programs. A [`Sheet`] lays out for the
//! terminal what is no report.

mod csv;
mod document;
mod entry;
pub mod eval;
mod facts;
mod forms;
mod html;
mod identity;
mod learning_curve;
mod map;
mod map_svg;
mod markdown;
mod notes;
mod number;
mod probe;
mod published;
mod report;
mod sections;
mod sheet;
mod study;
mod terminal;

pub use entry::ReportEntry;
pub use facts::{CorpusFacts, LeakCheck, LeftOut, RunFacts, SplitFacts, StepFacts};
pub use identity::{Attribute, Method, ModelIdentity};
pub use learning_curve::{EpochHeadLoss, EpochLosses, EpochPoint, EpochScores};
pub use map::{EmbeddingMap, MapPoint};
pub use map_svg::MapColour;
pub use markdown::{Align, Markdown};
pub use probe::{Probe, ProbeEntry};
pub use report::Report;
pub use sheet::{Sheet, SheetCell, SheetColumn, Tone};
pub use study::{
    Gain, PublishedCell, Study, StudyCell, StudyModel, StudyTest, StudyVariant, TestRole,
};

#[cfg(test)]
mod tests;
