//! Fills the cells of a study from the report's entries.

use rayon::prelude::*;

use crate::eval::{
    Confusion, Metrics, SpeakerBootstrap, SpeakerHits, SpeakerSet, mean, mean_interval,
};

use super::super::test_set::Test;
use super::super::{Report, ReportEntry, notes};
use super::{PublishedCell, Study, StudyCell, StudyModel, columns, gains, variants};

/// One model on one test, with all that is known of it.
pub(super) struct Tested<'a> {
    index: usize,
    entry: &'a ReportEntry,
    metrics: Metrics,
    pub ua: f64,
    pub speakers: SpeakerSet,
    pub hits: SpeakerHits,
}

/// The whole comparison.
pub(super) fn study(report: &Report) -> Study {
    let mut variants = variants::variants(report);
    let (tests, facts): (Vec<Test>, Vec<_>) = columns::tests(report).into_iter().unzip();
    for (test, facts) in tests.iter().zip(&facts) {
        let rows: Vec<Vec<Tested<'_>>> = variants
            .iter()
            .map(|variant| tested(report, test, &variant.entries))
            .collect();
        let draws = Draws::for_all(&facts.name, rows.iter().flatten());
        let mut cells: Vec<Option<StudyCell>> = rows
            .par_iter()
            .map(|models| cell(test, models, &draws))
            .collect();
        gains::fill(&variants, &rows, &mut cells);
        for (variant, cell) in variants.iter_mut().zip(cells) {
            variant.cells.push(cell);
        }
    }
    let comparisons = gains::correct(&facts, &mut variants);
    let mut study = Study {
        classes: report
            .entries
            .first()
            .map(|entry| entry.evaluation.classes.clone())
            .unwrap_or_default(),
        tests: facts,
        variants,
        comparisons,
        remarks: Vec::new(),
    };
    study.remarks = notes::remarks(report, &study, usize::MAX);
    study
}

fn tested<'a>(report: &'a Report, test: &Test, entries: &[usize]) -> Vec<Tested<'a>> {
    entries
        .iter()
        .filter_map(|&index| {
            let entry = report.entries.get(index)?;
            let metrics = test.metrics(entry)?;
            let (speakers, hits) = test.speakers(entry);
            Some(Tested {
                index,
                entry,
                ua: metrics.ua?,
                metrics,
                speakers,
                hits,
            })
        })
        .collect()
}

/// The draws of a test. Models that were tested on the same speakers share them, so that they can be compared.
struct Draws<'a>(Vec<(&'a SpeakerSet, Option<SpeakerBootstrap>)>);

impl<'a> Draws<'a> {
    fn for_all(test: &str, models: impl Iterator<Item = &'a Tested<'a>>) -> Self {
        let mut sets: Vec<&SpeakerSet> = Vec::new();
        for model in models {
            if !sets.contains(&&model.speakers) {
                sets.push(&model.speakers);
            }
        }
        let draws = sets
            .into_par_iter()
            .map(|set| (set, SpeakerBootstrap::new(test, set)));
        Self(draws.collect())
    }

    fn of(&self, speakers: &SpeakerSet) -> Option<&SpeakerBootstrap> {
        let known = self.0.iter().find(|(known, _)| *known == speakers)?;
        known.1.as_ref()
    }
}

/// The speakers that all of some models were tested on; none where they differ.
pub(super) fn common_speakers<'a>(
    models: impl IntoIterator<Item = &'a Tested<'a>>,
) -> Option<&'a SpeakerSet> {
    let mut sets = models.into_iter().map(|model| &model.speakers);
    let first = sets.next()?;
    sets.all(|set| set == first).then_some(first)
}

fn cell(test: &Test, models: &[Tested<'_>], draws: &Draws<'_>) -> Option<StudyCell> {
    let first = models.first()?;
    let uas: Vec<f64> = models.iter().map(|model| model.ua).collect();
    let was: Vec<f64> = models.iter().filter_map(|model| model.metrics.wa).collect();
    let classes = first.metrics.classes.len();
    let mut confusion = Confusion::new(classes);
    for model in models {
        confusion.merge(&model.metrics.confusion).ok()?;
    }
    let recall = |class: usize| {
        let recalls: Vec<f64> = models
            .iter()
            .filter_map(|model| model.metrics.classes.get(class)?.recall)
            .collect();
        mean(&recalls)
    };
    let hits: Vec<&SpeakerHits> = models.iter().map(|model| &model.hits).collect();
    let speakers_interval =
        common_speakers(models).and_then(|speakers| draws.of(speakers)?.interval(&hits));
    let singles = models
        .iter()
        .map(|model| StudyModel {
            entry: model.index,
            name: model.entry.model.name.clone(),
            ua: model.ua,
            speakers_interval: match models.len() {
                1 => speakers_interval,
                _ => draws
                    .of(&model.speakers)
                    .and_then(|draws| draws.interval(&[&model.hits])),
            },
            wa: model.metrics.wa.unwrap_or_default(),
            recalls: model
                .metrics
                .classes
                .iter()
                .map(|class| class.recall)
                .collect(),
            collapsed: model.metrics.collapsed,
        })
        .collect();
    Some(StudyCell {
        runs: models.len(),
        ua: mean(&uas)?,
        seeds_interval: mean_interval(&uas),
        speakers_interval,
        uas,
        wa: mean(&was)?,
        recalls: (0..classes).map(recall).collect(),
        confusion,
        collapsed: models
            .iter()
            .filter(|model| model.metrics.collapsed)
            .count(),
        models: singles,
        gain: None,
        published: published(first.entry, test),
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
