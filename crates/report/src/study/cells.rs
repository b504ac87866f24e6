//! The cells of a study: what a variant reaches on a test.

use rayon::prelude::*;

use crate::ReportEntry;
use crate::eval::{
    Confusion, Metrics, SpeakerBootstrap, SpeakerHits, SpeakerSet, mean, mean_interval,
};
use crate::published::is_paper_training_set;

use super::test_set::Test;
use super::tested_model::{TestedModel, common_speakers};
use super::{FoldScore, FoldScores, PublishedCell, StudyCell, StudyModel};

/// The draws of a test. Models that were tested on the same speakers share them, so that they can be compared.
pub(super) struct Draws<'a>(Vec<(&'a SpeakerSet, Option<SpeakerBootstrap>)>);

impl<'a> Draws<'a> {
    /// Draws for every set of speakers that any of `models` was tested on; `test` is the seed.
    pub(super) fn for_all(test: &str, models: impl Iterator<Item = &'a TestedModel<'a>>) -> Self {
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

/// What the models of a variant reach on a test; none where none was tested on it.
pub(super) fn cell(
    test: &Test,
    models: &[TestedModel<'_>],
    draws: &Draws<'_>,
) -> Option<StudyCell> {
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
        folds: folds(test, models),
    })
}

/// What each fold of some models reaches on a test, the mean over models; none where they have no folds.
fn folds(test: &Test, models: &[TestedModel<'_>]) -> Option<FoldScores> {
    let mut names: Vec<&str> = Vec::new();
    for fold in models.iter().flat_map(|model| &model.entry.folds) {
        if !names.contains(&fold.fold.as_str()) {
            names.push(&fold.fold);
        }
    }
    let score = |name: &&str| -> Option<FoldScore> {
        let of_models = models.iter().filter_map(|model| {
            let fold = model.entry.folds.iter().find(|fold| fold.fold == *name)?;
            test.fold_metrics(model.entry, fold)
        });
        let metrics: Vec<Metrics> = of_models.collect();
        let uas: Vec<f64> = metrics.iter().filter_map(|metrics| metrics.ua).collect();
        let was: Vec<f64> = metrics.iter().filter_map(|metrics| metrics.wa).collect();
        Some(FoldScore {
            fold: (*name).to_owned(),
            ua: mean(&uas)?,
            wa: mean(&was)?,
            utterances: metrics.first()?.utterances,
        })
    };
    let folds: Vec<FoldScore> = names.iter().filter_map(score).collect();
    let uas: Vec<f64> = folds.iter().map(|fold| fold.ua).collect();
    Some(FoldScores {
        mean_ua: mean(&uas)?,
        interval: mean_interval(&uas),
        folds,
    })
}

fn published(entry: &ReportEntry, test: &Test) -> Option<PublishedCell> {
    let ua = test.published(entry)?;
    Some(PublishedCell {
        ua: ua / 100.0,
        gain: test.published_gain(entry).map(|gain| gain / 100.0),
        comparable: is_paper_training_set(&entry.model.training_corpora),
    })
}
