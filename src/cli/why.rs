//! `pipe why`: what changed since the last run in which a step was not as it is now.

use pipe_engine::exec::{self, Why};
use pipe_engine::manifest::suggest;
use pipe_engine::plan::Explanation;
use serde_json::json;

use super::arguments::{Common, WhyArguments};
use super::console::print;
use super::date::date_text;
use super::error::CliError;
use super::reason::reason_lines;
use super::{context, own_name};

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
    let cache = context::cache_to_read(common, arguments.manifest.rehash)?;
    own_name::check(&plan, &cache, &common.limits())?;
    let explained = exec::why(&plan, &cache, wanted)?;
    let mut text = String::new();
    for (index, why) in explained {
        let step = plan.steps[index].id();
        let line = match why {
            Why::Failed { error } if common.json => {
                json!({ "event": "why", "step": step, "state": "failed", "reason": error })
            }
            Why::Failed { error } => {
                text.push_str(&format!("{step} (cannot run)\n  {error}\n"));
                continue;
            }
            Why::Pending { on } => {
                let open: Vec<&str> = on.iter().map(|&step| plan.steps[step].id()).collect();
                if !common.json {
                    text.push_str(&format!("{step}: waits for {}\n", open.join(", ")));
                    continue;
                }
                json!({ "event": "why", "step": step, "state": "waits", "after": open })
            }
            Why::Known {
                is_cached,
                explanation,
            } => {
                let state = if is_cached { "in the cache" } else { "to run" };
                if !common.json {
                    text.push_str(&describe(&explanation, state));
                    continue;
                }
                json!({ "event": "why", "state": state, "explanation": explanation })
            }
        };
        text.push_str(&format!("{line}\n"));
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
    text.push_str(&reason_lines(&explanation.reasons));
    text
}
