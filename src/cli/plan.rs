//! `pipe plan`: what a run would do, step by step and item by item.

use std::collections::HashMap;

use serde::Serialize;

use crate::cache::StepOutput;
use crate::digest::Digest;
use crate::exec::{Group, Listings, list_sources, whole_material};

use super::arguments::{Common, PlanArguments};
use super::lines::{NameColumn, counted};
use super::{CliError, context, print};

/// What a run would do with one step.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Forecast {
    /// Nothing.
    Hit,
    /// Run it.
    Run {
        /// Items to compute for certain.
        missing: usize,
        /// Items in the cache.
        reused: usize,
    },
    /// It depends on what steps before it make.
    Depends {
        /// The steps whose result is not known yet.
        after: Vec<String>,
    },
    /// It cannot run.
    Impossible {
        /// Why.
        reason: String,
    },
}

/// Prints the forecast of every step.
pub fn plan(arguments: &PlanArguments, common: &Common) -> Result<u8, CliError> {
    let device = context::device_of_results(&arguments.device)?;
    let plan = context::plan(&arguments.manifest, device, common)?;
    let cache = context::cache(common, arguments.manifest.rehash)?;
    let Listings { mut listed, failed } = list_sources(&plan, &cache, &|| false);
    let mut forecasts: HashMap<usize, Forecast> = failed
        .iter()
        .map(|(step, error)| {
            (
                *step,
                Forecast::Impossible {
                    reason: error.to_string(),
                },
            )
        })
        .collect();
    let mut outputs: HashMap<usize, Digest> = HashMap::new();
    for members in plan.item_groups() {
        let own = members
            .iter()
            .filter_map(|member| Some((*member, listed.remove(member)?)))
            .collect();
        let group = Group::new(&plan, &cache, members.clone(), own);
        let standings = group.survey()?;
        let all_hit = standings.values().all(|standing| standing.output.is_some());
        let counted = if all_hit {
            HashMap::new()
        } else {
            group.forecast()?
        };
        for member in members {
            let output = standings
                .get(&member)
                .and_then(|standing| standing.output.as_ref());
            if let Some(digest) = output.map(StepOutput::digest) {
                outputs.insert(member, digest);
                forecasts.insert(member, Forecast::Hit);
                continue;
            }
            let items = counted.get(&member).copied().unwrap_or_default();
            let forecast = Forecast::Run {
                missing: items.missing,
                reused: items.reused,
            };
            forecasts.entry(member).or_insert(forecast);
        }
    }
    for (index, step) in plan
        .steps
        .iter()
        .enumerate()
        .filter(|(_, step)| !step.is_item_wise())
    {
        let open: Vec<usize> = step
            .input_steps()
            .filter(|input| !outputs.contains_key(input))
            .collect();
        if !open.is_empty() {
            let after = open
                .iter()
                .map(|&input| plan.steps[input].id().to_string())
                .collect();
            forecasts.insert(index, Forecast::Depends { after });
            continue;
        }
        let digests: Vec<Option<Digest>> = step
            .input_steps()
            .map(|input| outputs.get(&input).copied())
            .collect();
        let forecast = match whole_material(&plan, &cache, index, &digests) {
            Err(error) => Forecast::Impossible {
                reason: error.to_string(),
            },
            Ok(material) => match cache.finished(&material.key())? {
                None => Forecast::Run {
                    missing: 0,
                    reused: 0,
                },
                Some(record) => {
                    outputs.insert(index, record.output.digest());
                    Forecast::Hit
                }
            },
        };
        forecasts.insert(index, forecast);
    }
    cache.files.save()?;
    let stuck = forecasts
        .values()
        .filter(|forecast| matches!(forecast, Forecast::Impossible { .. }))
        .count();
    let mut text = String::new();
    let width = NameColumn::width_of(plan.steps.iter().map(|step| step.id()));
    for (index, step) in plan.steps.iter().enumerate() {
        let Some(forecast) = forecasts.get(&index) else {
            continue;
        };
        if common.json {
            let line = serde_json::json!({ "event": "step_planned", "step": step.id(), "kind": step.declaration.kind.name, "forecast": forecast });
            text.push_str(&format!("{line}\n"));
        } else {
            let (mark, words) = describe(forecast);
            text.push_str(&format!("  {mark} {:<width$}  {words}\n", step.id()));
        }
    }
    if !common.json {
        let runs = forecasts
            .values()
            .filter(|forecast| matches!(forecast, Forecast::Run { .. }))
            .count();
        let depends = forecasts
            .values()
            .filter(|forecast| matches!(forecast, Forecast::Depends { .. }))
            .count();
        text.push_str(&format!(
            "{}: {} unchanged, {runs} to run{}{}\n",
            counted(plan.steps.len(), "step"),
            forecasts
                .values()
                .filter(|forecast| **forecast == Forecast::Hit)
                .count(),
            match depends {
                0 => String::new(),
                count => format!(", {count} depending on them"),
            },
            match stuck {
                0 => String::new(),
                count => format!(", {count} cannot run"),
            },
        ));
    }
    print(&text)?;
    Ok(u8::from(stuck > 0))
}

fn describe(forecast: &Forecast) -> (&'static str, String) {
    match forecast {
        Forecast::Hit => ("=", "unchanged".into()),
        Forecast::Run {
            missing: 0,
            reused: 0,
        } => ("+", "runs".into()),
        Forecast::Run { missing: 0, reused } => (
            "+",
            format!(
                "runs, {} reused, the rest follows from steps before",
                counted(*reused, "item")
            ),
        ),
        Forecast::Run { missing, reused } => (
            "+",
            format!(
                "runs, {} to compute, {reused} reused",
                counted(*missing, "item")
            ),
        ),
        Forecast::Depends { after } => ("?", format!("runs if {} changes", any_of(after))),
        Forecast::Impossible { reason } => ("!", format!("cannot run: {reason}")),
    }
}

/// Some of many names.
fn any_of(names: &[String]) -> String {
    const FEW: usize = 3;
    match names.len() {
        0..=FEW => names.join(" or "),
        many => format!(
            "{} or one of {} more",
            names[..FEW - 1].join(" or "),
            many + 1 - FEW
        ),
    }
}
