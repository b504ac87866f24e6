//! The log of a run: what it decided, and when.

use pipe_engine::cache::{Cache, Run};
use pipe_engine::exec::{Event, Miss, MissCause, StageEvent};
use serde::Deserialize;

use crate::cli::error::CliError;
use crate::cli::lines::{counted, format_event};
use crate::cli::reason::{ONLY_FACTS, reason_text};

/// The event that [`pipe_nn::train::TrainingResumed`] is.
const TRAINING_RESUMED: &str = "training_resumed";

/// The log of `run`, or what it has of one step.
pub fn show(cache: &Cache, run: &Run, step: Option<&str>, json: bool) -> Result<String, CliError> {
    let Some(mut lines) = cache.runs.decisions(run)? else {
        return Err(CliError::Usage {
            message: format!("{run} has no log"),
            help: "runs of earlier versions have none; the next run that changes something has one"
                .into(),
        });
    };
    if let Some(step) = step {
        lines.retain(|line| line["step"] == step);
    }
    let mut text = String::new();
    for line in lines {
        let event = Event::deserialize(&line).ok();
        match event.filter(|event| !json && has_words(event)) {
            Some(event) => {
                let at_s = line["at_s"].as_f64().unwrap_or_default();
                for (number, part) in words(&event).lines().enumerate() {
                    match number {
                        0 => text.push_str(&format!("{at_s:>9.3} s  {part}\n")),
                        _ => text.push_str(&format!("{:>13}{part}\n", "")),
                    }
                }
            }
            // So is an event of another version.
            None => text.push_str(&format!("{line}\n")),
        }
    }
    Ok(text)
}

/// The event that a program of a `command` stage that is started again is.
const PROGRAM_RESTARTED: &str = "program_restarted";

/// Whether it is known how to say an event in words; one of another version is read as that of a stage.
fn has_words(event: &Event) -> bool {
    let known = |event: &StageEvent| epochs_before(event).is_some() || restarted(event).is_some();
    !matches!(event, Event::Stage(event) if !known(event))
}

/// After how many epochs a training continues; none of another event.
fn epochs_before(event: &StageEvent) -> Option<usize> {
    let resumed = event.name == TRAINING_RESUMED;
    let epochs = event.fields.get("epochs").filter(|_| resumed)?;
    Some(epochs.as_u64()? as usize)
}

/// The item for which a program was started again, and why; none of another event.
fn restarted(event: &StageEvent) -> Option<(&str, &str)> {
    let field = |name: &str| event.fields.get(name)?.as_str();
    let restarted = event.name == PROGRAM_RESTARTED;
    restarted.then_some((field("item")?, field("reason")?))
}

/// An event as a sentence; a list continues in the lines below it.
fn words(event: &Event) -> String {
    match event {
        Event::RunStarted {
            pipe_version,
            manifest,
            steps,
            ..
        } => {
            let steps = counted(steps.len(), "step");
            format!("{manifest}: {steps}, by pipe {pipe_version}")
        }
        Event::ItemsLeftOut {
            step,
            items,
            causes,
        } => {
            let causes = causes.iter();
            let causes: Vec<String> = causes
                .map(|(cause, items)| format!("{items} {cause}"))
                .collect();
            let items = counted(*items, "item");
            format!("{step}: {items} left out ({})", causes.join(", "))
        }
        Event::StepMissed { step, miss, .. } => format!("{step} has to run: {}", why(miss)),
        Event::StepStarted { step } => format!("{step} started"),
        Event::Stage(event) if restarted(event).is_some() => {
            let (item, reason) = restarted(event).unwrap_or_default();
            format!(
                "{}: the program is started again for {item}: {reason}",
                event.step
            )
        }
        Event::Stage(event) => {
            let epochs = counted(epochs_before(event).unwrap_or_default(), "epoch");
            format!("{} continues after {epochs}", event.step)
        }
        Event::ItemsRetried { step, items, ids } => {
            let more = items.saturating_sub(ids.len());
            let more = match more {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "{step}: tries again what failed in the run before: {}{more}",
                ids.join(", ")
            )
        }
        Event::ItemsDamaged { step, items } => format!(
            "{step}: {} damaged in the cache, made again",
            counted(*items, "stored item")
        ),
        Event::ResultDamaged {
            step,
            file: Some(file),
            gone: true,
            ..
        } => format!("{step}: {file} is gone from the cache, the result is not used any more"),
        Event::ResultDamaged {
            step,
            file: Some(file),
            ..
        } => format!("{step}: {file} is damaged in the cache, the result is not used any more"),
        Event::ResultDamaged { step, .. } => {
            format!("{step}: the result was made from a damaged one and is not used any more")
        }
        Event::StepFailed { step, error, .. } => format!("{step} failed: {error}"),
        Event::ItemBad {
            permanent: false, ..
        } => format!("{}; the next run tries again", other(event)),
        event => other(event),
    }
}

/// An event that a run in progress shows in the same words.
fn other(event: &Event) -> String {
    format_event(event, 0).unwrap_or_default().trim().into()
}

fn why(miss: &Miss) -> String {
    match miss.cause {
        MissCause::FirstRun => "there is no earlier run to compare with".into(),
        MissCause::After => format!("after {}", miss.after.join(", ")),
        MissCause::Damaged => "its result is damaged".into(),
        MissCause::Retry => "items that failed in the run before are tried again".into(),
        MissCause::Removed => "its result is not in the cache any more".into(),
        MissCause::Unknown => "the earlier runs cannot be read".into(),
        MissCause::Changed if miss.reasons.is_empty() => ONLY_FACTS.into(),
        MissCause::Changed => {
            let mut reasons: Vec<String> = miss.reasons.iter().map(reason_text).collect();
            if miss.more_reasons > 0 {
                reasons.push(format!("and {} more", miss.more_reasons));
            }
            reasons.join("\n")
        }
    }
}
