//! `pipe plan`: what a run would do, step by step and item by item.

use std::collections::HashMap;

use miette::Diagnostic;
use pipe_engine::exec::{MissingInputs, Resolver, StepStatus};
use pipe_engine::plan::Step;
use serde::Serialize;

use super::arguments::{Common, PlanArguments};
use super::command_line::{command_line, command_parameter};
use super::console::{print, print_error};
use super::error::CliError;
use super::lines::{NameColumn, counted};
use super::{context, own_name, remote_cache};

/// What a run would do with one step.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Forecast {
    /// Nothing.
    Hit,
    /// Fetch its result from the remote cache.
    Fetch,
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
        /// The stable code of the error.
        code: Option<String>,
        /// What to do.
        help: Option<String>,
        /// File and line of what it is about.
        place: Option<String>,
    },
}

impl Forecast {
    fn impossible(error: &dyn Diagnostic) -> Self {
        Self::Impossible {
            reason: error.to_string(),
            code: error.code().map(|code| code.to_string()),
            help: error.help().map(|help| help.to_string()),
            place: place_of(error),
        }
    }
}

/// File and line that an error points at.
fn place_of(error: &dyn Diagnostic) -> Option<String> {
    let label = error.labels()?.next()?;
    let span = error.source_code()?.read_span(label.inner(), 0, 0).ok()?;
    Some(format!("{}:{}", span.name()?, span.line() + 1))
}

/// Prints the forecast of every step.
pub fn plan(arguments: &PlanArguments, common: &Common) -> Result<u8, CliError> {
    let device = context::device_of_results(&arguments.device)?;
    let plan = context::plan(&arguments.manifest, device, common)?;
    let mut cache = context::cache_to_read(common, arguments.manifest.rehash)?;
    remote_cache::connect_to_look(&mut cache, &arguments.remote, common)?;
    own_name::check(&plan, &cache, &common.limits())?;
    let selection = arguments.target.selection(&plan)?;
    let resolver = Resolver::of(&plan, &cache, selection.as_ref(), &|| false);
    let is_wanted = |step: usize| selection.as_ref().is_none_or(|all| all.wants(step));
    let wanted = (0..plan.steps.len()).filter(|&step| is_wanted(step));
    let mut forecasts = forecasts(&resolver, &is_wanted)?;
    let steps: Vec<&Step> = wanted.map(|step| &plan.steps[step]).collect();
    let mut at = 0..;
    forecasts.retain(|_| at.next().is_some_and(is_wanted));
    let stuck = forecasts
        .iter()
        .filter(|forecast| matches!(forecast, Forecast::Impossible { .. }))
        .count();
    remote_cache::tell(&cache, common);
    let mut text = String::new();
    for (step, message) in resolver.warnings() {
        if !is_wanted(step) {
            continue;
        }
        let step = plan.steps[step].id();
        if common.json {
            let line = serde_json::json!({ "event": "warning", "step": step, "message": message });
            text.push_str(&format!("{line}\n"));
        } else {
            print_error(&format!("  warning: {step}: {message}"));
        }
    }
    let width = NameColumn::width_of(steps.iter().map(|step| step.id()));
    let mut told: HashMap<(&str, &str), usize> = HashMap::new();
    for forecast in steps.iter().copied().zip(&forecasts) {
        if let Some(reason) = same_reason(forecast) {
            *told.entry(reason).or_default() += 1;
        }
    }
    for (step, forecast) in steps.iter().copied().zip(&forecasts) {
        // Variants of a stage that cannot run for one reason say so once.
        let alike = same_reason((step, forecast)).map(|reason| told.insert(reason, 0));
        if common.json {
            let mut line = serde_json::json!({ "event": "step_planned", "step": step.id(), "kind": step.declaration.kind.name, "forecast": forecast });
            if let Some(run) = command_parameter(step) {
                line["run"] = run.clone();
            }
            text.push_str(&format!("{line}\n"));
        } else {
            let (mark, mut words) = describe(forecast);
            match alike.flatten() {
                Some(0) => continue,
                Some(1) | None => {}
                Some(all) => {
                    words += &format!(" (and {})", counted(all - 1, "other variant"));
                }
            }
            words += &details(forecast);
            text.push_str(&format!("  {mark} {:<width$}  {words}\n", step.id()));
            if let Some(line) = command_line(step) {
                text.push_str(&format!("      $ {}\n", line.replace('\n', "\n        ")));
            }
        }
    }
    if !common.json {
        let runs = forecasts
            .iter()
            .filter(|forecast| matches!(forecast, Forecast::Run { .. }))
            .count();
        let depends = forecasts
            .iter()
            .filter(|forecast| matches!(forecast, Forecast::Depends { .. }))
            .count();
        text.push_str(&format!(
            "{}: {} unchanged, {}{runs} to run{}{}\n",
            match selection {
                None => counted(steps.len(), "step"),
                Some(_) => format!("{} of {}", steps.len(), counted(plan.steps.len(), "step")),
            },
            forecasts
                .iter()
                .filter(|forecast| **forecast == Forecast::Hit)
                .count(),
            match forecasts
                .iter()
                .filter(|forecast| **forecast == Forecast::Fetch)
                .count()
            {
                0 => String::new(),
                count => format!("{count} to fetch, "),
            },
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

/// What a run would do with each step, in the order of the plan; of those that are not wanted, nothing is known.
fn forecasts(
    resolver: &Resolver<'_>,
    is_wanted: &dyn Fn(usize) -> bool,
) -> Result<Vec<Forecast>, CliError> {
    let steps = &resolver.plan.steps;
    let statuses = resolver.prospects(MissingInputs::Refused)?;
    let mut items = HashMap::new();
    for group in &resolver.groups {
        let is_hit = |member: &usize| statuses.of(*member).output().is_some();
        let is_any_wanted = group.members.iter().any(|&member| is_wanted(member));
        if is_any_wanted && !group.members.iter().all(is_hit) {
            items.extend(group.forecast()?);
        }
    }
    let forecast = |(step, status): (usize, &StepStatus)| match status {
        StepStatus::Hit { fingerprint, .. } => {
            let remote = resolver.cache.remote.as_ref();
            match remote.is_some_and(|remote| remote.has_given(&fingerprint.key())) {
                true => Forecast::Fetch,
                false => Forecast::Hit,
            }
        }
        StepStatus::Failed { error } => Forecast::impossible(error),
        StepStatus::Pending { on } if !steps[step].is_item_wise() => Forecast::Depends {
            after: on.iter().map(|&input| steps[input].id().into()).collect(),
        },
        StepStatus::Pending { .. } | StepStatus::Miss { .. } => {
            let items = items.get(&step).copied().unwrap_or_default();
            Forecast::Run {
                missing: items.missing,
                reused: items.reused,
            }
        }
    };
    Ok(statuses.0.iter().enumerate().map(forecast).collect())
}

fn describe(forecast: &Forecast) -> (&'static str, String) {
    match forecast {
        Forecast::Hit => ("=", "unchanged".into()),
        Forecast::Fetch => ("=", "fetched: the remote cache has it".into()),
        Forecast::Run {
            missing: 0,
            reused: 0,
        } => ("+", "runs".into()),
        Forecast::Run { missing: 0, reused } => (
            "+",
            format!(
                "runs, {} reused, the rest depends on earlier steps",
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
        Forecast::Impossible { reason, .. } => ("!", format!("cannot run: {reason}")),
    }
}

/// The code and the place of why a step cannot run, and what to do.
fn details(forecast: &Forecast) -> String {
    match forecast {
        Forecast::Impossible {
            code, help, place, ..
        } => {
            let about: Vec<&str> = [code, place]
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect();
            let mut details = String::new();
            if !about.is_empty() {
                details += &format!(" [{}]", about.join(", "));
            }
            if let Some(help) = help {
                details += &format!("\n      help: {help}");
            }
            details
        }
        _ => String::new(),
    }
}

/// The stage of a step that cannot run, and why.
fn same_reason<'a>((step, forecast): (&'a Step, &'a Forecast)) -> Option<(&'a str, &'a str)> {
    match forecast {
        Forecast::Impossible { reason, .. } => Some((&step.declaration.stage, reason)),
        _ => None,
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
