//! Compares the models of a report.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::entry::distinct_partitions;
use crate::{Report, ReportEntry, notes};

use super::baseline::find_references;
use super::cells::{Draws, cell};
use super::class_sets::{class_sets, is_of};
use super::test_set::Test;
use super::tested_model::{TestedModel, tested_models};
use super::{Study, StudyCell, StudyTest, columns, gains, targets, variants};

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
        let sets = class_sets(report);
        let classes = sets.first().map(|set| set.to_vec()).unwrap_or_default();
        let (tests, facts): (Vec<Test>, Vec<_>) = match sets.len() {
            0 | 1 => {
                let all: Vec<&ReportEntry> = report.entries.iter().collect();
                columns::tests(&all).into_iter().unzip()
            }
            _ => sets
                .into_iter()
                .flat_map(|set| tests_of(report, set))
                .unzip(),
        };
        for (test, facts) in tests.iter().zip(&facts) {
            let rows: Vec<Vec<TestedModel<'_>>> = variants
                .iter()
                .map(|variant| {
                    let own = variant.entries.iter().copied();
                    let own = own.filter(|&index| is_of(facts, &report.entries[index]));
                    tested_models(report, test, &own.collect::<Vec<_>>())
                })
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
            classes,
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

/// The tests of the models of one set of classes.
fn tests_of(report: &Report, classes: &[String]) -> Vec<(Test, StudyTest)> {
    let entries = report.entries.iter();
    let own: Vec<&ReportEntry> = entries
        .filter(|entry| entry.evaluation.classes == classes)
        .collect();
    let mut tests = columns::tests(&own);
    for (_, facts) in &mut tests {
        facts.classes = classes.to_vec();
    }
    tests
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
