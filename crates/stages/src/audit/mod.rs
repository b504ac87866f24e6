//! What makes a result meaningless, found in listed recordings before anything trains.
//!
//! `pipe audit` lists what it looks at itself; a stage of kind `audit` takes what the sources of a run list.

mod columns;
mod comparison;
mod measuring;
mod outcome;
mod source;

pub use columns::ColumnsOfCorpora;
pub use comparison::Comparison;
pub use measuring::measure_all;
pub use outcome::{AuditOutcome, Severities, SourceAudit};
pub use source::{AuditScope, AuditSource, ListedRecording, left_out};
