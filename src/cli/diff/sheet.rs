//! What differs between two runs or steps, for people to read.

use pipe_report::{Sheet, SheetCell, SheetColumn, Tone};

use crate::cli::lines::{counted, duration_text};
use crate::inspect::{Comparison, DataChange, EvaluationChange, Flip, PredictionFlip};

use super::cells::{moved, plain, short_names};
use super::numbers;

/// Utterances listed of each kind of change unless all are asked for.
const UTTERANCES: usize = 8;
/// Predictions listed of each evaluation unless all are asked for.
const EXAMPLES: usize = 6;
/// Without `--all`, examples are given when no more evaluations than this changed.
const EVALUATIONS: usize = 3;

/// The comparison in lines of `width`, with every utterance where `all` is set.
pub fn sheet(comparison: &Comparison, all: bool, width: usize) -> Sheet {
    let Comparison {
        before,
        after,
        same,
        different,
        ..
    } = comparison;
    let mut sheet = Sheet::new(format!("{before} -> {after}"));
    sheet.paragraph(format!(
        "{} with the same result key, {different} with another",
        counted(*same, "step")
    ));
    if *different == 0 && comparison.only_before.is_empty() && comparison.only_after.is_empty() {
        sheet.notes(vec!["nothing differs".into()]);
    }
    if !comparison.missing.is_empty() {
        sheet.heading("No longer in the cache");
        sheet.notes(comparison.missing.clone());
    }
    if !comparison.parameters.is_empty() {
        sheet.heading("Parameters");
        let note = |change: &crate::inspect::ParameterChange| match (
            change.everywhere,
            change.steps.as_slice(),
        ) {
            (true, [_]) => change.to_string(),
            (true, steps) => format!("{change} (all {} variants)", steps.len()),
            (false, steps) => format!("{change} ({})", steps.join(", ")),
        };
        sheet.notes(comparison.parameters.iter().map(note).collect());
    }
    if !comparison.data.is_empty() {
        sheet.heading("Data");
        let notes = comparison.data.iter().flat_map(|data| listed(data, all));
        sheet.notes(notes.collect());
    }
    for (title, steps) in [
        (format!("Only in {before}"), &comparison.only_before),
        (format!("Only in {after}"), &comparison.only_after),
    ] {
        if !steps.is_empty() {
            sheet.heading(title);
            sheet.notes(steps.clone());
        }
    }
    trainings(&mut sheet, comparison);
    metrics(&mut sheet, comparison, width);
    numbers::table(&mut sheet, comparison);
    outcome(&mut sheet, comparison);
    predictions(&mut sheet, comparison, all);
    sheet
}

/// A line for what differs in a source, and one for each kind of change.
fn listed(data: &DataChange, all: bool) -> Vec<String> {
    if data.unknown {
        return vec![format!(
            "{}: other utterances; it is no longer known which",
            data.step
        )];
    }
    if data.is_only_what_is_known() {
        return vec![format!(
            "{}: the same audio; labels, speakers or splits differ",
            data.step
        )];
    }
    let mut lines = vec![format!("{}: {}", data.step, data.brief())];
    for (ids, word) in [
        (&data.added, "new"),
        (&data.removed, "removed"),
        (&data.changed, "changed"),
    ] {
        if ids.is_empty() {
            continue;
        }
        let shown = if all { ids.len() } else { UTTERANCES };
        let mut names = ids[..shown.min(ids.len())].join(", ");
        if ids.len() > shown {
            names.push_str(&format!(" and {} more (--all)", ids.len() - shown));
        }
        lines.push(format!("{word}: {names}"));
    }
    lines
}

fn trainings(sheet: &mut Sheet, comparison: &Comparison) {
    if comparison.trainings.is_empty() {
        return;
    }
    sheet.heading("Training");
    let columns = vec![
        SheetColumn::text("step"),
        SheetColumn::text("validation UA, %"),
        SheetColumn::text("best epoch").dispensable(2),
        SheetColumn::text("epochs").dispensable(1),
        SheetColumn::text("time").dispensable(3),
    ];
    let names = short_names(comparison.trainings.iter().map(|t| t.step.as_str()));
    let rows = comparison
        .trainings
        .iter()
        .zip(names)
        .map(|(change, name)| {
            let of = |value: &dyn Fn(&pipe_nn::train::Summary) -> String| -> SheetCell {
                let text = |summary: &Option<pipe_nn::train::Summary>| {
                    summary.as_ref().map_or_else(|| "?".into(), value)
                };
                let (old, new) = (text(&change.before), text(&change.after));
                plain(match old == new {
                    true => new,
                    false => format!("{old} → {new}"),
                })
            };
            let ua = match (&change.before, &change.after) {
                (Some(old), Some(new)) => moved(old.best.ua, new.best.ua),
                _ => plain("?".into()),
            };
            let [old, new] = change.seconds.map(duration_text);
            vec![
                plain(name),
                ua,
                of(&|summary| (summary.best_epoch + 1).to_string()),
                of(&|summary| summary.epochs.to_string()),
                plain(format!("{old} → {new}")),
            ]
        });
    sheet.table("", columns, rows.collect(), 0);
}

fn metrics(sheet: &mut Sheet, comparison: &Comparison, width: usize) {
    let of_classes = |evaluation: &&EvaluationChange| {
        // One whose files are gone is reported here.
        !evaluation.corpora.is_empty() || evaluation.targets.is_empty()
    };
    let evaluations: Vec<&EvaluationChange> =
        comparison.evaluations.iter().filter(of_classes).collect();
    if evaluations.is_empty() {
        return;
    }
    sheet.heading("Unweighted accuracy, %");
    let mut corpora: Vec<(&str, bool)> = Vec::new();
    for change in evaluations.iter().flat_map(|e| &e.corpora) {
        if !corpora.iter().any(|(corpus, _)| *corpus == change.corpus) {
            corpora.push((&change.corpus, change.unseen));
        }
    }
    corpora.sort_by_key(|(_, unseen)| !unseen);
    let names = short_names(evaluations.iter().map(|e| e.step.as_str()));
    let left_out = corpora.split_off(fitting(&names, &corpora, width));
    let mut columns = vec![SheetColumn::text("step")];
    columns.extend(corpora.iter().map(|(corpus, _)| SheetColumn::text(corpus)));
    let cell = |evaluation: &EvaluationChange, corpus: &str| {
        let mut own = evaluation.corpora.iter();
        match own.find(|change| change.corpus == corpus) {
            Some(change) => moved(change.ua_before, change.ua_after),
            None => plain("-".into()),
        }
    };
    let rows = evaluations.into_iter().zip(&names);
    let rows = rows.map(|(evaluation, name)| {
        let mut row = vec![plain(name.clone())];
        row.extend(corpora.iter().map(|(corpus, _)| cell(evaluation, corpus)));
        row
    });
    sheet.table("", columns, rows.collect(), 0);
    if !left_out.is_empty() {
        let names: Vec<&str> = left_out.iter().map(|(corpus, _)| *corpus).collect();
        sheet.paragraph(format!(
            "No room for these training corpora: {}.",
            names.join(", ")
        ));
    }
}

/// What the tables of metrics leave out.
fn outcome(sheet: &mut Sheet, comparison: &Comparison) {
    if comparison.evaluations.is_empty() {
        return;
    }
    if comparison.same_evaluations > 0 {
        sheet.paragraph(format!(
            "{} came out the same.",
            counted(comparison.same_evaluations, "evaluation")
        ));
    }
    let missing = comparison.evaluations.iter().flat_map(|evaluation| {
        let said = |why: &String| format!("{}: {why}", evaluation.step);
        evaluation.missing.iter().map(said)
    });
    sheet.notes(missing.collect());
}

fn predictions(sheet: &mut Sheet, comparison: &Comparison, all: bool) {
    let compared: Vec<_> = comparison
        .evaluations
        .iter()
        .filter_map(|evaluation| Some((evaluation, evaluation.flips.as_ref()?)))
        .collect();
    if compared.is_empty() {
        return;
    }
    sheet.heading("Prediction flips");
    let columns = vec![
        SheetColumn::text("step"),
        SheetColumn::number("right → wrong"),
        SheetColumn::number("wrong → right"),
        SheetColumn::number("wrong otherwise").dispensable(2),
        SheetColumn::number("of").dispensable(1),
    ];
    let names = short_names(
        compared
            .iter()
            .map(|(evaluation, _)| evaluation.step.as_str()),
    );
    let rows = compared.iter().zip(names).map(|((_, flips), name)| {
        let count = |flip, tone| match flips.count(flip) {
            0 => ("0".to_string(), Tone::Plain),
            count => (count.to_string(), tone),
        };
        vec![
            plain(name),
            count(Flip::RightToWrong, Tone::Bad),
            count(Flip::WrongToRight, Tone::Good),
            count(Flip::StillWrong, Tone::Plain),
            plain(flips.shared.to_string()),
        ]
    });
    sheet.table("", columns, rows.collect(), 0);
    for (evaluation, flips) in &compared {
        for (count, what) in [
            (flips.only_before, "were tested only before"),
            (flips.only_after, "are tested only now"),
            (
                flips.relabelled,
                "have another true class and are not compared",
            ),
        ] {
            if count > 0 {
                let utterances = counted(count, "utterance");
                sheet.notes(vec![format!("{}: {utterances} {what}", evaluation.step)]);
            }
        }
    }
    if !all && compared.len() > EVALUATIONS {
        sheet.paragraph("Which ones: --all, or compare two steps.");
        return;
    }
    for (evaluation, flips) in &compared {
        let shown = match all {
            true => flips.flips.len(),
            false => EXAMPLES.min(flips.flips.len()),
        };
        if shown == 0 {
            continue;
        }
        let columns = vec![
            SheetColumn::text("utterance"),
            SheetColumn::text("true"),
            SheetColumn::text("before").dispensable(1),
            SheetColumn::text("now"),
            SheetColumn::text("p of the true class").dispensable(2),
        ];
        let rows = flips.flips[..shown].iter().map(example).collect();
        let caption = match flips.flips.len() - shown {
            0 => evaluation.step.clone(),
            more => format!(
                "{}: those whose probability changed most, {more} more with --all",
                evaluation.step
            ),
        };
        sheet.table(&caption, columns, rows, 0);
    }
}

fn example(flip: &PredictionFlip) -> Vec<SheetCell> {
    let tone = match flip.flip {
        Flip::RightToWrong => Tone::Bad,
        Flip::WrongToRight => Tone::Good,
        Flip::StillWrong => Tone::Plain,
    };
    vec![
        plain(flip.utterance.clone()),
        plain(flip.truth.clone()),
        plain(flip.before.clone()),
        (flip.after.clone(), tone),
        plain(format!("{:.2} → {:.2}", flip.p_before, flip.p_after)),
    ]
}

/// How many columns of corpora fit next to the names; those not heard in training are always shown.
fn fitting(names: &[String], corpora: &[(&str, bool)], width: usize) -> usize {
    const CELL: usize = "99.9 → 99.9 (+99.9)".len() - "→".len() + 1;
    let longest = names.iter().map(|name| name.chars().count()).max();
    let mut used = longest.unwrap_or(0).max(4);
    let mut columns = corpora.iter().take_while(|(corpus, unseen)| {
        used += 2 + corpus.chars().count().max(CELL);
        *unseen || used <= width
    });
    columns.by_ref().count()
}
