//! A run: its steps, how they ended and what they made.

use std::collections::HashMap;
use std::sync::Arc;

use pipe_engine::cache::{Cache, CacheError, Ending, Run, StepOutput};
use pipe_report::{Sheet, SheetCell, SheetColumn, Tone};

use crate::cli::date::date_text;
use crate::cli::lines::{counted, duration_text};
use crate::inspect::{StepOfRun, headline};
use pipe_stages::byte_size::bytes_text;

use super::page::{Page, kind};

/// The steps of a run.
pub fn show(cache: &Cache, run: &Run, json: bool, page: Page) -> Result<String, CacheError> {
    if json {
        let line = serde_json::json!({ "run": run.to_string(), "record": run.record });
        return Ok(format!("{line}\n"));
    }
    let record = &run.record;
    let mut sheet = Sheet::new(run.to_string());
    let mut notes = vec![format!(
        "{}, {}",
        record.manifest,
        date_text(record.started_s)
    )];
    let device = record.on_device();
    notes.push(match (record.ending, record.seconds) {
        (Ending::Open, _) if cache.runs.is_going_on(run)? => "it is running".into(),
        (Ending::Open, _) => "it was killed".into(),
        (Ending::Stopped, Some(seconds)) => {
            format!("stopped after {}{device}", duration_text(seconds))
        }
        (_, Some(seconds)) => format!("it took {}{device}", duration_text(seconds)),
        (_, None) => "its duration was not recorded".into(),
    });
    let reached = headline(cache, run)?;
    let what = match reached.unseen {
        true => "corpora not heard in training",
        false => "the training corpora",
    };
    for (score, told) in [("UA in %", reached.ua_text()), ("CCC", reached.ccc_text())] {
        if !told.is_empty() {
            notes.push(format!("{score} on {what}: {told}"));
        }
    }
    sheet.notes(notes);
    let columns = vec![
        SheetColumn::text("step"),
        SheetColumn::text("kind").dispensable(2),
        SheetColumn::text("state"),
        SheetColumn::number("time").dispensable(1),
        SheetColumn::text("output").dispensable(3),
    ];
    let shared = Arc::new(run.clone());
    let mut ids = StepOfRun::ids(run);
    let places = places(cache, run)?;
    // Those that its log does not know, as of runs of earlier versions, come last and by name.
    ids.sort_by_key(|id| places.get(id).copied().unwrap_or(usize::MAX));
    let rows = ids.into_iter().map(|id| row(cache, &shared, id));
    sheet.table("", columns, rows.collect::<Result<_, _>>()?, 0);
    sheet.notes(vec![
        "time: of the work itself, whenever it was done; of items, over all cores".into(),
    ]);
    let failures = record.failed.iter();
    sheet.notes(failures.map(|(id, why)| format!("{id}: {why}")).collect());
    Ok(page.render(&sheet))
}

/// Where each step comes among those of its run: after what it is made from.
fn places(cache: &Cache, run: &Run) -> Result<HashMap<String, usize>, CacheError> {
    let decisions = cache.runs.decisions(run)?.unwrap_or_default();
    let is_start = |event: &&serde_json::Value| event["event"] == "run_started";
    let started = decisions.iter().find(is_start);
    let steps = started.and_then(|event| event["steps"].as_array());
    let ids = steps.into_iter().flatten().filter_map(|id| id.as_str());
    let places = ids.enumerate().map(|(place, id)| (id.to_owned(), place));
    Ok(places.collect())
}

fn row(cache: &Cache, run: &Arc<Run>, id: String) -> Result<Vec<SheetCell>, CacheError> {
    let step = StepOfRun {
        run: run.clone(),
        id,
    };
    let record = step.record(cache)?;
    let known = run.record.steps.contains_key(&step.id);
    let (state, tone) = match (&record, known) {
        (Some(_), _) => ("done", Tone::Plain),
        (None, true) => ("not in the cache", Tone::Faint),
        _ if run.record.failed.contains_key(&step.id) => ("failed", Tone::Bad),
        _ if run.record.unfinished.contains_key(&step.id) => ("unfinished", Tone::Bad),
        _ => ("not run", Tone::Faint),
    };
    let plain = |text: String| (text, Tone::Plain);
    let made = record.as_ref().map(|record| match &record.output {
        StepOutput::Items { count, .. } => counted(*count, "item"),
        StepOutput::Files(files) => {
            let bytes = files.files.iter().map(|file| file.bytes).sum();
            let count = counted(files.files.len(), "file");
            format!("{count}, {}", bytes_text(bytes))
        }
    });
    let time = record.as_ref().map(|record| duration_text(record.seconds));
    Ok(vec![
        plain(step.id.clone()),
        plain(record.as_ref().map_or("", |r| kind(r)).into()),
        (state.into(), tone),
        plain(time.unwrap_or_default()),
        plain(made.unwrap_or_default()),
    ])
}
