//! Trainings that are interrupted, made longer or find a damaged checkpoint end with the bytes of undisturbed ones.

use pipe_foundation::progress::WorkReport;

use super::*;

/// Counts epochs and keeps warnings; asks to stop after a number of epochs.
#[derive(Default)]
struct Watcher {
    epochs: AtomicUsize,
    stop_after: Option<usize>,
    warnings: Mutex<Vec<String>>,
}

impl Progress for Watcher {
    fn interrupted(&self) -> bool {
        let epochs = self.epochs.load(Ordering::Relaxed);
        self.stop_after.is_some_and(|bound| epochs >= bound)
    }
    fn advance(&self, _: u64, _: u64) {}
    fn report(&self, report: Arc<dyn WorkReport>) {
        let epochs = usize::from(report.name() == "epoch");
        self.epochs.fetch_add(epochs, Ordering::Relaxed);
    }
    fn warn(&self, message: &str) {
        self.warnings.lock().unwrap().push(message.into());
    }
}

/// Trains into a new folder: digests, epochs computed, warnings.
fn run_at(
    options: &TrainOptions,
    data: &TrainingData<'_>,
    checkpoint: &Path,
    earlier: Option<&Path>,
) -> (Vec<Digest>, usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let watcher = Watcher::default();
    let places = Places {
        out: folder.path(),
        checkpoint: Some(checkpoint),
        earlier,
    };
    train(options, data, 2, places, &watcher, Device::Cpu).unwrap();
    let warnings = watcher.warnings.into_inner().unwrap();
    (
        digests(folder.path()),
        watcher.epochs.into_inner(),
        warnings,
    )
}

/// Options of every optimiser and kind of head, nothing tied to the number of epochs.
fn of_every_kind() -> Vec<TrainOptions> {
    let kinds: [(&str, &[(Attribute, HeadMode)]); 3] = [
        ("sgd", &[]),
        (
            "adam",
            &[
                (Attribute::Corpus, HeadMode::Discriminator),
                (Attribute::Gender, HeadMode::Shared),
            ],
        ),
        ("adamw", &[(Attribute::Speaker, HeadMode::GradReverse)]),
    ];
    let make = |(optimiser, heads): (&str, &[_])| TrainOptions {
        optimiser: serde_json::from_value(serde_json::json!({ "optimiser": optimiser })).unwrap(),
        alpha: Some(Alpha::constant(0.1)),
        learning_rate: if optimiser == "sgd" { 0.05 } else { 0.002 },
        weight_decay: 0.01,
        warm_up_updates: 20,
        learning_rate_schedule: serde_json::from_str(
            r#"{"shape":"step","every_epochs":3,"factor":0.7}"#,
        )
        .unwrap(),
        sampling: Sampling::CorpusAndClass,
        epochs: 7,
        patience: 0,
        ..small(heads)
    };
    let mut all = kinds.map(make).to_vec();
    // Its running values are part of the state, and weight decay leaves them alone.
    let norm = r#"[{"layer":"batch_norm"},{"layer":"lstm","units":5},{"layer":"time_pool","how":"mean"},
        {"layer":"batch_norm"}]"#;
    all.push(TrainOptions {
        encoder: serde_json::from_str(norm).unwrap(),
        ..make(kinds[1])
    });
    all
}

#[test]
fn an_interrupted_training_ends_with_the_bytes_of_one_never_interrupted() {
    let (train_set, validation) = (corpus(64, "Train", 1), corpus(18, "Validation", 9));
    let data = data(&train_set, &validation);
    for options in of_every_kind() {
        let options = TrainOptions {
            epochs: 40,
            ..options
        };
        let whole = tempfile::tempdir().unwrap();
        let (expected, epochs, _) = run_at(&options, &data, whole.path(), None);
        assert_eq!(epochs, 40);
        let kept = tempfile::tempdir().unwrap();
        let out = tempfile::tempdir().unwrap();
        let watcher = Watcher {
            stop_after: Some(1),
            ..Watcher::default()
        };
        let places = Places {
            out: out.path(),
            checkpoint: Some(kept.path()),
            earlier: None,
        };
        let first = train(&options, &data, 1, places, &watcher, Device::Cpu);
        let done = watcher.epochs.into_inner();
        if first.is_err() {
            assert!(done < 40);
        }
        let (digests, rest, warnings) = run_at(&options, &data, kept.path(), None);
        assert_eq!(digests, expected, "{:?}", options.optimiser);
        // Interrupted between its checkpoint and telling of it, an epoch is in neither count.
        assert!((39..=40).contains(&(done + rest)), "{done} and {rest}");
        assert!(warnings.iter().all(|text| !text.contains("checkpoint")));
    }
}

#[test]
fn raised_epochs_resume_and_give_the_bytes_of_a_fresh_run() {
    let (train_set, validation) = (corpus(64, "Train", 1), corpus(18, "Validation", 9));
    let data = data(&train_set, &validation);
    for options in of_every_kind() {
        let with = |epochs| TrainOptions {
            epochs,
            ..options.clone()
        };
        let folders: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
        let (fresh, _, _) = run_at(&with(7), &data, folders[0].path(), None);
        let (short, _, _) = run_at(&with(3), &data, folders[1].path(), None);
        let (longer, epochs, _) =
            run_at(&with(7), &data, folders[2].path(), Some(folders[1].path()));
        assert_eq!((&longer, epochs), (&fresh, 4), "{:?}", options.optimiser);
        // A shorter one cannot continue from a longer one: it starts over.
        let (again, epochs, _) =
            run_at(&with(3), &data, folders[3].path(), Some(folders[2].path()));
        assert_eq!((again, epochs), (short, 3));
    }
}

#[test]
fn raised_patience_and_updates_resume_and_give_the_bytes_of_a_fresh_run() {
    let (train_set, validation) = (corpus(64, "Train", 1), corpus(18, "Validation", 9));
    let data = data(&train_set, &validation);
    let base = TrainOptions {
        epochs: 60,
        ..small(&[])
    };
    let cases = [
        (
            TrainOptions {
                patience: 1,
                ..base.clone()
            },
            TrainOptions {
                patience: 4,
                ..base.clone()
            },
        ),
        // 8 updates an epoch: the first one ends inside its third.
        (
            TrainOptions {
                max_updates: 20,
                ..base.clone()
            },
            TrainOptions {
                max_updates: 45,
                ..base
            },
        ),
    ];
    for (short, long) in cases {
        let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
        let (fresh, all, _) = run_at(&long, &data, folders[0].path(), None);
        let (_, first, _) = run_at(&short, &data, folders[1].path(), None);
        let (longer, rest, _) = run_at(&long, &data, folders[2].path(), Some(folders[1].path()));
        assert_eq!(longer, fresh);
        assert!(first > 1 && rest < all, "{first}, {rest}, {all}");
    }
}

#[test]
fn a_damaged_checkpoint_is_reported_and_left_aside() {
    let (train_set, validation) = (corpus(64, "Train", 1), corpus(18, "Validation", 9));
    let data = data(&train_set, &validation);
    let options = TrainOptions {
        epochs: 4,
        ..small(&[])
    };
    let folder = tempfile::tempdir().unwrap();
    let (fresh, _, warnings) = run_at(&options, &data, folder.path(), None);
    assert!(warnings.iter().all(|text| !text.contains("checkpoint")));
    let path = crate::train::checkpoint::checkpoint_path(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let (again, epochs, warnings) = run_at(&options, &data, folder.path(), None);
    assert_eq!((again, epochs), (fresh.clone(), 4));
    assert!(
        warnings.iter().any(|text| text.contains("digest")),
        "{warnings:?}"
    );
    // Whole, but of another network.
    let other = TrainOptions {
        epochs: 4,
        ..small(&[(Attribute::Gender, HeadMode::Shared)])
    };
    run_at(&other, &data, folder.path(), None);
    let elsewhere = tempfile::tempdir().unwrap();
    let (again, epochs, warnings) = run_at(&options, &data, elsewhere.path(), Some(folder.path()));
    assert_eq!((again, epochs), (fresh, 4));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}
