//! Whole trainings on made data: they learn, repeat to the bit, stop, and say what went wrong.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use pipe_foundation::Digest;
use pipe_foundation::Features;
use pipe_foundation::progress::Silent;
use pipe_foundation::test_support::noise;

use crate::model::OPTIMISERS;
use crate::model::spec::{Attribute, HeadMode, HeadSpec, Reversal};
use crate::train::{ClassWeights, Example, Sampling};

use super::*;

mod adaptation;
mod layers;
mod mixup;
mod resume;
mod tasks;

#[cfg(feature = "cuda")]
pub(super) use adaptation::{adapting, unlabelled};
#[cfg(feature = "cuda")]
pub(super) use tasks::loudness;

const BINS: usize = 8;

/// A made-up utterance.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) id: String,
    corpus: &'static str,
    speaker: String,
    gender: Option<&'static str>,
    pub(super) class: usize,
    pub(super) features: Features,
}

/// Utterances whose class decides in which band a slow ripple is; corpus and gender shift other bins.
pub(super) fn corpus(count: usize, split: &str, seed: u32) -> Vec<Made> {
    (0..count)
        .map(|n| {
            let class = n % 3;
            let female = n % 2 == 0;
            let corpus = if n % 5 < 2 { "alpha" } else { "beta" };
            let frames = 12 + n * 7 % 40;
            let mut values = noise(frames * BINS, seed.wrapping_add(n as u32 * 31));
            for (t, row) in values.chunks_exact_mut(BINS).enumerate() {
                row[class * 2] += 1.5 * (t as f32 * 0.9).sin();
                row[class * 2 + 1] += 0.8;
                row[6] += if female { 0.5 } else { -0.5 };
                row[7] += if corpus == "alpha" { 0.5 } else { -0.5 };
            }
            Made {
                id: format!("{corpus}/{split}/{n}"),
                corpus,
                speaker: format!("{corpus}/{}", n % 7),
                // Gender is missing for some.
                gender: (n % 4 != 3).then_some(if female { "female" } else { "male" }),
                class,
                features: Features {
                    frames,
                    bins: BINS,
                    values,
                },
            }
        })
        .collect()
}

pub(super) fn data<'a>(train: &'a [Made], validation: &'a [Made]) -> TrainingData<'a> {
    let examples = |from: &'a [Made]| {
        from.iter()
            .map(|made| Example {
                id: &made.id,
                corpus: made.corpus,
                class: Some(made.class),
                features: made.features.view(),
            })
            .collect()
    };
    let column = |label: fn(&'a Made) -> Option<&'a str>| train.iter().map(label).collect();
    TrainingData {
        classes: ["positive", "neutral", "negative"].map(String::from).into(),
        train: examples(train),
        validation: examples(validation),
        shares: None,
        targets: Vec::new(),
        labels: BTreeMap::from([
            (Attribute::Corpus, column(|made| Some(made.corpus))),
            (Attribute::Gender, column(|made| made.gender)),
            (Attribute::Speaker, column(|made| Some(&made.speaker))),
            (Attribute::Language, column(|_| Some("en"))),
        ]),
        augment: None,
        feature_options: serde_json::json!({"bins": BINS}),
        normalisation: None,
        provenance: serde_json::json!({"made": true}),
    }
}

pub(super) fn small(heads: &[(Attribute, HeadMode)]) -> TrainOptions {
    TrainOptions {
        encoder: serde_json::from_str(
            r#"[{"layer":"conv","channels":12,"width":5,"padding":2,"pool_width":3,"pool_stride":2},
                {"layer":"lstm","units":8,"bidirectional":true},
                {"layer":"time_pool","how":"last_states"}]"#,
        )
        .unwrap(),
        heads: heads
            .iter()
            .map(|(attribute, mode)| HeadSpec::new(attribute.clone(), *mode))
            .collect(),
        epochs: 30,
        batch: 8,
        learning_rate: 0.05,
        dropout: 0.2,
        ..TrainOptions::default()
    }
}

pub(super) fn digests(folder: &Path) -> Vec<Digest> {
    ["model.safetensors", "history.jsonl", "summary.json"]
        .iter()
        .map(|name| Digest::of_file(&folder.join(name)).unwrap())
        .collect()
}

#[test]
fn every_method_learns_and_its_model_predicts_the_same() {
    let (train_set, validation) = (corpus(240, "Train", 1), corpus(90, "Validation", 77_000));
    let data = data(&train_set, &validation);
    let methods: [&[(Attribute, HeadMode)]; 4] = [
        &[],
        &[
            (Attribute::Corpus, HeadMode::Shared),
            (Attribute::Gender, HeadMode::Shared),
        ],
        &[(Attribute::Gender, HeadMode::GradReverse)],
        &[(Attribute::Corpus, HeadMode::Discriminator)],
    ];
    for heads in methods {
        let folder = tempfile::tempdir().unwrap();
        let mut options = small(heads);
        if heads.iter().any(|h| h.1 == HeadMode::Discriminator) {
            options.alpha = Some(Alpha::constant(0.05));
        }
        let outcome = train(&options, &data, 2, folder.path(), &Silent, Device::Cpu).unwrap();
        let best = &outcome.summary.best;
        assert!(best.ua > Some(0.9), "{heads:?}: {best:?}");
        let model = Model::load(&outcome.model).unwrap();
        assert_eq!(model.config().feature_options["bins"], BINS);
        assert_eq!(model.config().best_epoch, outcome.summary.best_epoch);
        let views: Vec<_> = validation.iter().map(|made| made.features.view()).collect();
        let probabilities = model.predict(&views, 1).unwrap();
        assert_eq!(probabilities, model.predict(&views, 3).unwrap());
        let mut right = [0.0; 3];
        for (output, made) in probabilities.iter().zip(&validation) {
            let row = &output.probabilities;
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            let truth = made.class;
            right[truth] += f64::from(row.iter().all(|p| *p <= row[truth])) / 30.0;
        }
        assert!((right.iter().sum::<f64>() / 3.0 - best.ua.unwrap()).abs() < 1e-9);
        for head in &model.config().heads {
            if head.head.attribute == Attribute::Gender {
                assert_eq!(head.labels, ["female", "male"]);
            }
        }
    }
}

#[test]
fn same_seed_same_bytes_whatever_the_threads() {
    let (train_set, validation) = (corpus(100, "Train", 1), corpus(30, "Validation", 9));
    let mut data = data(&train_set, &validation);
    data.augment = Some(crate::train::Augment {
        masks: crate::train::SpecAugment::default(),
        seed: 3,
    });
    let mut options = small(&[
        (Attribute::Corpus, HeadMode::GradReverse),
        (Attribute::Gender, HeadMode::Discriminator),
        (Attribute::Speaker, HeadMode::Shared),
    ]);
    options.alpha = Some(Alpha::ramp(0.0, 0.3));
    options.epochs = 3;
    options.batch = 32;
    options.class_weights = ClassWeights::Balanced;
    let run = |options: &TrainOptions, threads: usize| {
        let folder = tempfile::tempdir().unwrap();
        train(options, &data, threads, folder.path(), &Silent, Device::Cpu).unwrap();
        digests(folder.path())
    };
    let one = run(&options, 1);
    assert_eq!(one, run(&options, 1));
    assert_eq!(one, run(&options, 2));
    assert_eq!(one, run(&options, 4));
    options.seed = 1;
    assert_ne!(one[0], run(&options, 1)[0]);
    options.seed = 0;
    options.batch_seed = Some(0);
    assert_eq!(one, run(&options, 1), "the seed, where it has none");
    options.batch_seed = Some(1);
    assert_ne!(one[0], run(&options, 1)[0], "other batches");
    options.batch_seed = None;
    options.reversal = Reversal::Ganin;
    assert_ne!(one[0], run(&options, 1)[0]);
}

#[test]
fn losses_that_blow_up_name_the_head_and_keep_the_history() {
    let (mut train_set, validation) = (corpus(40, "Train", 1), corpus(12, "Validation", 9));
    for made in &mut train_set {
        made.features.values.iter_mut().for_each(|v| *v *= 1e3);
    }
    let data = data(&train_set, &validation);
    let folder = tempfile::tempdir().unwrap();
    let mut options = small(&[(Attribute::Corpus, HeadMode::Discriminator)]);
    options.learning_rate = 1e20;
    match train(&options, &data, 1, folder.path(), &Silent, Device::Cpu).unwrap_err() {
        TrainError::NonFinite {
            epoch, utterances, ..
        } => {
            assert!(epoch < 30);
            assert!(!utterances.is_empty());
        }
        other => panic!("{other}"),
    }
    assert!(folder.path().join("history.jsonl").exists());
    assert!(!model_path(folder.path()).exists());
}

/// Interrupts after a number of looks.
struct Impatient(AtomicUsize, Mutex<Option<Instant>>);

impl Progress for Impatient {
    fn interrupted(&self) -> bool {
        let stop = self.0.fetch_add(1, Ordering::Relaxed) >= 3;
        if stop {
            self.1.lock().unwrap().get_or_insert_with(Instant::now);
        }
        stop
    }
    fn advance(&self, _: u64, _: u64) {}
    fn warn(&self, _: &str) {}
}

#[test]
fn interruption_ends_training_within_half_a_second() {
    let (train_set, validation) = (corpus(64, "Train", 1), corpus(12, "Validation", 9));
    let data = data(&train_set, &validation);
    let folder = tempfile::tempdir().unwrap();
    let mut options = small(&[]);
    options.epochs = 100_000;
    options.patience = 0;
    // On a busy machine the threads of one try may be held up, so the best of some tries counts.
    let mut tries = (0..5).map(|_| {
        let progress = Impatient(AtomicUsize::new(0), Mutex::new(None));
        let error = train(&options, &data, 2, folder.path(), &progress, Device::Cpu).unwrap_err();
        assert!(matches!(error, TrainError::Interrupted), "{error}");
        progress.1.lock().unwrap().unwrap().elapsed()
    });
    assert!(tries.any(|elapsed| elapsed < Duration::from_millis(500)));
}

#[test]
fn bounds_on_updates_and_data_that_cannot_be_used() {
    let (train_set, validation) = (corpus(40, "Train", 1), corpus(12, "Validation", 9));
    let folder = tempfile::tempdir().unwrap();
    let mut options = small(&[]);
    options.max_updates = 7;
    let outcome = train(
        &options,
        &data(&train_set, &validation),
        1,
        folder.path(),
        &Silent,
        Device::Cpu,
    )
    .unwrap();
    assert_eq!(outcome.summary.stopped, Stopped::MaxUpdates);
    assert_eq!((outcome.summary.updates, outcome.summary.epochs), (7, 2));

    let error = train(
        &options,
        &data(&train_set, &[]),
        1,
        folder.path(),
        &Silent,
        Device::Cpu,
    )
    .unwrap_err();
    assert!(matches!(
        error,
        TrainError::Empty {
            split: "validation"
        }
    ));
    let one_language = small(&[(Attribute::Language, HeadMode::Shared)]);
    let error = train(
        &one_language,
        &data(&train_set, &validation),
        1,
        folder.path(),
        &Silent,
        Device::Cpu,
    )
    .unwrap_err();
    let TrainError::Labels { attribute, labels } = error else {
        panic!("{error}")
    };
    assert_eq!((attribute.as_str(), labels), ("language", 1));
    let mut odd = validation.clone();
    odd[3].features.bins = 4;
    let error = train(
        &options,
        &data(&train_set, &odd),
        1,
        folder.path(),
        &Silent,
        Device::Cpu,
    )
    .unwrap_err();
    assert!(error.to_string().contains(&odd[3].id), "{error}");
}

#[test]
fn labels_that_do_not_belong_to_the_utterances_are_refused() {
    let (train_set, validation) = (corpus(12, "Train", 1), corpus(6, "Validation", 9));
    let folder = tempfile::tempdir().unwrap();
    let options = small(&[(Attribute::Gender, HeadMode::Shared)]);
    let refused = |change: &dyn Fn(&mut TrainingData<'_>)| {
        let mut data = data(&train_set, &validation);
        change(&mut data);
        let outcome = train(&options, &data, 1, folder.path(), &Silent, Device::Cpu);
        outcome.unwrap_err().to_string()
    };
    let message = refused(&|data| data.validation[2].class = Some(3));
    assert!(message.contains("Validation/2 has class 3"), "{message}");
    let message = refused(&|data| {
        data.labels.get_mut(&Attribute::Gender).unwrap().pop();
    });
    assert!(
        message.contains("11 labels of the attribute gender"),
        "{message}"
    );
    let message = refused(&|data| data.labels.clear());
    assert!(message.contains("gender has no labels"), "{message}");
}

#[test]
fn every_optimiser_learns() {
    let (train_set, validation) = (corpus(240, "Train", 1), corpus(90, "Validation", 77_000));
    let data = data(&train_set, &validation);
    for kind in &OPTIMISERS[1..] {
        let folder = tempfile::tempdir().unwrap();
        let options = TrainOptions {
            optimiser: serde_json::from_value(serde_json::json!({ "optimiser": kind.name }))
                .unwrap(),
            learning_rate: 0.01,
            weight_decay: 1e-4,
            learning_rate_schedule: serde_json::from_str(r#"{"shape":"cosine","end_factor":0.1}"#)
                .unwrap(),
            monitor: Monitor::Loss,
            sampling: Sampling::Class,
            ..small(&[])
        };
        let outcome = train(&options, &data, 2, folder.path(), &Silent, Device::Cpu).unwrap();
        assert!(
            outcome.summary.best.ua > Some(0.9),
            "{}: {outcome:?}",
            kind.name
        );
    }
}
