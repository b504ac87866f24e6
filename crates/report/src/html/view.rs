//! What the sections draw from: the report, its study, and which of its tests come first.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::study::training_difference;
use crate::{ModelIdentity, Report, Study, StudyCell, StudyTest, StudyVariant, TestRole};

use super::{escape, figure};

/// A report and its study.
pub(super) struct View<'a> {
    /// The report.
    pub report: &'a Report,
    /// Its comparison.
    pub study: &'a Study,
}

/// A part of the page with a heading.
pub(super) struct Section {
    /// Anchor.
    pub id: &'static str,
    /// Heading; markup.
    pub title: Cow<'static, str>,
    /// Markup.
    pub body: String,
}

impl View<'_> {
    /// Indices of the main tests: corpora that some model was not trained on, then all training corpora together.
    pub(super) fn main_tests(&self) -> Vec<usize> {
        let tests = &self.study.tests;
        let in_domain = tests
            .iter()
            .position(|test| test.role == TestRole::InDomain);
        (0..tests.len())
            .filter(|&place| tests[place].role != TestRole::InDomain || Some(place) == in_domain)
            .collect()
    }

    /// Whether the paper has a number for any variant.
    pub(super) fn has_published(&self) -> bool {
        let cells = self
            .study
            .variants
            .iter()
            .flat_map(|variant| &variant.cells);
        cells.flatten().any(|cell| cell.published.is_some())
    }

    /// The variants with a number in the test at `place`, each with its result there.
    pub(super) fn results(&self, place: usize) -> Vec<(&StudyVariant, &StudyCell)> {
        self.study
            .variants
            .iter()
            .filter_map(|variant| Some((variant, variant.cells.get(place)?.as_ref()?)))
            .filter(|(_, cell)| cell.ua.is_finite())
            .collect()
    }

    /// A caption that names the corpora the models were trained on, where these are the same for all.
    pub(super) fn caption(&self, text: &str) -> String {
        match self.study.trained_on() {
            Some(trained_on) => format!("{text}, {trained_on}"),
            None => text.to_string(),
        }
    }

    /// The corpora that all models were trained on, as the last sentence of a figure's caption; markup.
    pub(super) fn trained_on(&self) -> String {
        match self.study.trained_on() {
            Some(trained_on) => escape::text(&trained_on.replacen("trained", " Trained", 1)) + ".",
            None => String::new(),
        }
    }

    /// A figure with [`Self::trained_on`] below its caption.
    pub(super) fn figure(&self, name: &str, panels: &str, caption: &str) -> String {
        figure::figure(name, panels, &format!("{caption}{}", self.trained_on()))
    }

    /// The different sets of training corpora, in the order of the variants.
    pub(super) fn training_sets(&self) -> Vec<&BTreeSet<String>> {
        let mut sets: Vec<&BTreeSet<String>> = Vec::new();
        for variant in &self.study.variants {
            if !sets.contains(&&variant.training_corpora) {
                sets.push(&variant.training_corpora);
            }
        }
        sets
    }

    /// A variant's name, which the study makes unique with its training corpora.
    pub(super) fn label(&self, variant: &StudyVariant) -> String {
        variant.name.clone()
    }

    /// A model's variant as [`View::label`] writes it, without its seed.
    pub(super) fn model_label(&self, model: &ModelIdentity) -> String {
        let name = model.variant().unwrap_or_else(|| model.name.clone());
        match self.training_difference(&model.training_corpora) {
            Some(trained) => format!("{name}, {trained}"),
            None => name,
        }
    }

    /// How a set of training corpora differs from the study's others; none where there are no others.
    pub(super) fn training_difference(&self, corpora: &BTreeSet<String>) -> Option<String> {
        let variants = self.study.variants.iter();
        let sets: Vec<BTreeSet<String>> = variants.map(|v| v.training_corpora.clone()).collect();
        training_difference(&sets, corpora)
    }

    /// Names of the classes.
    pub(super) fn classes(&self) -> Vec<String> {
        self.study.classes.clone()
    }
}

/// The result of what others are compared with, where that is one variant.
pub(super) fn only_reference<'a>(
    study: &Study,
    results: &[(&'a StudyVariant, &'a StudyCell)],
) -> Option<&'a StudyCell> {
    let mut references = results
        .iter()
        .filter(|(variant, _)| study.is_reference(variant));
    match (references.next(), references.next()) {
        (Some((_, cell)), None) => Some(cell),
        _ => None,
    }
}

/// Names with commas.
pub(super) fn join<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names
        .into_iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// What a test is, in a few words of plain text.
pub(super) fn role(study: &Study, test: &StudyTest) -> &'static str {
    match test.role {
        TestRole::InDomain if study.leaked.is_empty() => {
            "held-out speakers of the training corpora"
        }
        role => study.role_text(role),
    }
}

/// A paragraph of plain text.
pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape::text(text))
}
