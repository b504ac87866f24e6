//! Studies of models that distinguish different classes: each set of classes is compared by itself.

use std::borrow::Cow;

use crate::{Report, ReportEntry};

use super::{Study, StudyTest};

/// The different sets of classes of a report's models, in their order; none of models without classes.
pub(crate) fn class_sets(report: &Report) -> Vec<&[String]> {
    let mut sets: Vec<&[String]> = Vec::new();
    for entry in &report.entries {
        let classes = entry.evaluation.classes.as_slice();
        if !classes.is_empty() && !sets.contains(&classes) {
            sets.push(classes);
        }
    }
    sets
}

impl Study {
    /// The classes of a test, in the order of its recalls and matrices.
    pub(crate) fn classes_of<'s>(&'s self, test: &'s StudyTest) -> &'s [String] {
        match test.classes.is_empty() {
            true => &self.classes,
            false => &test.classes,
        }
    }

    /// The study of each set of classes, with the tests and variants of these alone, and without remarks and numeric
    /// targets; the whole where there is one set.
    pub(crate) fn by_classes(&self) -> Vec<Cow<'_, Self>> {
        let mut sets: Vec<&[String]> = Vec::new();
        for test in &self.tests {
            let classes = self.classes_of(test);
            if !sets.contains(&classes) {
                sets.push(classes);
            }
        }
        if sets.len() < 2 {
            return vec![Cow::Borrowed(self)];
        }
        sets.into_iter()
            .map(|classes| Cow::Owned(self.of_classes(classes)))
            .collect()
    }

    fn of_classes(&self, classes: &[String]) -> Self {
        let is_own = |place: &usize| self.classes_of(&self.tests[*place]) == classes;
        let places: Vec<usize> = (0..self.tests.len()).filter(is_own).collect();
        let mut part = Self {
            classes: classes.to_vec(),
            tests: places
                .iter()
                .map(|&place| self.tests[place].clone())
                .collect(),
            targets: Vec::new(),
            remarks: Vec::new(),
            ..self.clone()
        };
        for variant in &mut part.variants {
            let cells = std::mem::take(&mut variant.cells);
            let own = places
                .iter()
                .map(|&place| cells.get(place).cloned().flatten());
            variant.cells = own.collect();
        }
        part.variants
            .retain(|variant| variant.cells.iter().any(Option::is_some));
        part
    }
}

/// Whether a model is one of a test; every model is where the study has one set of classes.
pub(super) fn is_of(test: &StudyTest, entry: &ReportEntry) -> bool {
    test.classes.is_empty() || entry.evaluation.classes == test.classes
}
