//! What the parts of `pipe show` share.

use pipe_engine::cache::StepRecord;
use pipe_report::Sheet;

use crate::cli::paint::Paint;
use crate::cli::visible::with_own_colours;

/// Where text goes and how wide it may be.
#[derive(Clone, Copy)]
pub struct Page {
    /// Columns.
    pub width: usize,
    /// Colours.
    pub paint: Paint,
}

impl Page {
    /// The text of a sheet.
    pub fn render(self, sheet: &Sheet) -> String {
        with_own_colours(&sheet.to_terminal(self.width, self.paint.colours))
    }
}

/// The kind of the step that a record is of.
pub fn kind(record: &StepRecord) -> &str {
    record.fingerprint.0.get("kind").map_or("?", String::as_str)
}

/// A proportion in percent, or a dash.
pub fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{:.1}", value * 100.0))
}
