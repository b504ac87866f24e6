//! What the cache holds of a report.

use pipe_engine::cache::{Cache, StepOutput};
use pipe_foundation::regular_file;
use pipe_report::Report;

use pipe_stages::stage::REPORT_CONTENT;

/// The page next to the stage's own files.
pub const PAGE: &str = "report.html";

/// The content of a report that the cache holds.
pub fn content(cache: &Cache, output: Option<&StepOutput>) -> Option<Report> {
    let Some(StepOutput::Files(files)) = output else {
        return None;
    };
    let object = cache
        .objects
        .open(&files.get(REPORT_CONTENT)?.digest)
        .ok()??;
    serde_json::from_slice(&regular_file::read_whole(&object).ok()?).ok()
}
