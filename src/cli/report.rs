//! Shows the reports of a run on the terminal, and where its results are.

use std::path::Path;

use crate::artifact::ArtifactKind;
use crate::cache::{Cache, StepOutput};
use crate::exec::{RunSummary, runs_folder};
use crate::plan::Plan;
use crate::report::Report;
use crate::stage::REPORT_CONTENT;

use super::paint::colours;
use super::{CliError, print};

/// Prints every report of the run.
pub fn show(plan: &Plan, cache: &Cache, summary: &RunSummary, runs: &Path) -> Result<(), CliError> {
    let width = console_width();
    let colour = colours();
    for (index, step) in summary.steps.iter().enumerate() {
        let Some(StepOutput::Files(files)) = &step.output else {
            continue;
        };
        if plan.steps[index].output != ArtifactKind::Report {
            continue;
        }
        let content = files.get(REPORT_CONTENT).and_then(|file| {
            let text = std::fs::read(cache.objects.path(&file.digest)).ok()?;
            serde_json::from_slice::<Report>(&text).ok()
        });
        if let Some(report) = content {
            let folder = runs.join(&plan.name).join(runs_folder(plan, index));
            print(&format!(
                "\n{}\n",
                report.to_terminal_in_brief(width, colour).trim_end()
            ))?;
            print(&format!(
                "\nIn full, with confusion matrices and learning curves: {}\n",
                folder.join("report.md").display()
            ))?;
        }
    }
    Ok(())
}

/// Columns of the terminal; 100 where there is none.
pub fn console_width() -> usize {
    match rustix::termios::tcgetwinsize(std::io::stdout()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
        _ => 100,
    }
}
