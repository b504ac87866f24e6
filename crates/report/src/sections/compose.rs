//! Lays a report out: which blocks it has, in which order.

use crate::document::{Block, Document};
use crate::notes;
use crate::{Report, Study};

use super::detail::Detail;
use super::{
    audit, confusions, folds, labels, models, partitions, per_test, probes, summary, targets,
    training,
};

/// Up to this number of variants, the brief form also shows a table of each test, and the recalls of original labels.
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
        let parts = study.by_classes();
        let is_small = study.variants.len() <= FEW_VARIANTS;
        for part in &parts {
            if parts.len() > 1 {
                blocks.push(Block::Heading(format!(
                    "Classes: {}",
                    part.classes.join(", ")
                )));
            }
            if has_tests {
                blocks.extend(summary::blocks(part));
            }
            if has_tests && (detail == Detail::Full || is_small) {
                blocks.extend(per_test::blocks(part, detail));
            }
            if parts.len() > 1 && detail == Detail::Full {
                blocks.extend(of_models(part));
            }
        }
        blocks.extend(targets::blocks(&study));
        if detail == Detail::Full {
            match parts.len() {
                1 => blocks.extend(of_models(&study)),
                _ => blocks.extend(folds::of_targets(&study)),
            }
        }
        if detail == Detail::Full || is_small {
            blocks.extend(labels::blocks(report));
        }
        if detail == Detail::Full {
            blocks.extend(training::blocks(report, &study));
        }
    }
    blocks.extend(partitions::blocks(&study));
    if detail == Detail::Full {
        blocks.extend(probes::blocks(report, &study));
        blocks.extend(audit::blocks(report));
    }
    Document {
        title: report.title.clone(),
        blocks,
    }
}

/// Folds, seeds and confusion matrices.
fn of_models(study: &Study) -> Vec<Block> {
    let mut blocks = folds::blocks(study);
    blocks.extend(models::blocks(study));
    blocks.extend(confusions::blocks(study));
    blocks
}
