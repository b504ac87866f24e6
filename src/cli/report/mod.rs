//! `pipe report`, and what a run shows of its reports.

mod content;
mod described;
mod facts;
mod notes;
mod reproduction;
mod show;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pipe_engine::cache::{Cache, StepOutput};
use pipe_engine::exec::{
    InTheWay, MissingInputs, PlanResults, Resolver, record_companion, runs_folder,
};
use pipe_engine::plan::Plan;
use pipe_foundation::durable;
use pipe_foundation::regular_file;
use pipe_foundation::system::RealSystem;

use pipe_stages::domain::SpeechPlan;
use pipe_stages::items::REPORT;

use super::arguments::{Common, ReportArguments};
use super::console::{console_width, print, print_error};
use super::error::CliError;
use super::paint::colours;
use super::visible::with_own_colours;
use super::{context, own_name};

pub use described::Described;
pub use notes::Notes;
pub use show::show;

use content::{PAGE, content};

/// Writes the reports of a manifest that has been run.
pub fn report(arguments: &ReportArguments, common: &Common) -> Result<u8, CliError> {
    let device = context::device_of_results(&arguments.device)?;
    let plan = context::plan(&arguments.manifest, device, common)?;
    let cache = context::cache_to_read(common, arguments.manifest.rehash)?;
    own_name::check(&plan, &cache, &common.limits())?;
    let steps = report_steps(&plan);
    if steps.is_empty() {
        return Err(CliError::Usage {
            message: format!("{} has no report", plan.manifest),
            help: "add a stage of kind \"report\" that takes the evaluations".into(),
        });
    }
    let resolver = Resolver::new(&plan, &cache, &|| false);
    let statuses = resolver.all(MissingInputs::Allowed)?;
    let results = resolver.into_results(statuses);
    let described = Described::here(&plan, &cache, &results)?;
    let mut text = String::new();
    for &step in &steps {
        let Some(StepOutput::Files(files)) = results.steps[step].output.as_deref() else {
            return Err(CliError::Usage {
                message: format!("`{}` is not up to date", plan.steps[step].id()),
                help: out_of_date(&plan, &cache)?,
            });
        };
        let folder = match (&arguments.out, steps.len()) {
            (Some(folder), 1) => folder.clone(),
            (Some(folder), _) => folder.join(runs_folder(&plan, step)),
            (None, _) => arguments
                .runs
                .path()
                .join(plan.results_folder())
                .join(runs_folder(&plan, step)),
        };
        let runs = arguments.out.is_none().then_some(arguments.runs.path());
        for file in &files.files {
            let path = folder.join(&file.name);
            if let Some(runs) = runs {
                refuse_other(runs, &path)?;
            }
            let object = cache
                .objects
                .open(&file.digest)?
                .ok_or_else(|| CliError::Usage {
                    message: format!(
                        "{} of `{}` is damaged in the cache",
                        file.name,
                        plan.steps[step].id()
                    ),
                    help: format!(
                        "`pipe cache verify --repair` and then `pipe run {}` make it again",
                        plan.manifest
                    ),
                })?;
            regular_file::read_whole(&object)
                .and_then(|bytes| durable::write(&RealSystem, &path, &bytes))
                .map_err(|reason| failed(&path, reason))?;
        }
        let page = write_page(&plan, &cache, &results, &described, step, &folder)?;
        text.push_str(&format!("{}\n", page.display()));
        if arguments.folds
            && let Some(report) = content(&cache, results.steps[step].output.as_deref())
        {
            let folds = with_own_colours(&report.folds_to_terminal(console_width(), colours()));
            text.push_str(&format!("\n{}\n", folds.trim_end()));
        }
    }
    print(&text)?;
    Ok(0)
}

/// What to do about a report that is not up to date.
fn out_of_date(plan: &Plan, cache: &Cache) -> Result<String, CliError> {
    let latest = cache.runs.latest(&plan.name)?;
    let device = latest.and_then(|run| run.record.device);
    let own = plan.device.to_string();
    let other = device.filter(|device| *device != own);
    let other = other.map(|device| {
        format!("; the latest run computed on {device}, so give the same `--device` here")
    });
    let other = other.unwrap_or_default();
    Ok(format!(
        "`pipe run {}` brings it up to date{other}",
        plan.manifest
    ))
}

/// The page of every report among the results of a run, with its step.
pub fn pages(
    plan: &SpeechPlan,
    cache: &Cache,
    results: &PlanResults,
    described: &Described,
) -> Result<Vec<(usize, String)>, CliError> {
    let steps = report_steps(plan).into_iter();
    let done = steps.filter(|&step| results.steps[step].output.is_some());
    done.map(|step| Ok((step, page(plan, cache, results, described, step)?)))
        .collect()
}

/// Writes the page of every report among the results of a run, next to the files that the stage made.
pub fn write_pages(
    plan: &SpeechPlan,
    cache: &Cache,
    results: &PlanResults,
    runs: &Path,
) -> Result<(), CliError> {
    let described = Described::here(plan, cache, results)?;
    for step in report_steps(plan) {
        if results.steps[step].output.is_some() {
            let folder = runs
                .join(plan.results_folder())
                .join(runs_folder(plan, step));
            if InTheWay::of(&RealSystem, runs, &folder.join(PAGE)).is_some() {
                // It was reported with the other results of the step.
                continue;
            }
            let page = match write_page(plan, cache, results, &described, step, &folder) {
                Err(CliError::Output { what, reason }) if is_read_only(&reason) => {
                    print_error(&format!("warning: {what} was not written: {reason}"));
                    continue;
                }
                page => page?,
            };
            record_companion(cache, plan, runs, step, &page)?;
        }
    }
    Ok(())
}

/// Makes sure that nothing else is in the place of `path` or of a folder on the way to it, below `runs`.
fn refuse_other(runs: &Path, path: &Path) -> Result<(), CliError> {
    match InTheWay::of(&RealSystem, runs, path) {
        None => Ok(()),
        Some(found) => Err(failed(path, found.into())),
    }
}

/// Whether nothing may be written there at all, so that results are looked at and not kept.
fn is_read_only(reason: &std::io::Error) -> bool {
    matches!(
        reason.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}

fn report_steps(plan: &Plan) -> Vec<usize> {
    let is_report = |step: &usize| plan.steps[*step].output == REPORT;
    (0..plan.steps.len()).filter(is_report).collect()
}

fn write_page(
    plan: &SpeechPlan,
    cache: &Cache,
    results: &PlanResults,
    described: &Described,
    step: usize,
    folder: &Path,
) -> Result<PathBuf, CliError> {
    let path = folder.join(PAGE);
    let page = page(plan, cache, results, described, step)?;
    // Left alone when it is right, so that nobody's browser or backup sees a change.
    if !regular_file::read_whole(&path).is_ok_and(|there| there == page.as_bytes()) {
        durable::write(&RealSystem, &path, page.as_bytes())
            .map_err(|reason| failed(&path, reason))?;
    }
    Ok(path)
}

fn page(
    plan: &SpeechPlan,
    cache: &Cache,
    results: &PlanResults,
    described: &Described,
    step: usize,
) -> Result<String, CliError> {
    let report = content(cache, results.steps[step].output.as_deref());
    let mut report = report.ok_or_else(|| {
        failed(
            Path::new(PAGE),
            std::io::Error::other("its content cannot be read from the cache"),
        )
    })?;
    report.facts = Some(facts::facts(plan, cache, results, &report, described)?);
    Ok(report.to_html())
}

fn failed(path: &Path, reason: std::io::Error) -> CliError {
    CliError::Output {
        what: path.display().to_string(),
        reason,
    }
}
