//! Lays a report out: which blocks it has, in which order.

use crate::Report;
use crate::document::{Block, Document};
use crate::notes;

use super::detail::Detail;
use super::{confusions, folds, models, per_test, probes, summary, training};

/// Up to this number of variants, the brief form also shows a table of each test.
const FEW_VARIANTS: usize = 8;
/// Largest number of names in a remark of the brief form.
const FEW_NAMES: usize = 6;

/// The folds of the report alone.
pub(crate) fn folds_alone(report: &Report) -> Document {
    let blocks = match folds::blocks(&report.study()) {
        none if none.is_empty() => {
            vec![Block::Paragraph("No result is made of folds.".into())]
        }
        blocks => blocks,
    };
    Document {
        title: report.title.clone(),
        blocks,
    }
}

/// The report as blocks.
pub(crate) fn document(report: &Report, detail: Detail) -> Document {
    let study = report.study();
    let mut blocks = Vec::new();
    let remarks = match detail {
        Detail::Full => study.remarks.clone(),
        Detail::Brief => notes::remarks(report, &study, FEW_NAMES),
    };
    if !remarks.is_empty() {
        blocks.push(Block::Notes(remarks));
    }
    if report.entries.is_empty() && report.probes.is_empty() {
        blocks.push(Block::Paragraph(
            "There is nothing to report: no model was evaluated.".into(),
        ));
    } else {
        blocks.extend(summary::blocks(&study));
        if detail == Detail::Full || study.variants.len() <= FEW_VARIANTS {
            blocks.extend(per_test::blocks(&study, detail));
        }
        if detail == Detail::Full {
            blocks.extend(folds::blocks(&study));
            blocks.extend(models::blocks(&study));
            blocks.extend(confusions::blocks(&study));
            blocks.extend(training::blocks(report, &study));
        }
    }
    if detail == Detail::Full {
        blocks.extend(probes::blocks(report, &study));
    }
    Document {
        title: report.title.clone(),
        blocks,
    }
}
