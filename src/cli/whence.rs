//! `pipe whence`: which step of which run made a file, and from what.

use pipe_engine::cache::{StepOutput, StepRecord};
use pipe_foundation::Digest;
use serde_json::{Value as Json, json};

use crate::inspect::{Ancestor, Origin, origins};
use crate::items::Composition;

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
    let origins = origins(&cache, &digest)?;
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
    for ancestor in &origin.chain {
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
    let mut text = format!(": {}", counted(*count, "utterance"));
    if ancestor.recordings.is_some() {
        let corpora = corpora(record);
        let corpora: Vec<String> = corpora
            .iter()
            .map(|(corpus, utterances)| format!("{corpus} {utterances}"))
            .collect();
        text.push_str(&format!(" ({})", corpora.join(", ")));
    }
    text
}

/// Utterances by corpus, as the record of a source has them.
fn corpora(record: &StepRecord) -> Vec<(String, usize)> {
    let composition = record.composition.clone();
    let composition = composition.and_then(|json| serde_json::from_value::<Composition>(json).ok());
    let mut corpora: Vec<(String, usize)> = Vec::new();
    for row in composition.iter().flat_map(|composition| &composition.rows) {
        match corpora.iter_mut().find(|(corpus, _)| *corpus == row.corpus) {
            Some((_, utterances)) => *utterances += row.utterances(),
            None => corpora.push((row.corpus.clone(), row.utterances())),
        }
    }
    corpora
}

fn json_of(origin: &Origin) -> Json {
    let chain: Vec<Json> = (origin.chain.iter())
        .map(|ancestor| {
            let mut step = step_json(&ancestor.step, &ancestor.record);
            step["recordings"] = json!(ancestor.recordings);
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
