//! Shows the reports of a run on the terminal, and where its results are.

use std::path::Path;

use pipe_engine::cache::Cache;
use pipe_engine::exec::{RunSummary, runs_folder};
use pipe_engine::plan::Plan;

use crate::cli::console::{console_width, print};
use crate::cli::error::CliError;
use crate::cli::paint::colours;
use crate::cli::visible::with_own_colours;
use pipe_stages::items::REPORT;

use super::content::{PAGE, content};

/// Prints every report of the run in brief.
pub fn show(plan: &Plan, cache: &Cache, summary: &RunSummary, runs: &Path) -> Result<(), CliError> {
    let width = console_width();
    let colour = colours();
    for (index, step) in summary.results.steps.iter().enumerate() {
        if plan.steps[index].output != REPORT {
            continue;
        }
        if let Some(report) = content(cache, step.output.as_deref()) {
            let folder = runs
                .join(plan.results_folder())
                .join(runs_folder(plan, index));
            print(&format!(
                "\n{}\n",
                with_own_colours(report.to_terminal_in_brief(width, colour).trim_end())
            ))?;
            print(&format!(
                "\nIn full, with curves, confusion matrices, data and parameters: {}\n",
                folder.join(PAGE).display()
            ))?;
        }
    }
    Ok(())
}
