//! Several runs of one variant: their mean and spread.

use super::document::{Block, Cell, Column, Table, Tone};
use super::{Report, ReportEntry, number, summary};

/// A table of variants with at least two runs; nothing where there are none.
pub(super) fn blocks(report: &Report) -> Vec<Block> {
    let mut groups: Vec<(String, Vec<&ReportEntry>)> = Vec::new();
    for entry in &report.entries {
        let Some(variant) = entry.model.variant() else {
            continue;
        };
        let same = groups.iter_mut().find(|(known, members)| {
            *known == variant
                && members
                    .iter()
                    .all(|member| member.model.training_corpora == entry.model.training_corpora)
        });
        match same {
            Some((_, members)) => members.push(entry),
            None => groups.push((variant, vec![entry])),
        }
    }
    if groups.iter().all(|(_, members)| members.len() < 2) {
        return Vec::new();
    }
    let tests = summary::tests(report);
    let mut columns = vec![Column::text("variant", 0), Column::new("runs", 0)];
    columns.extend(
        tests
            .iter()
            .enumerate()
            .map(|(place, test)| Column::new(test.name(), u8::try_from(place).unwrap_or(u8::MAX))),
    );
    let rows = groups
        .into_iter()
        .map(|(variant, members)| {
            let mut row = vec![Cell::from(variant), members.len().to_string().into()];
            for test in &tests {
                let uas: Vec<f64> = members
                    .iter()
                    .filter_map(|member| test.metrics(member)?.ua)
                    .collect();
                row.push(spread(&uas));
            }
            row
        })
        .collect();
    vec![
        Block::Heading("Over seeds".into()),
        Block::Table(Table {
            caption: String::new(),
            columns,
            rows,
            footer_rows: 0,
        }),
        Block::Paragraph(
            "Mean UA in % ± standard deviation between runs; a single run has no spread and shows none.".into(),
        ),
    ]
}

/// Mean and sample standard deviation in %.
fn spread(uas: &[f64]) -> Cell {
    let n = uas.len() as f64;
    match uas {
        [] => Cell::toned(number::NONE, Tone::Faint),
        [one] => Cell::toned(format!("{} ±?", number::percent(Some(*one))), Tone::Faint),
        _ => {
            let mean = uas.iter().sum::<f64>() / n;
            let squares: f64 = uas.iter().map(|ua| (ua - mean) * (ua - mean)).sum();
            number::with_error(mean, (squares / (n - 1.0)).sqrt()).into()
        }
    }
}
