//! `pipe show`: one step of a remembered run, or the run itself, on the terminal.

mod embedding;
mod evaluation;
mod items;
mod log;
mod overview;
mod page;
mod training;

use pipe_engine::cache::{Cache, CacheError, Run, StepOutput, StepRecord};
use pipe_report::{AuditEntry, Report, Sheet};
use serde_json::{Value as Json, json};

use crate::inspect::{InspectError, StepOfRun, find_run, find_step, stage_of, step};
use pipe_stages::byte_size::bytes_text;
use pipe_stages::stage::{AUDIT, AUDIT_CONTENT, MAP_ENTRY, PROBE_ENTRY, REPORT_CONTENT};

use super::arguments::{Common, ShowArguments};
use super::console::{console_width, print};
use super::context;
use super::date::date_text;
use super::error::CliError;
use super::lines::{counted, duration_text};
use super::paint::Paint;
use super::visible::with_own_colours;

use page::{Page, kind};

/// Shows what was named.
pub fn show(arguments: &ShowArguments, common: &Common) -> Result<u8, CliError> {
    let cache = context::existing_cache_to_read(common)?;
    let page = Page {
        width: console_width(),
        paint: Paint::stdout(),
    };
    let text = match (named(&cache, &arguments.names)?, arguments.log) {
        (Named::Step(step), false) => one_step(&cache, &step, common, page)?,
        (Named::Step(step), true) => log::show(&cache, &step.run, Some(&step.id), common.json)?,
        (Named::Run(run), false) => overview::show(&cache, &run, common.json, page)?,
        (Named::Run(run), true) => log::show(&cache, &run, None, common.json)?,
    };
    print(&text)?;
    Ok(0)
}

/// What names on the command line mean.
enum Named {
    Run(Box<Run>),
    Step(StepOfRun),
}

fn named(cache: &Cache, names: &[String]) -> Result<Named, InspectError> {
    if let [run, step] = names {
        let run = find_run(cache, run)?;
        return Ok(Named::Step(find_step(cache, Some(run), step)?));
    }
    let name = names.first().map_or("", String::as_str);
    let found = find_step(cache, None, name);
    let is_step = |step: &StepOfRun| step.id == name || stage_of(&step.id) == name;
    match (found, find_run(cache, name)) {
        // A run that is called so is meant rather than a step with the name inside its own.
        (found, Ok(run)) if !found.as_ref().is_ok_and(is_step) => Ok(Named::Run(Box::new(run))),
        (found, _) => Ok(Named::Step(found?)),
    }
}

fn one_step(
    cache: &Cache,
    step: &StepOfRun,
    common: &Common,
    page: Page,
) -> Result<String, CacheError> {
    let record = step.record(cache)?;
    if common.json {
        let content = record.as_ref().map(|record| content_json(cache, record));
        let line = json!({
            "run": step.run.to_string(),
            "cache": cache.root,
            "step": step.id,
            "key": step.key(),
            "error": step.run.record.failed.get(&step.id),
            "record": record,
            "content": content,
        });
        return Ok(format!("{line}\n"));
    }
    let mut sheet = Sheet::new(format!("{}/{}", step.run, step.id));
    let Some(record) = record else {
        sheet.notes(vec![why_not(step)]);
        return Ok(page.render(&sheet));
    };
    facts(&mut sheet, step, &record);
    let mut text = page.render(&sheet);
    text.push_str(&parameters(&record, page));
    text.push_str(&content(cache, &record, page));
    Ok(text)
}

/// Why there is nothing to show of a step.
fn why_not(step: &StepOfRun) -> String {
    let run = &step.run.record;
    if let Some(error) = run.failed.get(&step.id) {
        return format!("it failed: {error}");
    }
    if run.not_run.contains(&step.id) && !run.unfinished.contains_key(&step.id) {
        return "it did not run".into();
    }
    if run.unfinished.contains_key(&step.id) {
        return "it was started but not finished; `pipe run` continues from its last finished epoch".into();
    }
    "its record is damaged or no longer in the cache; `pipe run` recomputes it".into()
}

fn facts(sheet: &mut Sheet, step: &StepOfRun, record: &StepRecord) {
    let made = match &record.output {
        StepOutput::Items { count, bad, .. } => {
            let items = counted(*count, "item");
            match bad.len() {
                0 => items,
                bad => format!("{items}, {bad} set aside"),
            }
        }
        StepOutput::Files(files) => files
            .files
            .iter()
            .map(|file| format!("{} ({})", file.name, bytes_text(file.bytes)))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let key = record.fingerprint.key();
    let device = record.device.as_ref();
    let device = device.map_or_else(String::new, |device| format!(", on {device}"));
    let mut facts = vec![
        format!("kind: {}", kind(record)),
        format!("output: {made}"),
        format!("wall time: {}", duration_text(record.seconds)),
        format!("key: {}", key.short()),
        format!("pipe {}, {}{device}", record.pipe_version, record.cpu),
        format!("run of {}", date_text(step.run.record.started_s)),
    ];
    if record.step != step.id {
        facts.push(format!("first computed as {}", record.step));
    }
    sheet.notes(facts);
}

/// Keyed parameters, in as many columns as fit; long ones below, on lines of their own.
fn parameters(record: &StepRecord, page: Page) -> String {
    let parameters: Vec<String> = record
        .fingerprint
        .0
        .iter()
        .filter_map(|(name, value)| {
            let name = name.strip_prefix("parameters.")?;
            let value: String = value.chars().filter(|c| !c.is_control()).collect();
            Some(format!("{name} = {value}"))
        })
        .collect();
    if parameters.is_empty() {
        return String::new();
    }
    let mut heading = Sheet::new("");
    heading.heading("Parameters");
    let mut text = page.render(&heading);
    text.push('\n');
    let length = |text: &String| text.chars().count();
    let (short, long): (Vec<_>, Vec<_>) = parameters
        .into_iter()
        .partition(|text| length(text) < page.width / 2);
    let widest = short.iter().map(length).max().unwrap_or(1);
    let across = ((page.width + 2) / (widest + 2)).clamp(1, 4);
    // Filled column by column, so that the alphabet runs downwards.
    let down = short.len().div_ceil(across);
    for row in 0..down {
        let cells = short.iter().skip(row).step_by(down.max(1));
        let line: String = cells.map(|cell| format!("{cell:<widest$}  ")).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    long.iter().for_each(|line| {
        text.push_str(line);
        text.push('\n');
    });
    text
}

/// What a step made, by its kind. A new kind gets an arm here and a file next to this one.
fn content(cache: &Cache, record: &StepRecord, page: Page) -> String {
    let shown = match (&record.output, kind(record)) {
        (StepOutput::Items { bad, .. }, _) => Ok(items::show(record, bad, page)),
        (_, "train") => training::show(cache, record, page),
        (_, "evaluate") => evaluation::show(cache, record, page),
        (_, "probe") => embedding::probes(cache, record, page),
        (_, "tsne") => embedding::map(cache, record, page),
        (_, AUDIT) => audit(cache, record, page),
        (_, "report") => report(cache, record, page),
        (StepOutput::Files(_), _) => Ok(String::new()),
    };
    shown.unwrap_or_else(|why| {
        let mut sheet = Sheet::new("");
        sheet.notes(vec![format!("{why}; `pipe run` recomputes it")]);
        page.render(&sheet)
    })
}

fn audit(cache: &Cache, record: &StepRecord, page: Page) -> Result<String, String> {
    let audit: AuditEntry = step::json(cache, record, AUDIT_CONTENT)?;
    let text = with_own_colours(&audit.to_terminal(page.width, page.paint.colours));
    Ok(format!("\n{text}"))
}

fn report(cache: &Cache, record: &StepRecord, page: Page) -> Result<String, String> {
    let report: Report = step::json(cache, record, REPORT_CONTENT)?;
    let text = with_own_colours(&report.to_terminal(page.width, page.paint.colours));
    Ok(format!("\n{text}"))
}

/// The content for programs; what is missing is null.
fn content_json(cache: &Cache, record: &StepRecord) -> Json {
    let read = |name: &str| step::json::<Json>(cache, record, name).unwrap_or(Json::Null);
    match kind(record) {
        "train" => json!({
            "summary": read("summary.json"),
            "history": step::history(cache, record).ok(),
        }),
        "evaluate" => read("metrics.json"),
        "probe" => read(PROBE_ENTRY),
        "tsne" => read(MAP_ENTRY),
        AUDIT => read(AUDIT_CONTENT),
        "report" => read(REPORT_CONTENT),
        _ => Json::Null,
    }
}
