//! Compares the models of a report.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::entry::distinct_partitions;
use crate::{Report, notes};

use super::baseline::find_references;
use super::cells::{Draws, cell};
use super::test_set::Test;
use super::tested_model::{TestedModel, tested_models};
use super::{Study, StudyCell, columns, gains, targets, variants};

impl Study {
    /// The comparison of a report's models.
    pub fn of(report: &Report) -> Self {
        let mut variants = match &report.reference {
            Some(reference) => {
                let mut variants = variants::by_axes(report);
                find_references(&mut variants, reference);
                variants
            }
            None => variants::variants(report),
        };
        let (tests, facts): (Vec<Test>, Vec<_>) = columns::tests(report).into_iter().unzip();
        for (test, facts) in tests.iter().zip(&facts) {
            let rows: Vec<Vec<TestedModel<'_>>> = variants
                .iter()
                .map(|variant| tested_models(report, test, &variant.entries))
                .collect();
            let draws = Draws::for_all(&facts.name, rows.iter().flatten());
            let mut cells: Vec<Option<StudyCell>> = rows
                .par_iter()
                .map(|models| cell(test, models, &draws))
                .collect();
            gains::fill(&variants, report.reference.as_ref(), &rows, &mut cells);
            for (variant, cell) in variants.iter_mut().zip(cells) {
                variant.cells.push(cell);
            }
        }
        let entries = report.entries.iter().enumerate();
        let leaked = entries.filter(|(_, entry)| !entry.leaks.is_empty());
        let leaked = leaked.map(|(index, _)| index);
        let comparisons = gains::correct(&facts, &mut variants);
        let mut study = Self {
            classes: report
                .entries
                .first()
                .map(|entry| entry.evaluation.classes.clone())
                .unwrap_or_default(),
            tests: facts,
            targets: targets::results(report, &variants),
            variants,
            comparisons,
            reference: report.reference.clone(),
            leaked: leaked.collect(),
            partitions: distinct_partitions(report.entries.iter()),
            remarks: Vec::new(),
        };
        study.remarks = notes::remarks(report, &study, usize::MAX);
        study
    }
}

impl Report {
    /// The comparison of its models.
    pub fn study(&self) -> Cow<'_, Study> {
        match &self.study {
            Some(study) => Cow::Borrowed(study),
            None => Cow::Owned(Study::of(self)),
        }
    }
}
