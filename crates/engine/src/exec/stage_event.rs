//! What the stage of a step reports of its work in words of its own.

use std::any::Any;
use std::sync::Arc;

use pipe_foundation::progress::WorkReport;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// A report of a stage as an event: its name and its fields, whatever they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StageEvent {
    /// The name of the event.
    #[serde(rename = "event")]
    pub name: String,
    /// The step's id.
    pub step: String,
    /// What programs read besides.
    #[serde(flatten)]
    pub fields: Map<String, Json>,
    /// The report itself; none of an event that was read.
    #[serde(skip)]
    report: Option<Arc<dyn WorkReport>>,
}

impl StageEvent {
    /// That the work of `step` reports this.
    pub fn new(step: &str, report: Arc<dyn WorkReport>) -> Self {
        Self {
            name: report.name().into(),
            step: step.into(),
            fields: report.fields(),
            report: Some(report),
        }
    }

    /// The report as what it was made as; none where it is of another type, or the event was read.
    pub fn report<T: WorkReport>(&self) -> Option<&T> {
        let report: &dyn Any = self.report.as_deref()?;
        report.downcast_ref()
    }

    /// False for what only says how far the work is.
    pub fn is_decision(&self) -> bool {
        self.report
            .as_ref()
            .is_none_or(|report| report.is_decision())
    }
}

/// As programs read them.
impl PartialEq for StageEvent {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.step, &self.fields) == (&other.name, &other.step, &other.fields)
    }
}
