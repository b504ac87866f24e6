//! Trainings that adapt to utterances without a class.

use super::*;

/// Those of one corpus lose their classes.
pub(in crate::train::run) fn unlabelled<'a>(
    train: &'a [Made],
    validation: &'a [Made],
) -> TrainingData<'a> {
    let mut data = data(train, validation);
    for example in data.train.iter_mut().chain(&mut data.validation) {
        if example.corpus == "alpha" {
            example.class = None;
        }
    }
    data
}

/// A training that adapts to that corpus.
pub(in crate::train::run) fn adapting(mode: HeadMode) -> TrainOptions {
    let mut options = small(&[(Attribute::Corpus, mode)]);
    options.heads[0].target = vec!["alpha".into()];
    options.sampling = Sampling::Corpus;
    options.class_weights = ClassWeights::Balanced;
    options
}

#[test]
fn every_way_of_adapting_learns_the_classes_and_repeats_to_the_bit() {
    let (train_set, validation) = (corpus(240, "Train", 1), corpus(90, "Validation", 77_000));
    let data = unlabelled(&train_set, &validation);
    for mode in [
        HeadMode::GradReverse,
        HeadMode::Coral,
        HeadMode::Mmd,
        HeadMode::Cdan,
    ] {
        let mut options = adapting(mode);
        options.heads[0].weight = mode.has_weight().then_some(0.1);
        options.epochs = 15;
        let run = |threads: usize| {
            let folder = tempfile::tempdir().unwrap();
            let outcome = train(
                &options,
                &data,
                threads,
                folder.path(),
                &Silent,
                Device::Cpu,
            );
            (digests(folder.path()), outcome.unwrap())
        };
        let (one, outcome) = run(1);
        assert_eq!(one, run(2).0, "{mode:?}");
        assert!(outcome.summary.best.ua > Some(0.8), "{mode:?}: {outcome:?}");
    }
}

#[test]
fn a_penalty_brings_the_embeddings_of_two_corpora_together() {
    let (train_set, validation) = (corpus(240, "Train", 1), corpus(60, "Validation", 77_000));
    let data = unlabelled(&train_set, &validation);
    let last_penalty = |alpha: f64| {
        let mut options = adapting(HeadMode::Mmd);
        options.alpha = Some(Alpha::constant(alpha));
        (options.epochs, options.batch) = (10, 32);
        let folder = tempfile::tempdir().unwrap();
        train(&options, &data, 2, folder.path(), &Silent, Device::Cpu).unwrap();
        let history = std::fs::read_to_string(folder.path().join("history.jsonl")).unwrap();
        let last: EpochRecord = serde_json::from_str(history.lines().last().unwrap()).unwrap();
        last.train.heads[0].loss
    };
    let (without, with) = (last_penalty(0.0), last_penalty(1.0));
    assert!(with < 0.8 * without, "{with} {without}");
}

#[test]
fn classes_must_be_known_in_validation() {
    let (train_set, validation) = (corpus(24, "Train", 1), corpus(12, "Validation", 7));
    let mut data = unlabelled(&train_set, &validation);
    for example in &mut data.validation {
        example.class = None;
    }
    let folder = tempfile::tempdir().unwrap();
    let options = adapting(HeadMode::Coral);
    let refused = train(&options, &data, 1, folder.path(), &Silent, Device::Cpu).unwrap_err();
    assert!(matches!(refused, TrainError::NoClasses), "{refused}");
    // Nothing is of the target.
    let mut other = options.clone();
    other.heads[0].target = vec!["gamma".into()];
    let data = unlabelled(&train_set, &validation);
    let refused = train(&other, &data, 1, folder.path(), &Silent, Device::Cpu).unwrap_err();
    assert!(
        refused.to_string().contains("corpus has one label"),
        "{refused}"
    );
}
