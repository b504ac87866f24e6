//! A training: its summary, and its curves over the epochs.

use pipe_engine::cache::{Cache, StepRecord};
use pipe_nn::train::{EpochRecord, Stopped, Summary};
use pipe_report::Sheet;

use crate::cli::chart::{Chart, draw};
use crate::cli::lines::counted;
use crate::inspect::step;

use super::page::{Page, percent};

/// Summary and learning curves.
///
/// # Errors
/// What the cache lacks, as a lower-case fragment.
pub fn show(cache: &Cache, record: &StepRecord, page: Page) -> Result<String, String> {
    let summary: Summary = step::json(cache, record, "summary.json")?;
    let mut sheet = Sheet::new("");
    sheet.heading("Training");
    sheet.notes(summary_notes(&summary, &step::classes(cache, record)?));
    sheet.heading("Learning curves");
    let mut text = page.render(&sheet);
    text.push('\n');
    let history = step::history(cache, record)?;
    text.push_str(&draw(&charts(&history), page.width, page.paint));
    Ok(text)
}

fn summary_notes(summary: &Summary, classes: &[String]) -> Vec<String> {
    let recalls = classes.iter().zip(&summary.best.recalls);
    let recalls: Vec<String> = recalls
        .map(|(class, recall)| format!("{class} {}", percent(*recall)))
        .collect();
    let why = match summary.stopped {
        Stopped::Epochs => "all epochs were completed",
        Stopped::Patience => "patience ran out",
        Stopped::MaxUpdates => "the limit on updates was reached",
    };
    let chance = match (classes.is_empty(), summary.left_chance) {
        (true, _) => String::new(),
        (_, Some(epoch)) => format!("; validation UA rose above chance at epoch {}", epoch + 1),
        _ => "; validation UA never rose above chance: the classifier has collapsed".into(),
    };
    let heads: usize = summary.head_parameters.iter().sum();
    let mut scores = Vec::new();
    if let Some(ua) = summary.best.ua {
        scores.push(format!("validation UA {} %", percent(Some(ua))));
        scores.push(format!("recalls {}", recalls.join(", ")));
    }
    for (target, agreement) in &summary.best.targets {
        let ccc = agreement.and_then(|agreement| agreement.ccc);
        let ccc = ccc.map_or("unknown".into(), |ccc| format!("{ccc:.3}"));
        scores.push(format!("validation CCC of {target} {ccc}"));
    }
    let of_targets = match summary.target_parameters {
        0 => String::new(),
        count => format!("{count} numeric targets, "),
    };
    vec![
        format!(
            "best epoch {} of {}: {}",
            summary.best_epoch + 1,
            summary.epochs,
            scores.join(", ")
        ),
        format!("{} updates; {why}{chance}", summary.updates),
        format!(
            "{} in training, {} in validation",
            counted(summary.train_utterances, "utterance"),
            summary.validation_utterances
        ),
        format!(
            "parameters: {} shared, {} emotion head, {of_targets}{heads} attribute heads",
            summary.shared_parameters, summary.emotion_parameters
        ),
    ]
}

/// Losses of every head, scores, and what was scheduled.
fn charts(history: &[EpochRecord]) -> Vec<Chart> {
    let chart =
        |title: &str, number: fn(f64) -> String, value: &dyn Fn(&EpochRecord) -> f64| Chart {
            title: title.into(),
            values: history.iter().map(value).collect(),
            number,
        };
    let loss = |value: f64| format!("{value:.3}");
    let percent = |value: f64| format!("{:.1}", value * 100.0);
    let mut charts = Vec::new();
    if history.iter().any(|record| record.validation.ua.is_some()) {
        let score = |value: Option<f64>| value.unwrap_or(f64::NAN);
        charts.push(chart("validation UA, %", percent, &|r| {
            score(r.validation.ua)
        }));
        let title = "validation loss, nats";
        charts.push(chart(title, loss, &|r| score(r.validation.loss)));
        charts.push(chart("training loss: emotion, nats", loss, &|r| {
            r.train.emotion
        }));
    }
    let targets = history.first().map_or(&[][..], |r| &r.train.targets);
    for (index, target) in targets.iter().enumerate() {
        let name = &target.target;
        charts.push(chart(&format!("validation CCC: {name}"), loss, &|record| {
            let agreement = record.validation.targets.get(name).copied().flatten();
            agreement.and_then(|one| one.ccc).unwrap_or(f64::NAN)
        }));
        charts.push(chart(&format!("training loss: {name}"), loss, &|record| {
            let own = record.train.targets.get(index);
            own.map_or(f64::NAN, |target| target.loss)
        }));
    }
    let heads = history.first().map_or(&[][..], |r| &r.train.heads);
    for (index, head) in heads.iter().enumerate() {
        let title = format!("training loss: {}, nats", head.attribute);
        charts.push(chart(&title, loss, &|record| {
            let own = record.train.heads.get(index);
            own.map_or(f64::NAN, |head| head.loss)
        }));
    }
    if !heads.is_empty() {
        charts.push(chart("training loss: total, nats", loss, &|r| {
            r.train.total
        }));
        charts.push(chart("alpha", loss, &|r| r.alpha));
    }
    let rate = |record: &EpochRecord| record.learning_rate;
    let first_rate = history.first().map(rate);
    if history
        .iter()
        .any(|record| Some(rate(record)) != first_rate)
    {
        charts.push(chart(
            "learning rate",
            |value| format!("{value:.0e}"),
            &rate,
        ));
    }
    charts
}
