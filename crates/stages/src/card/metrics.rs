//! How well the model does: metrics per corpus, with intervals.

use pipe_report::eval::Metrics;
use pipe_report::{Align, Markdown};

use super::content::{Card, CardEvaluation};

/// Writes the section on evaluations.
pub(super) fn write(card: &Card<'_>, text: &mut Markdown) {
    text.heading(2, "Evaluation");
    if card.evaluations.is_empty() {
        text.paragraph(
            "No evaluation of this file was given, and the cache has none. How well it performs is not known here.",
        );
        return;
    }
    for evaluation in card.evaluations {
        one(card, evaluation, text);
    }
    text.paragraph(
        "UA (unweighted accuracy) is the mean recall of the classes, WA the fraction of all utterances that were classified correctly. \
         The interval is a 95 % interval that treats utterances as independent; those of one speaker are not, so true intervals are wider where there are few speakers. Chance is the UA of any predictor that ignores the audio.",
    );
}

fn one(card: &Card<'_>, evaluation: &CardEvaluation, text: &mut Markdown) {
    let trained = card.training_corpora();
    let metrics = &evaluation.evaluation;
    let mut rows: Vec<Vec<String>> = metrics
        .corpora
        .iter()
        .map(|(corpus, of_corpus)| {
            let speakers = match metrics.speaker_count(corpus) {
                0 => "-".to_owned(),
                count => count.to_string(),
            };
            let heard = match trained.contains(&corpus.as_str()) {
                true => "in training",
                false => "not in training",
            };
            row(corpus, heard, &speakers, of_corpus)
        })
        .collect();
    if metrics.corpora.len() > 1 {
        rows.push(row("all corpora", "", "", &metrics.overall));
    }
    let source = match evaluation.of_this_file {
        true => format!(
            "Step {}: the cache records that it tested exactly this file.",
            evaluation.name
        ),
        false => format!(
            "{}: given by hand, without proof that it tested this model.",
            evaluation.name
        ),
    };
    text.paragraph(&source);
    let recalls: Vec<String> = metrics
        .classes
        .iter()
        .map(|class| format!("{class} %"))
        .collect();
    let mut columns = vec![("corpus", Align::Left), ("corpus was", Align::Left)];
    let before = ["utterances", "speakers", "UA %", "95 % interval", "WA %"];
    let headings = before.into_iter().chain(recalls.iter().map(String::as_str));
    columns.extend(
        headings
            .chain(["chance %"])
            .map(|heading| (heading, Align::Right)),
    );
    text.table(&columns, &rows);
    if let Some(example) = evaluation.leaks.first() {
        text.paragraph(&format!(
            "It was tested on speakers or recordings that it was trained on, for example: {example}. Such a score says little of new speakers."
        ));
    }
    let collapsed: Vec<&str> = metrics
        .corpora
        .iter()
        .filter(|(_, of_corpus)| of_corpus.collapsed)
        .map(|(corpus, _)| corpus.as_str())
        .collect();
    if !collapsed.is_empty() {
        text.paragraph(&format!(
            "Collapsed on {}: nearly everything was classified as one class. Do not use it there.",
            collapsed.join(", ")
        ));
    }
}

fn row(corpus: &str, heard: &str, speakers: &str, metrics: &Metrics) -> Vec<String> {
    let percent =
        |value: Option<f64>| value.map_or("-".into(), |value| format!("{:.1}", 100.0 * value));
    let interval = metrics.ua_interval.map_or("-".into(), |interval| {
        format!(
            "{:.1} to {:.1}",
            100.0 * interval.low,
            100.0 * interval.high
        )
    });
    let mut cells = vec![
        corpus.to_owned(),
        heard.to_owned(),
        metrics.utterances.to_string(),
        speakers.to_owned(),
        percent(metrics.ua),
        interval,
        percent(metrics.wa),
    ];
    cells.extend(metrics.classes.iter().map(|class| percent(class.recall)));
    cells.push(percent(metrics.chance_ua));
    cells
}
