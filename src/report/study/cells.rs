//! Fills the cells of a study from the report's entries.

use crate::eval::{Confusion, Metrics};

use super::super::compose::{Role, Test, corpora_of};
use super::super::{Report, ReportEntry, notes};
use super::{PublishedCell, Study, StudyCell, StudyTest, StudyVariant, TestRole};

/// The whole comparison.
pub(super) fn study(report: &Report) -> Study {
    let tests = tests(report);
    let variants = variants(report)
        .into_iter()
        .map(|mut variant| {
            let models: Vec<&ReportEntry> = variant
                .entries
                .iter()
                .map(|&index| &report.entries[index])
                .collect();
            variant.cells = tests.iter().map(|test| cell(test, &models)).collect();
            variant
        })
        .collect();
    Study {
        tests: tests.iter().map(|test| facts(report, test)).collect(),
        variants,
        remarks: notes::remarks(report),
    }
}

/// The columns: unseen corpora, all training corpora together, then each of them.
fn tests(report: &Report) -> Vec<Test> {
    let corpora = corpora_of(report);
    let (inside, outside): (Vec<_>, Vec<_>) = corpora
        .into_iter()
        .partition(|(_, role)| *role == Role::InDomain);
    let mut tests: Vec<Test> = outside
        .into_iter()
        .map(|(corpus, _)| Test::Corpus(corpus))
        .collect();
    // A single corpus of the training is the same as all of them.
    if inside.len() > 1 {
        tests.push(Test::InDomain);
    }
    tests.extend(inside.into_iter().map(|(corpus, _)| Test::Corpus(corpus)));
    tests
}

fn facts(report: &Report, test: &Test) -> StudyTest {
    let roles = corpora_of(report);
    let role = match test {
        Test::InDomain => TestRole::InDomain,
        Test::Corpus(name) => match roles.iter().find(|(known, _)| known == name) {
            Some((_, Role::Unseen)) => TestRole::Unseen,
            Some((_, Role::Mixed)) => TestRole::Mixed,
            _ => TestRole::InDomain,
        },
    };
    let first = report
        .entries
        .iter()
        .find_map(|entry| Some((entry, test.metrics(entry)?)));
    let speakers = first.as_ref().map_or(0, |(entry, _)| test.speakers(entry));
    let metrics = first.map(|(_, metrics)| metrics);
    StudyTest {
        name: test.name().into(),
        role,
        utterances: metrics.as_ref().map_or(0, |metrics| metrics.utterances),
        speakers,
        chance_ua: metrics.as_ref().and_then(|metrics| metrics.chance_ua),
        majority: metrics.and_then(|metrics| metrics.majority),
    }
}

/// Models of the same method, attributes and training corpora, as far as these are known; others stand alone.
fn variants(report: &Report) -> Vec<StudyVariant> {
    let mut variants: Vec<StudyVariant> = Vec::new();
    for (index, entry) in report.entries.iter().enumerate() {
        let name = entry.model.variant();
        let same = variants.iter_mut().find(|variant| {
            name.as_ref() == Some(&variant.name)
                && variant.training_corpora == entry.model.training_corpora
        });
        match same {
            Some(variant) => variant.entries.push(index),
            None => variants.push(StudyVariant {
                name: name.unwrap_or_else(|| entry.model.name.clone()),
                method: entry.model.method,
                attributes: entry.model.attributes.clone(),
                training_corpora: entry.model.training_corpora.clone(),
                entries: vec![index],
                cells: Vec::new(),
            }),
        }
    }
    variants
}

fn cell(test: &Test, models: &[&ReportEntry]) -> Option<StudyCell> {
    let tested: Vec<(&ReportEntry, Metrics)> = models
        .iter()
        .filter_map(|entry| Some((*entry, test.metrics(entry)?)))
        .collect();
    let (first, _) = tested.first()?;
    let uas: Vec<f64> = tested
        .iter()
        .filter_map(|(_, metrics)| metrics.ua)
        .collect();
    let was: Vec<f64> = tested
        .iter()
        .filter_map(|(_, metrics)| metrics.wa)
        .collect();
    let classes = tested.first()?.1.classes.len();
    let recalls = (0..classes)
        .map(|class| {
            let recalls: Vec<f64> = tested
                .iter()
                .filter_map(|(_, metrics)| metrics.classes.get(class)?.recall)
                .collect();
            mean(&recalls)
        })
        .collect();
    let mut confusion = Confusion::new(classes);
    for (_, metrics) in &tested {
        confusion.merge(&metrics.confusion).ok()?;
    }
    Some(StudyCell {
        runs: tested.len(),
        ua: mean(&uas)?,
        uas,
        seeds_interval: None,
        speakers_interval: None,
        wa: mean(&was)?,
        recalls,
        confusion,
        collapsed: tested
            .iter()
            .filter(|(_, metrics)| metrics.collapsed)
            .count(),
        gain: None,
        published: published(first, test),
    })
}

fn published(entry: &ReportEntry, test: &Test) -> Option<PublishedCell> {
    let ua = test.published(entry)?;
    Some(PublishedCell {
        ua: ua / 100.0,
        gain: test.published_gain(entry).map(|gain| gain / 100.0),
        comparable: notes::is_the_papers_set(&entry.model.training_corpora),
    })
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
