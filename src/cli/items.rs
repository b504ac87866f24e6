//! `pipe items`: the utterances of a step, and where the cache has what the step made of them.

use pipe_engine::exec::{StoredItem, StoredItems, stored_items};
use pipe_engine::manifest::suggest;
use pipe_foundation::system::{RealSystem, System};
use pipe_speech::corpus::Utterance;
use pipe_stages::items::UtteranceItem;
use serde_json::{Value as Json, json};

use super::arguments::{Common, ItemsArguments};
use super::console::print;
use super::error::CliError;
use super::lines::LineObserver;
use super::signals::Signals;
use super::visible::visible;
use super::{context, own_name};

/// What is listed of every utterance besides its id.
const COLUMNS: [&str; 6] = ["corpus", "speaker", "gender", "language", "label", "class"];

/// Lists the items of a step.
pub fn items(arguments: &ItemsArguments, common: &Common) -> Result<u8, CliError> {
    let device = context::device_of_results(&arguments.device)?;
    let plan = context::plan(&arguments.manifest, device, common)?;
    let name = &arguments.step;
    let unknown = || CliError::Usage {
        message: format!("the manifest has no step `{name}`"),
        help: suggest(name, plan.steps.iter().map(|step| step.id())),
    };
    let step = plan.find(name).ok_or_else(unknown)?;
    if !plan.steps[step].is_item_wise() {
        return Err(CliError::Usage {
            message: format!("the step `{name}` makes files and has no items"),
            help: "`pipe show` shows what it made; steps such as `fbank` have items".into(),
        });
    }
    let cache = context::cache_to_read(common, arguments.manifest.rehash)?;
    own_name::check(&plan, &cache, &common.limits())?;
    let signals = Signals::listen_for(&cache);
    let observer = LineObserver::new(signals.clone());
    let Some(stored) = stored_items(&plan, &cache, step, &observer)? else {
        return Err(CliError::Usage {
            message: format!("the step `{name}` is not finished"),
            help: "bring it up to date with `pipe run` first".into(),
        });
    };
    print(&match common.json {
        true => lines_of_json(plan.steps[step].id(), &stored),
        false => table(&stored.items),
    })?;
    Ok(0)
}

/// Tab-separated values with a header.
fn table(items: &[StoredItem]) -> String {
    let mut text = format!("utterance\tsplit\t{}\n", COLUMNS.join("\t"));
    for item in items {
        let utterance = item.facts.utterance();
        let mut cells = vec![utterance.id.as_str(), utterance.split.name()];
        cells.extend(COLUMNS.map(|column| utterance.attribute(column).unwrap_or_default()));
        let cells: Vec<String> = cells.into_iter().map(|cell| visible(cell).into()).collect();
        text.push_str(&cells.join("\t"));
        text.push('\n');
    }
    text
}

/// A line on the step, and one for each item.
fn lines_of_json(step: &str, stored: &StoredItems) -> String {
    let (key, count) = (stored.key, stored.items.len());
    let head = json!({ "event": "items", "step": step, "key": key, "count": count });
    let lines = stored.items.iter().map(|item| {
        let place = item.place.as_ref().map(|place| {
            let file = RealSystem.canonical(&place.file);
            let file = file.unwrap_or_else(|_| place.file.clone());
            json!({ "file": file, "offset": place.offset, "bytes": place.bytes })
        });
        let mut line = facts(item.facts.utterance());
        line["event"] = json!("item");
        line["digest"] = json!(item.digest);
        line["place"] = json!(place);
        format!("{line}\n")
    });
    std::iter::once(format!("{head}\n")).chain(lines).collect()
}

/// What is known of an utterance; null where it is not documented.
fn facts(utterance: &Utterance) -> Json {
    let mut facts = json!({ "utterance": utterance.id, "split": utterance.split.name() });
    for column in COLUMNS {
        facts[column] = json!(utterance.attribute(column));
    }
    facts["columns"] = json!(utterance.columns.as_deref());
    facts
}
