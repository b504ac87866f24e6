//! `pipe why`: what changed since the last run in which a step was not as it is now.

use std::collections::HashMap;

use crate::cache::Listing;
use crate::exec::Survey;
use crate::manifest::suggest;
use crate::plan::{Explanation, Reason, explain};

use super::arguments::{Common, WhyArguments};
use super::{CliError, context, print};

/// Explains every step, or one.
pub fn why(arguments: &WhyArguments, common: &Common) -> Result<u8, CliError> {
    let plan = context::plan(&arguments.manifest, common)?;
    let wanted = match &arguments.step {
        None => None,
        Some(name) => Some(plan.find(name).ok_or_else(|| CliError::Usage {
            message: format!("the manifest has no step `{name}`"),
            help: suggest(name, plan.steps.iter().map(|step| step.id())),
        })?),
    };
    let cache = context::cache(common, arguments.manifest.rehash)?;
    let survey = Survey::of(&plan, &cache).map_err(|reason| CliError::Output {
        what: "the plan".into(),
        reason,
    })?;
    let listings: HashMap<usize, Listing> = survey
        .listings
        .iter()
        .map(|(step, listing)| {
            let items = listing.items.iter();
            let digests = items.map(|item| (item.utterance.id.clone(), item.digest));
            (*step, digests.collect())
        })
        .collect();
    let (materials, outputs) = (survey.materials, survey.outputs);
    cache.files.save()?;
    let mut text = String::new();
    for (index, step) in plan.steps.iter().enumerate() {
        if wanted.is_some_and(|wanted| wanted != index) {
            continue;
        }
        let state = if outputs.contains_key(&index) {
            "in the cache"
        } else {
            "to run"
        };
        match materials.get(&index) {
            None => {
                let open: Vec<&str> = step
                    .input_steps()
                    .filter(|input| !outputs.contains_key(input))
                    .map(|input| plan.steps[input].id())
                    .collect();
                if common.json {
                    let line = serde_json::json!({ "event": "why", "step": step.id(), "state": "waits", "after": open });
                    text.push_str(&format!("{line}\n"));
                } else {
                    text.push_str(&format!("{}: waits for {}\n", step.id(), open.join(", ")));
                }
            }
            Some(material) => {
                let explanation = explain(&plan, &cache, index, material, listings.get(&index));
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

/// `2026-03-01 12:30:05 UTC` from seconds since 1970, by the civil-from-days algorithm (Howard Hinnant).
fn date_text(seconds: u64) -> String {
    let days = (seconds / 86_400) as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::date_text;

    #[test]
    fn dates_are_those_of_the_date_command() {
        assert_eq!(date_text(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(date_text(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(date_text(1_772_368_205), "2026-03-01 12:30:05 UTC");
    }
}
