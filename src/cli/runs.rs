//! `pipe runs`: earlier runs, the latest first.

use pipe_engine::cache::{Cache, CacheError, Ending, Run};
use serde_json::json;

use crate::inspect::{Depth, Headline, compare_runs, find_manifest, headline};

use super::arguments::{Common, RunsArguments};
use super::console::{console_width, print};
use super::context;
use super::date::short_date_text;
use super::error::CliError;
use super::lines::duration_text;
use super::paint::Paint;

/// Runs of each manifest that are listed by default.
const LISTED: usize = 20;

/// Lists the runs of one manifest, or of all.
pub fn runs(arguments: &RunsArguments, common: &Common) -> Result<u8, CliError> {
    let cache = context::existing_cache_to_read(common)?;
    let manifests = match &arguments.manifest {
        Some(name) => vec![find_manifest(&cache, name)?],
        None => cache.runs.manifests()?,
    };
    let mut text = String::new();
    let paint = Paint::stdout();
    let width = console_width();
    for manifest in &manifests {
        let runs = cache.runs.all(manifest)?;
        let first = match arguments.all {
            true => 0,
            false => runs.len().saturating_sub(LISTED),
        };
        let lines: Vec<ListedRun> = (first..runs.len())
            .rev()
            .map(|index| {
                let before = index.checked_sub(1).and_then(|before| runs.get(before));
                ListedRun::of(&cache, &runs[index], before)
            })
            .collect::<Result<_, CacheError>>()?;
        if common.json {
            let lines = lines.iter().map(|line| format!("{}\n", line.details));
            text.extend(lines);
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&table(&lines, width, paint));
        if first > 0 {
            let more = format!("{first} earlier runs: pipe runs {manifest} --all\n");
            text.push_str(&paint.faint(&more));
        }
    }
    if manifests.is_empty() && !common.json {
        text.push_str("there are no runs yet; start one with `pipe run`\n");
    }
    print(&text)?;
    Ok(0)
}

/// What is shown of one run.
struct ListedRun<'r> {
    run: &'r Run,
    steps: String,
    changed: Vec<String>,
    result: Headline,
    details: serde_json::Value,
}

impl<'r> ListedRun<'r> {
    fn of(cache: &Cache, run: &'r Run, before: Option<&Run>) -> Result<Self, CacheError> {
        let record = &run.record;
        let mut done = record.steps.len();
        // A killed run could not say which of the steps it had started were done.
        for key in record.unfinished.values() {
            done += usize::from(cache.records.get(key)?.is_some());
        }
        let going_on = cache.runs.is_going_on(run)?;
        let state = match (record.ending, going_on) {
            (_, true) => "running",
            (Ending::Open, false) => "killed",
            (Ending::Stopped, _) => "stopped",
            (Ending::Ended, _) => "ended",
        };
        let mut steps = vec![format!("{done} done")];
        for (count, word) in [
            (record.failed.len(), "failed"),
            (record.not_run.len(), "not run"),
        ] {
            if count > 0 {
                steps.push(format!("{count} {word}"));
            }
        }
        if state != "ended" {
            steps.push(state.into());
        }
        let changed = match before {
            None => vec!["first run".into()],
            Some(before) => {
                let mut comparison = compare_runs(cache, before, run, Depth::Causes)?;
                if record.ending == Ending::Open {
                    // What it would have come to is not known.
                    comparison.only_before.clear();
                }
                let changed = comparison.brief();
                match changed.is_empty() {
                    true if record.ending == Ending::Open => Vec::new(),
                    true if record.steps == before.record.steps => Vec::new(),
                    true => vec!["the same steps, different results".into()],
                    false => changed,
                }
            }
        };
        let headline = headline(cache, run)?;
        Ok(Self {
            run,
            details: json!({
                "run": run.to_string(),
                "manifest": run.manifest,
                "number": run.number,
                "path": record.manifest,
                "started_s": record.started_s,
                "seconds": record.seconds,
                "pipe_version": record.pipe_version,
                "device": record.device,
                "state": state,
                "done": done,
                "failed": record.failed,
                "not_run": record.not_run,
                "changed": changed,
                "result": headline,
            }),
            steps: steps.join(", "),
            changed,
            result: headline,
        })
    }
}

/// A line a run, and below it what changed and what came of it.
fn table(lines: &[ListedRun<'_>], width: usize, paint: Paint) -> String {
    let names: Vec<String> = lines.iter().map(|line| line.run.to_string()).collect();
    let widest = |texts: &mut dyn Iterator<Item = &str>| {
        texts.map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let name_width = widest(&mut names.iter().map(String::as_str)).max(3);
    let steps_width = widest(&mut lines.iter().map(|line| line.steps.as_str())).max(5);
    let indent = name_width + 2;
    let head = format!(
        "{:<name_width$}  {:<16}  {:<steps_width$}  {}",
        "run", "started, UTC", "steps", "time"
    );
    let mut text = format!("{}\n", paint.bold(&head));
    for (line, name) in lines.iter().zip(&names) {
        let record = &line.run.record;
        let steps = format!("{:<steps_width$}", line.steps);
        let whole = record.failed.is_empty() && record.ending == Ending::Ended;
        let steps = if whole { steps } else { paint.bad(&steps) };
        text.push_str(&format!(
            "{name:<name_width$}  {:<16}  {steps}  {}{}\n",
            short_date_text(record.started_s),
            record.seconds.map_or_else(|| "-".into(), duration_text),
            record.on_device(),
        ));
        for (label, words) in [
            ("changed", line.changed.join(", ")),
            ("UA in %", line.result.ua_text()),
            ("CCC", line.result.ccc_text()),
        ] {
            if words.is_empty() {
                continue;
            }
            let room = width.saturating_sub(indent + 9).max(20);
            for (number, part) in wrapped(&words, room).into_iter().enumerate() {
                let label = if number == 0 { label } else { "" };
                let label = paint.faint(&format!("{label:<7}"));
                text.push_str(&format!("{}{label}  {part}\n", " ".repeat(indent)));
            }
        }
    }
    text
}

/// Breaks text at blanks into at most three lines of `width` characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    const MOST: usize = 3;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let fits = |line: &String| line.chars().count() + 1 + word.chars().count() <= width;
        let full = lines.len() == MOST;
        match lines.last_mut() {
            Some(line) if fits(line) => *line = format!("{line} {word}"),
            Some(line) if full => {
                line.push_str(" …");
                break;
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}
