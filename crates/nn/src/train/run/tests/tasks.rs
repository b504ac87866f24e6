//! Numeric targets, and tasks that cannot be scored.

use pipe_foundation::Agreement;

use crate::model::{LossName, TaskSpec};
use crate::train::{TargetColumn, TargetScore};

use super::*;

/// A numeric target that follows what a network can hear.
pub(in crate::train::run) fn loudness(train: &[Made], validation: &[Made]) -> TargetColumn {
    TargetColumn {
        name: "loudness".into(),
        train: numbers(train),
        validation: numbers(validation),
    }
}

/// A number that follows what a network can hear; some are not known.
fn numbers(made: &[Made]) -> Vec<Option<f64>> {
    let number = |(at, made): (usize, &Made)| {
        let loud = made
            .features
            .values
            .iter()
            .map(|v| f64::from(*v))
            .sum::<f64>();
        let number = 50.0 + 10.0 * loud / made.features.values.len() as f64;
        (at % 5 != 4).then_some(number)
    };
    made.iter().enumerate().map(number).collect()
}

#[test]
fn numeric_targets_are_learned_alone_and_beside_the_classes() {
    let (train_set, validation) = (corpus(240, "Train", 1), corpus(90, "Validation", 77_000));
    let mut data = data(&train_set, &validation);
    data.targets = vec![loudness(&train_set, &validation)];
    let views: Vec<_> = validation.iter().map(|made| made.features.view()).collect();
    for loss in ["ccc", "mse", "mae"].map(|name| LossName::named(name).unwrap()) {
        let with_classes = loss == LossName::CONCORDANCE;
        let folder = tempfile::tempdir().unwrap();
        let mut options = small(&[(Attribute::Gender, HeadMode::GradReverse)]);
        options.epochs = 12;
        options.tasks = vec![TaskSpec::new("loudness", loss)];
        if with_classes {
            options.tasks.insert(0, TaskSpec::classes());
        }
        options.monitor = Monitor::Target("loudness".into(), TargetScore::Ccc);
        let outcome = train(&options, &data, 2, folder.path(), &Silent, Device::Cpu).unwrap();
        let best = &outcome.summary.best;
        let agreement = best.targets["loudness"].unwrap();
        assert_eq!(agreement.pairs, 72);
        assert!(agreement.ccc > Some(0.8), "{loss:?}: {best:?}");
        assert_eq!(best.ua.is_some(), with_classes);
        // The file gives the numbers that were scored, in the unit of the data.
        let model = Model::load(&outcome.model).unwrap();
        assert_eq!(model.config().classes.is_empty(), !with_classes);
        let outputs = model.predict(&views, 1).unwrap();
        let unit = &model.config().targets[0];
        let truth = &data.targets[0].validation;
        let pairs: Vec<(f64, f64)> = outputs
            .iter()
            .zip(truth)
            .filter_map(|(output, truth)| Some((unit.value(output.numbers[0]), (*truth)?)))
            .collect();
        assert_eq!(Agreement::of(&pairs), Some(agreement));
    }
}

#[test]
fn what_cannot_be_scored_is_refused_before_training() {
    let (train_set, validation) = (corpus(12, "Train", 1), corpus(12, "Validation", 7));
    let mut data = data(&train_set, &validation);
    let folder = tempfile::tempdir().unwrap();
    let mut options = small(&[]);
    let refused = |options: &TrainOptions, data: &TrainingData<'_>| {
        let trained = train(options, data, 1, folder.path(), &Silent, Device::Cpu);
        trained.unwrap_err().to_string()
    };
    data.validation.retain(|example| example.class == Some(1));
    assert!(refused(&options, &data).contains("one class only (neutral)"));
    options.tasks = vec![TaskSpec::new("loudness", LossName::CONCORDANCE)];
    assert!(refused(&options, &data).contains("monitor is ua"));
    options.monitor = Monitor::Ccc;
    data.targets = vec![TargetColumn {
        name: "loudness".into(),
        train: vec![Some(1.0); train_set.len()],
        validation: vec![None; data.validation.len()],
    }];
    assert!(refused(&options, &data).contains("no two different numbers"));
}
