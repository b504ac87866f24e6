//! What models make of waveforms and features.

mod hostile;
mod onnx_model;

use std::sync::Arc;

use pipe_foundation::progress::Silent;
use pipe_foundation::{Features, FeaturesView};
use pipe_inference::{
    Axis, Device, EmbedError, Embedder, EmbedderOptions, Model, ModelError, Pooling, Recording,
    Runtime, Window,
};

use onnx_model::OnnxModel;

/// A matrix product of frames of 2 with `[[1, 0, 1], [0, 1, 1]]`, and twice that.
pub(crate) fn projection() -> Vec<u8> {
    OnnxModel::default()
        .constant("weight", &[2, 3], &[1.0, 0.0, 1.0, 0.0, 1.0, 1.0])
        .input("frames", &[0, 0, 2])
        .node("MatMul", &["frames", "weight"], "projected", &[])
        .node("Add", &["projected", "projected"], "doubled", &[])
        .output("projected", &[0, 0, 3])
        .output("doubled", &[0, 0, 3])
        .file()
}

pub(crate) fn embedder(
    file: Vec<u8>,
    recording: Recording,
    options: EmbedderOptions,
) -> Result<Embedder, ModelError> {
    let model = Arc::new(Model::load(
        file,
        Runtime::Rten,
        Device::Processor,
        &options.outputs,
    )?);
    Embedder::new(model, recording, options)
}

pub(crate) fn view(bins: usize, values: &[f32]) -> FeaturesView<'_> {
    FeaturesView {
        frames: values.len() / bins,
        bins,
        values,
    }
}

fn features(bins: usize, values: &[f32]) -> Features {
    Features {
        frames: values.len() / bins,
        bins,
        values: values.to_vec(),
    }
}

#[test]
fn frames_go_through_the_model_and_outputs_stand_side_by_side() {
    let made = |options| {
        let embedder = embedder(projection(), Recording::Features, options).unwrap();
        embedder
            .compute(view(2, &[1.0, 2.0, 3.0, 4.0]), &Silent)
            .unwrap()
    };
    let first = made(EmbedderOptions::default());
    assert_eq!(first, features(3, &[1.0, 2.0, 3.0, 3.0, 4.0, 7.0]));
    let both = made(EmbedderOptions {
        outputs: vec!["doubled".into(), "projected".into()],
        ..EmbedderOptions::default()
    });
    let expected = [2.0, 4.0, 6.0, 1.0, 2.0, 3.0, 6.0, 8.0, 14.0, 3.0, 4.0, 7.0];
    assert_eq!(both, features(6, &expected));
    let scaled = made(EmbedderOptions {
        input_scale: Some(10.0),
        output_scale: Some(0.5),
        output_offset: Some(-1.0),
        pooling: Pooling::Mean,
        ..EmbedderOptions::default()
    });
    assert_eq!(scaled, features(3, &[9.0, 14.0, 24.0]));
}

#[test]
fn values_between_nodes_are_outputs_where_they_are_asked_for() {
    let model = OnnxModel::default()
        .constant("weight", &[2, 3], &[1.0, 0.0, 1.0, 0.0, 1.0, 1.0])
        .input("frames", &[0, 0, 2])
        .node("MatMul", &["frames", "weight"], "layer.1/states", &[])
        .node(
            "Add",
            &["layer.1/states", "layer.1/states"],
            "layer.2/states",
            &[],
        )
        .node(
            "Add",
            &["layer.2/states", "layer.1/states"],
            "features",
            &[],
        )
        .output("features", &[0, 0, 3])
        .file();
    let made = |outputs: &[&str]| {
        let options = EmbedderOptions {
            outputs: outputs.iter().map(|name| (*name).to_owned()).collect(),
            ..EmbedderOptions::default()
        };
        let embedder = embedder(model.clone(), Recording::Features, options)?;
        Ok::<_, ModelError>(embedder.compute(view(2, &[1.0, 2.0]), &Silent).unwrap())
    };
    assert_eq!(made(&[]).unwrap(), features(3, &[3.0, 6.0, 9.0]));
    let layers = made(&["layer.1/states", "layer.2/states"]).unwrap();
    assert_eq!(layers, features(6, &[1.0, 2.0, 3.0, 2.0, 4.0, 6.0]));
    let error = made(&["layer.3/states"]).err().unwrap().to_string();
    assert!(
        error.contains("`features`") && error.contains("`layer."),
        "{error}"
    );
}

#[test]
fn windows_are_a_batch_and_follow_one_another() {
    // More than are computed at once.
    let values: Vec<f32> = (0..100).map(|value| value as f32).collect();
    let options = EmbedderOptions {
        window: Some(Window {
            length: 3,
            hop: 2,
            pad: true,
        }),
        ..EmbedderOptions::default()
    };
    let embedder = embedder(projection(), Recording::Features, options).unwrap();
    let made = embedder.compute(view(2, &values), &Silent).unwrap();
    // 25 windows over 50 frames, of which the last is filled up with zeros.
    assert_eq!((made.frames, made.bins), (25 * 3, 3));
    for window in 0..25 {
        for frame in 0..3 {
            let at = 2 * (2 * window + frame);
            let pair = [at, at + 1].map(|at| values.get(at).copied().unwrap_or_default());
            let row = &made.values[3 * (3 * window + frame)..][..3];
            assert_eq!(
                row,
                [pair[0], pair[1], pair[0] + pair[1]],
                "{window} {frame}"
            );
        }
    }
}

#[test]
fn a_waveform_becomes_features_by_the_axes_that_are_given() {
    let model = OnnxModel::default()
        .constant("two", &[1], &[2.0])
        .input("audio", &[1, 0])
        .node("Mul", &["audio", "two"], "louder", &[])
        .output("louder", &[1, 0])
        .file();
    let made = |output_axes| {
        let options = EmbedderOptions {
            output_axes,
            ..EmbedderOptions::default()
        };
        let embedder = embedder(model.clone(), Recording::Waveform, options).unwrap();
        embedder
            .compute(view(1, &[0.5, -0.5, 0.25]), &Silent)
            .unwrap()
    };
    assert_eq!(made(None), features(3, &[1.0, -1.0, 0.5]));
    let as_time = made(Some(vec![Axis::Batch, Axis::Time]));
    assert_eq!(as_time, features(1, &[1.0, -1.0, 0.5]));
}

#[test]
fn a_transposed_model_gives_the_same() {
    let model = OnnxModel::default()
        .constant("weight", &[3, 2], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0])
        .input("frames", &[2, 0])
        .node("MatMul", &["weight", "frames"], "projected", &[])
        .output("projected", &[3, 0])
        .file();
    let axes = Some(vec![Axis::Features, Axis::Time]);
    let options = EmbedderOptions {
        input_axes: axes.clone(),
        output_axes: axes,
        ..EmbedderOptions::default()
    };
    let embedder = embedder(model, Recording::Features, options).unwrap();
    let made = embedder
        .compute(view(2, &[1.0, 2.0, 3.0, 4.0]), &Silent)
        .unwrap();
    assert_eq!(made, features(3, &[1.0, 2.0, 3.0, 3.0, 4.0, 7.0]));
}

#[test]
fn the_input_of_wav2vec_has_mean_0_and_variance_1() {
    let model = OnnxModel::default()
        .input("audio", &[1, 0])
        .node("Identity", &["audio"], "same", &[])
        .output("same", &[1, 0])
        .file();
    let options = EmbedderOptions {
        normalise_input: true,
        ..EmbedderOptions::default()
    };
    let embedder = embedder(model, Recording::Waveform, options).unwrap();
    let made = embedder
        .compute(view(1, &[1.0, 2.0, 3.0, 6.0]), &Silent)
        .unwrap();
    // (x - 3) / sqrt(3.5), as Wav2Vec2FeatureExtractor gives.
    for (found, expected) in made
        .values
        .iter()
        .zip([-1.069_045, -0.534_522_5, 0.0, 1.603_567_5])
    {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    let silence = embedder.compute(view(1, &[0.5; 100]), &Silent).unwrap();
    assert!(silence.values.iter().all(|value| *value == 0.0));
}

#[test]
fn what_a_convolution_leaves_out_has_the_default_of_onnx() {
    let strided = |lists: &[(&str, &[i64])]| {
        let model = OnnxModel::default()
            .constant("kernel", &[1, 1, 2], &[1.0, 2.0])
            .input("audio", &[1, 1, 0])
            .node("Conv", &["audio", "kernel"], "sharp", lists)
            .output("sharp", &[1, 1, 0])
            .file();
        let options = EmbedderOptions::default();
        let embedder = embedder(model, Recording::Waveform, options).unwrap();
        embedder.compute(view(1, &[1.0, 2.0, 3.0, 4.0]), &Silent)
    };
    assert_eq!(strided(&[]).unwrap().values, [5.0, 8.0, 11.0]);
    assert_eq!(strided(&[("strides", &[2])]).unwrap().values, [5.0, 11.0]);
    let padded = strided(&[("pads", &[1, 0])]).unwrap();
    assert_eq!(padded.values, [2.0, 5.0, 8.0, 11.0]);
    let dilated = strided(&[("dilations", &[2]), ("kernel_shape", &[2])]);
    assert_eq!(dilated.unwrap().values, [7.0, 10.0]);
}

#[test]
fn what_does_not_fit_says_so() {
    let options = EmbedderOptions::default;
    let window = |length| EmbedderOptions {
        window: Some(Window {
            length,
            hop: 1,
            pad: false,
        }),
        ..options()
    };
    let fixed = || {
        OnnxModel::default()
            .input("frames", &[0, 76, 32, 1])
            .node("Identity", &["frames"], "same", &[])
            .output("same", &[0, 76, 32, 1])
            .file()
    };
    let refused = |file, options| match embedder(file, Recording::Features, options) {
        Ok(_) => "nothing".to_owned(),
        Err(error) => error.to_string(),
    };
    assert!(refused(fixed(), options()).contains("is always 76 long: set window = { length = 76"));
    assert!(refused(fixed(), window(75)).contains("is always 76 long"));
    assert_eq!(refused(fixed(), window(76)), "nothing");
    assert!(refused(b"no model".to_vec(), options()).contains("not an ONNX model"));

    let failed = |options, bins, values: &[f32]| {
        let embedder = embedder(projection(), Recording::Features, options).unwrap();
        embedder.compute(view(bins, values), &Silent).unwrap_err()
    };
    assert_eq!(
        failed(window(3), 2, &[1.0; 4]),
        EmbedError::TooShort {
            found: 2,
            needed: 3
        }
    );
    assert_eq!(
        failed(options(), 2, &[]),
        EmbedError::TooShort {
            found: 0,
            needed: 1
        }
    );
    let lacking = OnnxModel::default()
        .input("frames", &[0, 2])
        .node("Hardmax", &["frames"], "hard", &[])
        .output("hard", &[0, 2])
        .file();
    let told = refused(lacking, options());
    assert!(
        told.contains("in node \"Hardmax of hard\"")
            && told.contains("set runtime = \"onnxruntime\""),
        "{told}"
    );
    let wrong_bins = failed(options(), 3, &[1.0; 3]).to_string();
    assert!(
        wrong_bins.contains("have 3 coefficients, but the model takes 2"),
        "{wrong_bins}"
    );
    let infinite = failed(options(), 2, &[f32::INFINITY, 0.0]).to_string();
    assert!(infinite.contains("infinite or no numbers"), "{infinite}");
}
