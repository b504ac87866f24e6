//! The file keeps everything, and damaged or hostile files end in an error each.

use proptest::prelude::*;

use crate::model::spec::{Attribute, HeadMode};

use super::*;

fn model() -> Model {
    let encoder: Vec<Layer> = serde_json::from_str(
        r#"[{"layer":"conv","channels":3,"width":3,"padding":1,"pool_width":2},
            {"layer":"lstm","units":2},{"layer":"time_pool","how":"mean"},{"layer":"linear","units":4}]"#,
    )
    .unwrap();
    let head = HeadSpec::new(Attribute::Language, HeadMode::Shared);
    let shape = EncoderShape::new(&encoder, 5).unwrap();
    let config = ModelConfig {
        format: FORMAT,
        bins: 5,
        encoder,
        classes: ["positive", "neutral", "negative"]
            .map(String::from)
            .to_vec(),
        targets: vec![NumericTarget {
            name: "arousal".into(),
            mean: 3.0,
            deviation: 0.5,
        }],
        heads: vec![HeadLabels {
            head: head.clone(),
            labels: vec!["de".into(), "en".into()],
        }],
        feature_options: serde_json::json!({"bins": 5}),
        normalisation: None,
        provenance: serde_json::json!(["a", 1]),
        best_epoch: 3,
    };
    let (targets, how) = (["arousal".to_owned()], Initialisation::He);
    let network = Network::of_tasks(shape, 3, &targets, &[(head, 2)], how, 1).unwrap();
    Model::new(config, network)
}

fn bytes(model: &Model) -> Vec<u8> {
    model.to_bytes(Path::new("model.safetensors")).unwrap()
}

fn with_config(change: impl Fn(&mut serde_json::Value)) -> String {
    let original = model();
    let mut json = serde_json::to_value(&original.config).unwrap();
    change(&mut json);
    let arrays = original.network.to_arrays();
    let data: Vec<Vec<u8>> = arrays
        .iter()
        .map(|a| a.values.iter().flat_map(|v| v.to_le_bytes()).collect())
        .collect();
    let views = arrays.iter().zip(&data).map(|(array, bytes)| {
        let view = TensorView::new(Dtype::F32, array.shape.clone(), bytes).unwrap();
        (array.name.clone(), view)
    });
    let metadata = HashMap::from([(CONFIG_KEY.to_owned(), json.to_string())]);
    let file = safetensors::serialize(views.collect::<Vec<_>>(), Some(metadata)).unwrap();
    Model::from_bytes(&file).unwrap_err()
}

#[test]
fn everything_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = model_path(folder.path());
    let saved = model();
    saved.save(&path).unwrap();
    let loaded = Model::load(&path).unwrap();
    assert_eq!(loaded.config(), saved.config());
    assert_eq!(Model::read_config(&path).unwrap(), *saved.config());
    assert_eq!(loaded.network().to_arrays(), saved.network().to_arrays());
    assert_eq!(bytes(&loaded), bytes(&saved));
    let names: Vec<String> = saved
        .network
        .to_arrays()
        .into_iter()
        .map(|a| a.name)
        .collect();
    assert_eq!(
        names,
        [
            "conv.0.weight",
            "conv.0.bias",
            "lstm.0.weight_ih",
            "lstm.0.weight_hh",
            "lstm.0.bias_ih",
            "lstm.0.bias_hh",
            "linear.0.weight",
            "linear.0.bias",
            "emotion.weight",
            "emotion.bias",
            "target.arousal.weight",
            "target.arousal.bias",
            "head.language.weight",
            "head.language.bias"
        ]
    );
}

#[test]
fn what_does_not_fit_is_named() {
    assert!(with_config(|c| c["format"] = 2.into()).contains("format 2"));
    assert!(with_config(|c| c["bins"] = 6.into()).contains("conv.0.weight"));
    assert!(with_config(|c| c["encoder"][1]["units"] = 3_000.into()).contains("fewer values"));
    assert!(with_config(|c| c["encoder"][0]["width"] = 0.into()).contains("layer 0"));
    assert!(with_config(|c| c["heads"] = serde_json::json!([])).contains("belongs to no layer"));
    assert!(
        with_config(|c| c["emotions"] = serde_json::json!(["neutral"])).contains("two classes")
    );
    let odd = serde_json::json!([{"name": "arousal", "mean": 0.0, "deviation": null}]);
    assert!(with_config(|c| c["targets"] = odd.clone()).contains("invalid type: null"));
    let four = serde_json::json!(["a", "b", "c", "d"]);
    assert!(with_config(|c| c["emotions"] = four.clone()).contains("emotion.weight"));
    assert!(with_config(|c| c["extra"] = 1.into()).contains("extra"));
    let mut odd = model();
    odd.network.values[7] = f32::NAN;
    assert!(
        Model::from_bytes(&bytes(&odd))
            .unwrap_err()
            .contains("not finite")
    );
    let missing = Model::load(Path::new("/nowhere/model.safetensors")).unwrap_err();
    assert!(missing.to_string().contains("/nowhere/model.safetensors"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn damage_never_panics(cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
                           to: u8, truncate: bool, early: bool) {
        let mut file = bytes(&model());
        let reach = if early { 64.min(file.len()) } else { file.len() };
        file[at.index(reach)] = to;
        if truncate {
            file.truncate(cut.index(file.len()));
        }
        // Any answer but a panic will do; a changed weight is a valid file.
        let _ = Model::from_bytes(&file);
    }
}
