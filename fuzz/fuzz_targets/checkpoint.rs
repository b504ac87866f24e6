//! Checkpoints, through a training that continues from one.
//!
//! An input has the progress in its first line, the tensors of the header in its second, and then the values.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use pipe_foundation::progress::Silent;
use pipe_foundation::{Digest, FeaturesView};
use pipe_fuzz::{empty, tensors, write};
use pipe_nn::model::Device;
use pipe_nn::train::{Example, Places, TrainOptions, TrainingData, train};

fuzz_target!(|bytes: &[u8]| {
    let body = tensors("pipe.progress", bytes);
    let mut file = format!("pipe checkpoint 1\n{}\n", Digest::of(&body)).into_bytes();
    file.extend(body);
    let out = empty("out");
    let checkpoint = empty("checkpoint");
    write("checkpoint/checkpoint", &file);

    let values = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.25]];
    let examples = || {
        let examples = values.iter().enumerate();
        examples.map(|(class, values)| Example {
            id: ["a", "b", "c"][class],
            corpus: "corpus",
            class: Some(class),
            features: FeaturesView {
                frames: 1,
                bins: 2,
                values,
            },
        })
    };
    let data = TrainingData {
        classes: ["positive", "neutral", "negative"].map(String::from).into(),
        train: examples().collect(),
        validation: examples().collect(),
        shares: None,
        targets: Vec::new(),
        labels: BTreeMap::new(),
        augment: None,
        feature_options: serde_json::Value::Null,
        normalisation: None,
        provenance: serde_json::Value::Null,
    };
    let options = TrainOptions {
        encoder: serde_json::from_str(r#"[{"layer":"time_pool","how":"mean"}]"#)
            .expect("the layers can be read"),
        epochs: 3,
        ..TrainOptions::default()
    };
    let places = Places {
        out: &out,
        checkpoint: Some(&checkpoint),
        earlier: None,
    };
    if let Ok(outcome) = train(&options, &data, 1, places, &Silent, Device::Cpu) {
        assert!(outcome.summary.best_epoch < outcome.summary.epochs);
        assert!(outcome.model.is_file());
    }
});
