//! `pipe why`: what changed since the last run in which a step was not as it is now.

use std::collections::HashMap;

use crate::items::UtteranceItem;
use pipe_engine::cache::Listing;
use pipe_engine::exec::{MissingInputs, Resolver, StepStatus};
use pipe_engine::manifest::suggest;
use pipe_engine::plan::{Explanation, Reason, explain};

use super::arguments::{Common, WhyArguments};
use super::date::date_text;
use super::{CliError, context, own_name, print};

/// Explains every step, or one.
pub fn why(arguments: &WhyArguments, common: &Common) -> Result<u8, CliError> {
    let device = context::device_of_results(&arguments.device)?;
    let plan = context::plan(&arguments.manifest, device, common)?;
    let wanted = match &arguments.step {
        None => None,
        Some(name) => Some(plan.find(name).ok_or_else(|| CliError::Usage {
            message: format!("the manifest has no step `{name}`"),
            help: suggest(name, plan.steps.iter().map(|step| step.id())),
        })?),
    };
    let cache = context::cache(common, arguments.manifest.rehash)?;
    own_name::check(&plan, &cache)?;
    let resolver = Resolver::new(&plan, &cache, &|| false);
    let statuses = resolver.all(MissingInputs::Allowed)?;
    let listings: HashMap<usize, Listing> = (resolver.listings())
        .map(|(step, listing)| {
            let items = listing.items.iter();
            let digests = items.map(|item| (item.utterance().id.clone(), item.digest));
            (step, digests.collect())
        })
        .collect();
    cache.files.save()?;
    let mut history = cache.runs.history(&plan.name)?;
    let mut text = String::new();
    for (index, step) in plan.steps.iter().enumerate() {
        if wanted.is_some_and(|wanted| wanted != index) {
            continue;
        }
        let status = statuses.of(index);
        let state = match status.output() {
            Some(_) => "in the cache",
            None => "to run",
        };
        match (status, status.fingerprint()) {
            (StepStatus::Failed { error }, _) => {
                if common.json {
                    let line = serde_json::json!({ "event": "why", "step": step.id(), "state": "failed", "reason": error.to_string() });
                    text.push_str(&format!("{line}\n"));
                } else {
                    text.push_str(&format!("{} (cannot run)\n  {error}\n", step.id()));
                }
            }
            (_, None) => {
                let open: Vec<&str> = (step.input_steps())
                    .filter(|&input| statuses.of(input).output().is_none())
                    .map(|input| plan.steps[input].id())
                    .collect();
                if common.json {
                    let line = serde_json::json!({ "event": "why", "step": step.id(), "state": "waits", "after": open });
                    text.push_str(&format!("{line}\n"));
                } else {
                    text.push_str(&format!("{}: waits for {}\n", step.id(), open.join(", ")));
                }
            }
            (_, Some(fingerprint)) => {
                let explanation = explain(
                    &plan,
                    &cache,
                    &mut history,
                    index,
                    fingerprint,
                    listings.get(&index),
                )?;
                if common.json {
                    let line = serde_json::json!({ "event": "why", "state": state, "explanation": explanation });
                    text.push_str(&format!("{line}\n"));
                } else {
                    text.push_str(&describe(&explanation, state));
                }
            }
        }
    }
    print(&text)?;
    Ok(0)
}

fn describe(explanation: &Explanation, state: &str) -> String {
    let mut text = format!("{} ({state})\n", explanation.step);
    let Some(compared) = explanation.compared_with_s else {
        text.push_str(match state {
            "to run" => "  no earlier run to compare with\n",
            _ => "  no earlier run in which it was different\n",
        });
        return text;
    };
    text.push_str(&format!(
        "  compared with the run of {}\n",
        date_text(compared)
    ));
    const SHOWN: usize = 12;
    for reason in explanation.reasons.iter().take(SHOWN) {
        let gone = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
        let line = match reason {
            Reason::Value { difference, remark } => {
                let name = difference
                    .name
                    .strip_prefix("parameters.")
                    .unwrap_or(&difference.name);
                let remark = remark.as_ref().map(|text| format!(" ({text})"));
                format!(
                    "{name}: {} -> {}{}",
                    gone(&difference.old),
                    gone(&difference.new),
                    remark.unwrap_or_default()
                )
            }
            Reason::Input { step } => format!("the result of `{step}` changed"),
            Reason::File { id, old: None, .. } => format!("{id} is new"),
            Reason::File { id, new: None, .. } => format!("{id} is gone"),
            Reason::File { id, old, new } => {
                format!("{id}: content {} -> {}", gone(old), gone(new))
            }
        };
        text.push_str(&format!("  {line}\n"));
    }
    if explanation.reasons.len() > SHOWN {
        text.push_str(&format!(
            "  and {} more\n",
            explanation.reasons.len() - SHOWN
        ));
    }
    if explanation.reasons.is_empty() {
        text.push_str(
            "  what is known of its utterances (label, speaker, split) changed, no audio did\n",
        );
    }
    text
}
