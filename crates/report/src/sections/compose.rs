//! Lays a report out: which blocks it has, in which order.

use crate::Report;
use crate::document::{Block, Document};
use crate::notes;

use super::detail::Detail;
use super::{
    audit, confusions, folds, labels, models, partitions, per_test, probes, summary, targets,
    training,
};

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
        // Models that only predict numbers are compared on no test of classes.
        let has_tests = !study.tests.is_empty();
        if has_tests {
            blocks.extend(summary::blocks(&study));
        }
        let is_small = study.variants.len() <= FEW_VARIANTS;
        if has_tests && (detail == Detail::Full || is_small) {
            blocks.extend(per_test::blocks(&study, detail));
        }
        blocks.extend(targets::blocks(&study));
        if detail == Detail::Full {
            blocks.extend(folds::blocks(&study));
            blocks.extend(models::blocks(&study));
            blocks.extend(confusions::blocks(&study));
            blocks.extend(labels::blocks(report));
            blocks.extend(training::blocks(report, &study));
        }
    }
    if detail == Detail::Full {
        blocks.extend(partitions::blocks(&study));
        blocks.extend(probes::blocks(report, &study));
        blocks.extend(audit::blocks(report));
    }
    Document {
        title: report.title.clone(),
        blocks,
    }
}
