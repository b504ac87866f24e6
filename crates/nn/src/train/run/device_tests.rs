//! Whole trainings on a CUDA device compared with the processor's: results, lockstep, checkpoints, errors.
//!
//! Skipped, aloud, where there is no device.

use std::path::Path;

use pipe_foundation::progress::Silent;
use pipe_foundation::{Agreement, Digest};

use crate::model::DeviceChoice;
use crate::model::spec::{Attribute, HeadMode};
use crate::model::{LossName, TaskSpec};
use crate::train::common::names;
use crate::train::{Augment, ClassWeights, Mixup, Sampling, SpecAugment, TargetScore};

use super::tests::{Made, adapting, corpus, data, digests, loudness, small, unlabelled};
use super::*;

/// The first device; none, said aloud, where there is none.
fn device() -> Option<Device> {
    match "cuda".parse::<DeviceChoice>().unwrap().resolve(false) {
        Ok(devices) => Some(devices.at(0)),
        Err(error) => {
            pipe_foundation::test_support::skipped(error);
            None
        }
    }
}

fn sets() -> (Vec<Made>, Vec<Made>) {
    (corpus(90, "Train", 1), corpus(60, "Validation", 9))
}

fn history(folder: &Path) -> Vec<EpochRecord> {
    let text = std::fs::read_to_string(folder.join("history.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// One head of each method, and all of them together.
fn methods() -> Vec<Vec<(Attribute, HeadMode)>> {
    let corpus = |mode| (Attribute::Corpus, mode);
    vec![
        vec![],
        vec![corpus(HeadMode::Shared)],
        vec![corpus(HeadMode::GradReverse)],
        vec![corpus(HeadMode::Discriminator)],
        vec![
            corpus(HeadMode::Shared),
            (Attribute::Gender, HeadMode::GradReverse),
            (Attribute::Speaker, HeadMode::Discriminator),
        ],
        vec![corpus(HeadMode::Coral), (Attribute::Gender, HeadMode::Mmd)],
        vec![corpus(HeadMode::Cdan)],
    ]
}

fn options(heads: &[(Attribute, HeadMode)]) -> TrainOptions {
    let mut options = small(heads);
    options.epochs = 4;
    options.alpha = Some(Alpha::ramp(0.05, 0.1));
    options.sampling = Sampling::Class;
    // At five times this, last digits decide after a few epochs where a training goes.
    options.learning_rate = 0.01;
    options
}

fn augmented(mut data: TrainingData<'_>) -> TrainingData<'_> {
    let masks = SpecAugment {
        time_mask_frames: 4,
        frequency_mask_bins: 2,
        time_masks: 2,
        ..SpecAugment::default()
    };
    data.augment = Some(Augment { masks, seed: 5 });
    data
}

fn agree(found: &[EpochRecord], expected: &[EpochRecord]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-3 * b.abs().max(0.1);
        let place = format!("{found:?} {expected:?}");
        assert!(close(found.train.total, expected.train.total), "{place}");
        assert!(
            close(found.gradient_norm, expected.gradient_norm),
            "{place}"
        );
        let loss = |record: &EpochRecord| record.validation.loss.unwrap_or(0.0);
        assert!(close(loss(found), loss(expected)), "{place}");
        for (target, found) in &found.validation.targets {
            let expected = expected.validation.targets[target];
            let ccc = |agreement: Option<Agreement>| agreement.and_then(|own| own.ccc).unwrap();
            assert!(close(ccc(*found), ccc(expected)), "{place}");
        }
        for (found, expected) in found.train.targets.iter().zip(&expected.train.targets) {
            assert!(close(found.loss, expected.loss), "{place}");
        }
        assert_eq!(found.updates, expected.updates);
        for (found, expected) in found.train.heads.iter().zip(&expected.train.heads) {
            assert!(close(found.loss, expected.loss), "{place}");
        }
    }
}

#[test]
fn every_method_goes_as_on_the_processor() {
    let Some(device) = device() else { return };
    let (train_set, validation) = sets();
    let data = augmented(data(&train_set, &validation));
    for heads in methods() {
        let options = options(&heads);
        let run = |device| {
            let folder = tempfile::tempdir().unwrap();
            let outcome = train(&options, &data, 1, folder.path(), &Silent, device).unwrap();
            (outcome.summary, history(folder.path()))
        };
        let (here, expected) = run(Device::Cpu);
        let (there, found) = run(device);
        agree(&found, &expected);
        assert!(
            (here.best.ua.unwrap() - there.best.ua.unwrap()).abs() < 0.1,
            "{here:?} {there:?}"
        );
        assert_eq!(found[0].device.as_deref(), Some("cuda"));
        assert_eq!(expected[0].device, None);
    }
}

/// Runs trainings side by side; gives the digests of their files and their histories.
fn side_by_side(
    all: &[TrainOptions],
    data: &TrainingData<'_>,
    device: Device,
) -> Vec<(Vec<Digest>, Vec<EpochRecord>)> {
    let barriers: Vec<_> = all
        .iter()
        .map(|_| LaunchBarrier::announce(device))
        .collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = all
            .iter()
            .zip(barriers)
            .map(|(options, launch_barrier)| {
                scope.spawn(move || {
                    if let Some(barrier) = launch_barrier {
                        barrier.carry();
                    }
                    let folder = tempfile::tempdir().unwrap();
                    train(options, data, 1, folder.path(), &Silent, device).unwrap();
                    (digests(folder.path()), history(folder.path()))
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

#[test]
fn in_lockstep_each_training_goes_as_alone_bit_for_bit() {
    let Some(device) = device() else { return };
    let (train_set, validation) = sets();
    let data = augmented(data(&train_set, &validation));
    let mut all: Vec<TrainOptions> = methods().iter().map(|heads| options(heads)).collect();
    // One ends sooner, one starts from other values, and one has another order, so that it cannot go with the others.
    all[1].epochs = 2;
    all[1].alpha = Some(Alpha::constant(0.05));
    all[2].batch_seed = Some(all[2].seed);
    all[2].seed = 5;
    all[3].seed = 77;
    let named: Vec<Digest> = all.iter().map(|own| names(own, &data).0).collect();
    assert_eq!([named[1], named[2]], [named[0]; 2]);
    assert_ne!(named[3], named[0]);
    let together = side_by_side(&all, &data, device);
    for (own, options) in together.iter().zip(&all) {
        let alone = side_by_side(std::slice::from_ref(options), &data, device);
        assert_eq!(own.0, alone[0].0, "the same bits alone");
        let folder = tempfile::tempdir().unwrap();
        train(options, &data, 1, folder.path(), &Silent, Device::Cpu).unwrap();
        agree(&own.1, &history(folder.path()));
    }
}

/// The same run on the processor and on the device; panics unless they agree.
fn goes_as_on_the_processor(options: &TrainOptions, data: &TrainingData<'_>, device: Device) {
    let run = |device| {
        let folder = tempfile::tempdir().unwrap();
        train(options, data, 1, folder.path(), &Silent, device).unwrap();
        history(folder.path())
    };
    agree(&run(device), &run(Device::Cpu));
}

#[test]
fn every_loss_of_classes_goes_as_on_the_processor() {
    let Some(device) = device() else { return };
    let (train_set, validation) = sets();
    let mut data = augmented(data(&train_set, &validation));
    for example in data.train.iter_mut().step_by(7) {
        example.class = None;
    }
    let votes = |made: &Made| -> Vec<f32> {
        let share = |class: usize| if class == made.class { 0.6 } else { 0.2 };
        (0..3).map(share).collect()
    };
    let votes: Vec<_> = train_set.iter().map(votes).collect();
    let losses = [
        r#"{"task":"emotion","loss":"cross_entropy","label_smoothing":0.1}"#,
        r#"{"task":"emotion","loss":"focal","gamma":1.5}"#,
        r#"{"task":"emotion","loss":"cross_entropy"}"#,
    ];
    for (loss, shares) in losses
        .iter()
        .flat_map(|loss| [(loss, None), (loss, Some(&votes))])
    {
        let mut options = options(&[(Attribute::Corpus, HeadMode::GradReverse)]);
        options.class_weights = ClassWeights::Balanced;
        options.tasks = vec![serde_json::from_str(loss).unwrap()];
        data.shares = shares.cloned();
        goes_as_on_the_processor(&options, &data, device);
    }
}

#[test]
fn numeric_targets_go_as_on_the_processor_alone_and_beside_the_classes() {
    let Some(device) = device() else { return };
    let (train_set, validation) = sets();
    let mut data = augmented(data(&train_set, &validation));
    data.targets = vec![loudness(&train_set, &validation)];
    for loss in ["ccc", "mse", "mae"].map(|name| LossName::named(name).unwrap()) {
        let mut options = options(&[(Attribute::Corpus, HeadMode::GradReverse)]);
        options.tasks = vec![TaskSpec::new("loudness", loss)];
        if loss == LossName::CONCORDANCE {
            options.tasks.insert(0, TaskSpec::classes());
        }
        options.monitor = Monitor::Target("loudness".into(), TargetScore::Ccc);
        goes_as_on_the_processor(&options, &data, device);
    }
}

#[test]
fn a_model_file_predicts_numbers_as_on_the_processor() {
    let Some(device) = device() else { return };
    let (train_set, validation) = sets();
    let mut data = data(&train_set, &validation);
    data.targets = vec![loudness(&train_set, &validation)];
    let mut options = options(&[]);
    options.epochs = 2;
    options.tasks = vec![TaskSpec::new("loudness", LossName::CONCORDANCE)];
    options.monitor = Monitor::Target("loudness".into(), TargetScore::Ccc);
    let folder = tempfile::tempdir().unwrap();
    let outcome = train(&options, &data, 1, folder.path(), &Silent, Device::Cpu).unwrap();
    let model = Model::load(&outcome.model).unwrap();
    let views: Vec<_> = validation.iter().map(|made| made.features.view()).collect();
    let expected = model.predict_on(Device::Cpu, &views, 1, &Silent).unwrap();
    let found = model.predict_on(device, &views, 1, &Silent).unwrap();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert!(found.probabilities.is_empty());
        assert_eq!(found.numbers.len(), 1);
        assert!((found.numbers[0] - expected.numbers[0]).abs() < 1e-4);
    }
}

#[test]
fn blends_go_as_on_the_processor() {
    let Some(device) = device() else { return };
    let (train_set, validation) = sets();
    let mut data = augmented(data(&train_set, &validation));
    data.targets = vec![loudness(&train_set, &validation)];
    let mut options = options(&[]);
    options.mixup = Some(Mixup { alpha: 0.4 });
    options.tasks = vec![
        TaskSpec::classes(),
        TaskSpec::new("loudness", LossName::CONCORDANCE),
    ];
    goes_as_on_the_processor(&options, &data, device);
}

#[test]
fn adapting_to_utterances_without_a_class_goes_as_on_the_processor() {
    let Some(device) = device() else { return };
    let (train_set, validation) = sets();
    let data = unlabelled(&train_set, &validation);
    use HeadMode::{Cdan, Coral, GradReverse, Mmd};
    for mode in [GradReverse, Coral, Mmd, Cdan] {
        let mut options = adapting(mode);
        (options.epochs, options.learning_rate) = (4, 0.01);
        options.alpha = Some(Alpha::constant(0.5));
        options.heads[0].weight = mode.has_weight().then_some(0.5);
        goes_as_on_the_processor(&options, &data, device);
    }
}

#[test]
fn in_lockstep_each_head_learns_what_it_calls_the_target() {
    let Some(device) = device() else { return };
    let (train_set, validation) = sets();
    let data = data(&train_set, &validation);
    let adapting = |speaker: &str| {
        let mut options = options(&[(Attribute::Speaker, HeadMode::GradReverse)]);
        options.heads[0].target = vec![speaker.into()];
        options
    };
    let all = ["alpha/0", "beta/3"].map(adapting);
    let together = side_by_side(&all, &data, device);
    for (own, options) in together.iter().zip(&all) {
        let folder = tempfile::tempdir().unwrap();
        train(options, &data, 1, folder.path(), &Silent, Device::Cpu).unwrap();
        agree(&own.1, &history(folder.path()));
    }
}

#[test]
fn a_checkpoint_moves_between_devices() {
    let Some(device) = device() else { return };
    let (train_set, validation) = sets();
    let data = augmented(data(&train_set, &validation));
    let mut whole = options(&[(Attribute::Corpus, HeadMode::Discriminator)]);
    whole.alpha = Some(Alpha::constant(0.05));
    let half = TrainOptions {
        epochs: 2,
        ..whole.clone()
    };
    let run = |first: Device, second: Device| {
        let folder = tempfile::tempdir().unwrap();
        let (out, kept) = (folder.path().join("out"), folder.path().join("kept"));
        std::fs::create_dir(&out).unwrap();
        let places = Places {
            out: &out,
            checkpoint: Some(&kept),
            earlier: None,
        };
        train(&half, &data, 1, places, &Silent, first).unwrap();
        train(&whole, &data, 1, places, &Silent, second).unwrap();
        history(&out)
    };
    let expected = run(Device::Cpu, Device::Cpu);
    for (first, second) in [
        (device, device),
        (device, Device::Cpu),
        (Device::Cpu, device),
    ] {
        let found = run(first, second);
        agree(&found, &expected);
        let devices: Vec<bool> = found.iter().map(|epoch| epoch.device.is_some()).collect();
        let (first, second) = (first.is_cuda(), second.is_cuda());
        assert_eq!(devices, [first, first, second, second]);
    }
}

#[test]
fn losses_that_blow_up_on_the_device_are_reported_and_bounds_hold() {
    let Some(device) = device() else { return };
    let (mut train_set, validation) = sets();
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&[(Attribute::Corpus, HeadMode::Discriminator)]);
    options.max_updates = 5;
    {
        let data = data(&train_set, &validation);
        let outcome = train(&options, &data, 1, folder.path(), &Silent, device).unwrap();
        assert_eq!(outcome.summary.updates, 5);
    }
    train_set[17].features.values[3] = f32::NAN;
    let id = train_set[17].id.clone();
    let data = data(&train_set, &validation);
    options.max_updates = 0;
    let error = train(&options, &data, 1, folder.path(), &Silent, device).unwrap_err();
    let TrainError::NonFinite { utterances, .. } = &error else {
        panic!("{error}");
    };
    assert!(utterances.contains(&id), "{utterances:?}");
}
