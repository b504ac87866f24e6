//! `pipe whence`: which step of which run made a file, and from what.

use pipe_engine::cache::{StepOutput, StepRecord};
use pipe_foundation::Digest;
use serde_json::{Value as Json, json};

use crate::inspect::{Ancestor, Origin, origins};
use pipe_stages::items::{Composition, CompositionRow};

use super::arguments::{Common, WhenceArguments};
use super::console::print;
use super::context;
use super::date::{date_text, iso_date};
use super::error::CliError;
use super::lines::counted;

/// Names the step that made a file, with all that it was made from; 1 where nothing in the cache did.
pub fn whence(arguments: &WhenceArguments, common: &Common) -> Result<u8, CliError> {
    let path = &arguments.file;
    let digest = Digest::of_file(path).map_err(|reason| CliError::Usage {
        message: format!("cannot read {}: {reason}", path.display()),
        help: "give a file that a run made, such as runs/demo/train/model.safetensors".into(),
    })?;
    let cache = context::existing_cache_to_read(common)?;
    let origins = origins(&cache, path, &digest)?;
    if origins.is_empty() {
        let text = match common.json {
            true => format!(
                "{}\n",
                json!({ "event": "whence", "file": path, "digest": digest, "made_by": null })
            ),
            false => format!(
                "no step in {} made a file with the content of {}\n",
                common.cache.display(),
                path.display()
            ),
        };
        print(&text)?;
        return Ok(1);
    }
    let mut text = String::new();
    for origin in &origins {
        match common.json {
            true => {
                let mut line = json_of(origin);
                line["event"] = "whence".into();
                line["file"] = path.display().to_string().into();
                line["digest"] = digest.hex().into();
                text.push_str(&format!("{line}\n"));
            }
            false => text.push_str(&text_of(origin)),
        }
    }
    print(&text)?;
    Ok(0)
}

fn text_of(origin: &Origin) -> String {
    let run = match &origin.run {
        Some(run) => format!(
            "of {run}, {}{}",
            date_text(run.record.started_s),
            run.record.on_device()
        ),
        None => "of a run that is no longer remembered".into(),
    };
    let mut text = format!(
        "{} of `{}` {run}\n  computed by pipe {} on {}, key {}\n",
        origin.name,
        origin.step,
        origin.record.pipe_version,
        origin.record.cpu,
        origin.record.fingerprint.key().short()
    );
    let has_part = |ancestor: &&Ancestor| utterances(ancestor).is_none_or(|rows| !rows.is_empty());
    for ancestor in origin.chain.iter().filter(has_part) {
        text.push_str(&format!(
            "  from `{}`{}\n",
            ancestor.step,
            what_it_made(ancestor)
        ));
    }
    text
}

/// What a step made, in a few words after its name.
fn what_it_made(ancestor: &Ancestor) -> String {
    let record = &ancestor.record;
    let StepOutput::Items { count, .. } = &record.output else {
        return format!(", key {}", record.fingerprint.key().short());
    };
    // Records of earlier versions do not say what their items are.
    let Some(rows) = utterances(ancestor) else {
        return format!(": {}", counted(*count, "utterance"));
    };
    let all = rows.iter().map(CompositionRow::utterances).sum();
    let mut text = format!(": {}", counted(all, "utterance"));
    if ancestor.recordings.is_some() {
        let rows = rows.iter();
        let rows: Vec<String> = rows
            .map(|row| format!("{} {} {}", row.corpus, row.split.name(), row.utterances()))
            .collect();
        text.push_str(&format!(" ({})", rows.join(", ")));
    }
    text
}

/// Utterances of a step that had a part, by corpus and split.
fn utterances(ancestor: &Ancestor) -> Option<Vec<CompositionRow>> {
    let composition = ancestor.record.composition.clone()?;
    let composition: Composition = serde_json::from_value(composition).ok()?;
    let mut rows = composition.rows;
    rows.retain(|row| ancestor.splits.contains(&row.split));
    Some(rows)
}

fn json_of(origin: &Origin) -> Json {
    let chain: Vec<Json> = (origin.chain.iter())
        .map(|ancestor| {
            let mut step = step_json(&ancestor.step, &ancestor.record);
            step["recordings"] = json!(ancestor.recordings);
            let rows = utterances(ancestor).map(|rows| {
                let row = |row: &CompositionRow| json!({ "corpus": row.corpus, "split": row.split, "utterances": row.utterances() });
                rows.iter().map(row).collect::<Vec<Json>>()
            });
            step["utterances"] = json!(rows);
            step
        })
        .collect();
    let mut line = json!({
        "name": origin.name,
        "run": origin.run.as_ref().map(ToString::to_string),
        "started": origin.run.as_ref().map(|run| iso_date(run.record.started_s)),
        "chain": chain,
    });
    line["made_by"] = step_json(&origin.step, &origin.record);
    line
}

fn step_json(id: &str, record: &StepRecord) -> Json {
    json!({
        "step": id,
        "key": record.fingerprint.key(),
        "output": record.output.digest(),
        "pipe_version": record.pipe_version,
        "processor": record.cpu,
        "device": record.device,
        "inputs": record.fingerprint,
    })
}
