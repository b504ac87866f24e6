//! Trainings on blends of utterances.

use crate::train::Mixup;

use super::*;

#[test]
fn blends_are_learned_and_repeat_to_the_bit() {
    let (train_set, validation) = (corpus(240, "Train", 1), corpus(90, "Validation", 77_000));
    let data = data(&train_set, &validation);
    let options = TrainOptions {
        mixup: Some(Mixup { alpha: 0.4 }),
        epochs: 15,
        ..small(&[])
    };
    let run = |options: &TrainOptions, threads: usize| {
        let folder = tempfile::tempdir().unwrap();
        let outcome = train(options, &data, threads, folder.path(), &Silent, Device::Cpu);
        (digests(folder.path()), outcome.unwrap())
    };
    let (one, outcome) = run(&options, 1);
    assert_eq!(one, run(&options, 3).0);
    assert!(outcome.summary.best.ua > Some(0.8), "{outcome:?}");
    let plain = TrainOptions {
        mixup: None,
        ..options.clone()
    };
    assert_ne!(one[0], run(&plain, 1).0[0]);
}

#[test]
fn what_cannot_be_blended_is_refused() {
    let refused = |options: TrainOptions| options.check(BINS).unwrap_err().to_string();
    let mixup = |alpha: f64| Some(Mixup { alpha });
    let with_head = TrainOptions {
        mixup: mixup(0.2),
        ..small(&[(Attribute::Corpus, HeadMode::Coral)])
    };
    assert!(refused(with_head).contains("mixup blends the targets of tasks"));
    for alpha in [0.0, 5.0, f64::NAN] {
        let wrong = TrainOptions {
            mixup: mixup(alpha),
            ..small(&[])
        };
        assert!(refused(wrong).contains("expected above 0 to 4"));
    }
}
