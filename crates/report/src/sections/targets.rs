//! Numeric targets: one row per variant, target and corpus.

use std::collections::BTreeSet;

use crate::document::{Block, Cell, Column, Table};
use crate::{CccGain, Study, StudyVariant, TargetResult, number};

use super::compared;

/// The heading, the table and its key; nothing where no model predicts numbers.
pub(crate) fn blocks(study: &Study) -> Vec<Block> {
    let Some(table) = table(study) else {
        return Vec::new();
    };
    vec![
        Block::Heading("Numeric targets".into()),
        Block::Table(table),
        Block::Paragraph(key(study)),
    ]
}

/// The table; none where no model predicts numbers.
pub(crate) fn table(study: &Study) -> Option<Table> {
    let results = &study.targets;
    let any = |has: fn(&TargetResult) -> bool| results.iter().any(has);
    let (seeds, folds, gains) = (any(has_seeds), any(has_folds), any(has_gain));
    let mut columns = vec![
        Column::text("variant", 0),
        Column::text("target", 0),
        Column::text("corpus", 0),
        Column::text("role", 5),
    ];
    if seeds {
        columns.push(Column::new("runs", 6));
    }
    columns.extend([
        Column::new("utterances", 6),
        Column::new("speakers", 7),
        Column::new("CCC", 0),
        Column::new("95 % interval", 1),
    ]);
    if folds {
        columns.push(Column::new("mean of folds", 2));
    }
    if gains {
        columns.push(Column::new("gain ", 1));
        columns.push(Column::new("95 % interval of the gain", 4));
    }
    columns.extend([Column::new("Pearson", 3), Column::new("RMSE", 0)]);
    let rows = in_order_of_variants(study).map(|(variant, result)| {
        let mut row: Vec<Cell> = vec![
            variant.name.clone().into(),
            result.target.clone().into(),
            result.corpus.clone().into(),
            study.role_text(result.role).into(),
        ];
        if seeds {
            row.push(result.runs.to_string().into());
        }
        row.extend([
            number::count(result.utterances as u64).into(),
            result.speakers.to_string().into(),
            number::coefficient(result.ccc).into(),
            number::coefficient_interval(match seeds {
                true => result.seeds_interval,
                false => result.speakers_interval,
            })
            .into(),
        ]);
        if folds {
            row.push(mean_of_folds(result));
        }
        if gains {
            row.push(gain_cell(result.gain.as_ref()));
            let interval = result.gain.and_then(|gain| gain.interval);
            row.push(number::coefficient_interval(interval).into());
        }
        row.extend([
            number::coefficient(result.pearson).into(),
            number::coefficient(Some(result.rmse)).into(),
        ]);
        row
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    (!rows.is_empty()).then(|| Table {
        caption: "Agreement of predictions with the truth".into(),
        columns,
        rows,
        footer_rows: 0,
    })
}

/// What each fold reaches; none where no result is made of folds.
pub(crate) fn folds_table(study: &Study) -> Option<Table> {
    let rows = in_order_of_variants(study).flat_map(|(variant, result)| {
        let folds = result.folds.iter();
        let folds = folds.flat_map(|folds| &folds.folds);
        let row = |name: &str, scores: [Option<f64>; 3], utterances: usize| -> Vec<Cell> {
            let [ccc, pearson, rmse] = scores.map(number::coefficient);
            vec![
                variant.name.clone().into(),
                result.target.clone().into(),
                result.corpus.clone().into(),
                name.into(),
                ccc.into(),
                pearson.into(),
                rmse.into(),
                number::count(utterances as u64).into(),
            ]
        };
        let folds = folds.map(|fold| {
            let scores = [fold.ccc, fold.pearson, fold.rmse];
            row(&fold.fold, scores, fold.utterances)
        });
        let mut rows: Vec<Vec<Cell>> = folds.collect();
        if let Some(all) = &result.folds {
            let means = [all.mean_ccc, all.mean_pearson, all.mean_rmse];
            rows.push(row("mean", means, result.utterances));
            let pooled = [result.ccc, result.pearson, Some(result.rmse)];
            rows.push(row("pooled", pooled, result.utterances));
        }
        rows
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    (!rows.is_empty()).then(|| Table {
        caption: "CCC, Pearson's correlation and RMSE of each fold alone, their means, and those of all predictions together (pooled)".into(),
        columns: vec![
            Column::text("variant", 0),
            Column::text("target", 0),
            Column::text("corpus", 0),
            Column::text("fold", 0),
            Column::new("CCC", 0),
            Column::new("Pearson", 1),
            Column::new("RMSE", 1),
            Column::new("utterances", 2),
        ],
        rows,
        footer_rows: 0,
    })
}

fn in_order_of_variants(study: &Study) -> impl Iterator<Item = (&StudyVariant, &TargetResult)> {
    study
        .variants
        .iter()
        .enumerate()
        .flat_map(|(place, variant)| {
            let own = study
                .targets
                .iter()
                .filter(move |result| result.variant == place);
            own.map(move |result| (variant, result))
        })
}

fn has_seeds(result: &TargetResult) -> bool {
    result.runs > 1
}

fn has_folds(result: &TargetResult) -> bool {
    let folds = result.folds.as_ref();
    folds.is_some_and(|folds| folds.folds.len() > 1)
}

fn has_gain(result: &TargetResult) -> bool {
    result.gain.is_some()
}

fn mean_of_folds(result: &TargetResult) -> Cell {
    let folds = result.folds.as_ref().filter(|_| has_folds(result));
    let mean = folds.and_then(|folds| Some((folds.mean_ccc?, folds.interval)));
    compared::mean_of_folds(mean, number::coefficient)
}

fn gain_cell(gain: Option<&CccGain>) -> Cell {
    compared::gain_cell(
        gain.map(|gain| (number::coefficient_gain(gain.ccc), gain.ccc)),
        gain.and_then(|gain| gain.p_corrected),
    )
}

/// Which folds have no CCC, in a sentence; empty where all have one.
fn without_ccc(study: &Study) -> String {
    /// So many are named.
    const FEW: usize = 4;
    let with_folds = study.targets.iter().filter(|result| has_folds(result));
    let lacking: Vec<String> = with_folds
        .flat_map(|result| {
            let folds = result.folds.iter().flat_map(|folds| &folds.folds);
            let lacking = folds.filter(|fold| fold.ccc.is_none());
            lacking.map(move |fold| (&result.target, &result.corpus, &fold.fold))
        })
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|(target, corpus, fold)| format!("{fold} of {target} on {corpus}"))
        .collect();
    if lacking.is_empty() {
        return String::new();
    }
    let more = match lacking.len().saturating_sub(FEW) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = &lacking[..lacking.len().min(FEW)];
    format!(
        " {} {}{more} {} no CCC, since truth and predictions do not vary there, and the mean is that of the others.",
        if lacking.len() == 1 { "Fold" } else { "Folds" },
        shown.join(", "),
        if lacking.len() == 1 { "has" } else { "have" },
    )
}

/// What the columns mean.
pub(crate) fn key(study: &Study) -> String {
    let results = &study.targets;
    let mut key = String::from(
        "CCC: concordance correlation (Lin 1989), 1 where predictions equal the truth",
    );
    if results.iter().any(has_folds) {
        key += ", over the predictions of all folds together";
    }
    key += match results.iter().any(has_seeds) {
        true => {
            ", averaged over the runs. Its 95 % interval is the confidence interval of the mean over seeds (Student's t; none \
             under three runs)."
        }
        false => ". Its 95 % interval is by a bootstrap over speakers; none with fewer than five.",
    };
    if results.iter().any(has_folds) {
        key += compared::MEAN_OF_FOLDS;
        key += &without_ccc(study);
    }
    if results.iter().any(has_gain) {
        key += &format!(" Gain: difference in CCC from {}", study.compared_with());
        let tests = results.iter().filter_map(|result| result.gain?.p).count();
        key += &compared::corrected_for(tests);
    }
    key + " RMSE is in the unit of the target."
}
