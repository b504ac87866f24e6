//! Encoders with each kind of layer: the same bytes whatever the threads, and models that are read back.

use crate::layers::REGISTERED;

use super::*;

#[test]
fn every_kind_of_layer_trains_to_the_same_bytes_and_its_model_predicts_the_same() {
    let (train_set, validation) = (corpus(40, "Train", 1), corpus(18, "Validation", 9));
    let data = data(&train_set, &validation);
    for kind in REGISTERED {
        // Examples take features of any multiple of three bins.
        let narrow = r#"[{"layer":"linear","units":6},"#;
        let encoder = kind.example.replacen('[', narrow, 1);
        let options = TrainOptions {
            encoder: serde_json::from_str(&encoder).unwrap(),
            epochs: 3,
            ..small(&[])
        };
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
            let model = Model::load(&outcome.unwrap().model).unwrap();
            (digests(folder.path()), model)
        };
        let (one, model) = run(1);
        let (three, _) = run(3);
        assert_eq!(one, three, "{}", kind.name);
        assert_eq!(model.config().encoder, options.encoder);
        let views: Vec<_> = validation.iter().map(|made| made.features.view()).collect();
        let together = model.predict(&views, 2).unwrap();
        for (view, expected) in views.iter().zip(&together) {
            let alone = model.predict(std::slice::from_ref(view), 1).unwrap();
            assert_eq!(alone, std::slice::from_ref(expected), "{}", kind.name);
        }
    }
}
