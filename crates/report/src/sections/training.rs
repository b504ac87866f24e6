//! How training went: epochs, best validation UA and loss.

use crate::document::{Block, Cell, Column, Table, Tone};
use crate::{EpochPoint, Report, Study, number};

/// Heights of the validation curve.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Most columns of a curve.
const CURVE: usize = 24;

/// A table of the models whose history is known; nothing where none is.
pub(crate) fn blocks(report: &Report, study: &Study) -> Vec<Block> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let all = || report.entries.iter().flat_map(|entry| &entry.history);
    let has_alpha = all().any(|epoch| epoch.alpha != 0.0);
    for entry in &report.entries {
        let (Some(first), Some(last)) = (entry.history.first(), entry.history.last()) else {
            continue;
        };
        let curve: Vec<f64> = entry
            .history
            .iter()
            .map(|epoch| epoch.validation.shown())
            .collect();
        let kept = EpochPoint::kept(&entry.history).unwrap_or(last);
        rows.push(vec![
            entry.model.name.clone().into(),
            format!("{} of {}", entry.history.len(), entry.epochs).into(),
            match kept.validation.ua {
                Some(ua) => number::percent(Some(ua)),
                None => number::coefficient(Some(kept.validation.shown())),
            }
            .into(),
            (kept.epoch + 1).to_string().into(),
            match has_alpha {
                true => format!("{:.3}", kept.alpha).into(),
                false => Cell::toned(number::NONE, Tone::Faint),
            },
            format!("{:.3}", first.train.total).into(),
            format!("{:.3}", last.train.total).into(),
            sparkline(&curve).into(),
        ]);
    }
    if rows.is_empty() {
        return Vec::new();
    }
    let has_classes = all().any(|epoch| epoch.validation.ua.is_some());
    let (kept, curve, key) = match has_classes {
        true => ("kept UA", "validation UA", KEY),
        false => ("kept CCC", "validation CCC", CCC_KEY),
    };
    let columns = [
        ("model", 0),
        ("epochs", 1),
        (kept, 0),
        ("at epoch", 0),
        ("alpha", 2),
        ("first loss", 5),
        ("last loss", 4),
        (curve, 3),
    ];
    vec![
        Block::Heading("Training".into()),
        Block::Table(Table {
            caption: study.trained_on().unwrap_or_default(),
            columns: columns
                .map(|(heading, dispensable)| match heading {
                    "model" => Column::text(heading, dispensable),
                    _ if heading == curve => Column::text(heading, dispensable),
                    _ => Column::new(heading, dispensable),
                })
                .into(),
            rows,
            footer_rows: 0,
        }),
        Block::Paragraph(key.into()),
    ]
}

const KEY: &str = "kept UA: UA on the validation speakers, in %, of the epoch whose weights were kept, that epoch, and the \
    weight of the attribute tasks in it. The weights were selected on these speakers, so it is optimistic. The curve \
    spans 0 to 100 %.";

/// The same where no model has classes.
const CCC_KEY: &str = "kept CCC: mean CCC of the targets on the validation speakers in the epoch whose weights were kept, \
    that epoch, and the weight of the attribute tasks in it. Where the weights were selected by it, it is optimistic. The \
    curve spans 0 to 1.";

/// A curve of proportions as bars; long ones show the mean of each stretch.
fn sparkline(values: &[f64]) -> String {
    let width = values.len().min(CURVE);
    (0..width)
        .map(|column| {
            let stretch =
                &values[column * values.len() / width..(column + 1) * values.len() / width];
            let mean = stretch.iter().sum::<f64>() / stretch.len() as f64;
            let height = (mean.clamp(0.0, 1.0) * BARS.len() as f64) as usize;
            BARS[height.min(BARS.len() - 1)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_fit_and_rise() {
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[0.0, 0.5, 1.0, f64::NAN]), "▁▅█▁");
        let long: Vec<f64> = (0..1000).map(|i| f64::from(i) / 1000.0).collect();
        let curve = sparkline(&long);
        assert_eq!(curve.chars().count(), CURVE);
        assert!(curve.starts_with('▁') && curve.ends_with('█'));
    }
}
