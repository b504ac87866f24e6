//! Models that are damaged, or made to do harm: an error, or another result, within bounds of time and memory.

use pipe_foundation::progress::Silent;
use pipe_inference::{
    Device, EmbedderOptions, Model, ModelError, Recording, Runtime, Signature, SignatureError,
};

use super::onnx_model::OnnxModel;
use super::{embedder, projection, view};

/// Operators that make as much as constants say: frames of 2 become frames of 5.
fn sized(repeats: i64, padding: i64, rows: i64) -> Vec<u8> {
    OnnxModel::default()
        .integers("repeats", &[1, repeats])
        .integers("padding", &[0, 0, 0, padding])
        .integers("shape", &[rows, 5])
        .integers("same", &[1, 5])
        .input("frames", &[0, 2])
        .node("Tile", &["frames", "repeats"], "tiled", &[])
        .node("Pad", &["tiled", "padding"], "padded", &[])
        .node("ConstantOfShape", &["shape"], "zeros", &[])
        .node("Expand", &["zeros", "same"], "expanded", &[])
        .node("Add", &["padded", "expanded"], "sum", &[])
        .output("sum", &[0, 5])
        .file()
}

#[test]
fn sizes_out_of_all_proportion_are_refused_before_anything_is_made() {
    let load = |file| embedder(file, Recording::Features, EmbedderOptions::default()).err();
    assert!(load(sized(2, 1, 1)).is_none());
    for (file, operator) in [
        (sized(1 << 40, 1, 1), "Tile"),
        (sized(2, 1 << 50, 1), "Pad"),
        (sized(2, 1, i64::MAX), "ConstantOfShape"),
    ] {
        let error = load(file).unwrap();
        assert!(matches!(&error, ModelError::Giant { .. }), "{error}");
        assert!(error.to_string().contains(operator), "{error}");
    }
    let of = |operator: &str, sizes: &[i64], lists: &[(&str, &[i64])]| {
        let model = OnnxModel::default()
            .integers("sizes", sizes)
            .input("frames", &[0, 2])
            .node(
                operator,
                &["frames", "sizes", "sizes", "sizes"],
                "made",
                lists,
            )
            .output("made", &[0, 2]);
        load(model.file())
    };
    for error in [
        of("Expand", &[1 << 20, 1 << 20], &[]),
        of("Resize", &[1 << 20, 1 << 20], &[]),
        of("OneHot", &[1 << 33], &[]),
        of("Conv", &[1], &[("pads", &[1 << 40, 0])]),
    ] {
        assert!(matches!(error, Some(ModelError::Giant { .. })), "{error:?}");
    }
    // The usual end of a slice is no size.
    let ends = of("Slice", &[i64::MAX], &[]);
    assert!(!matches!(ends, Some(ModelError::Giant { .. })), "{ends:?}");
}

#[test]
fn a_model_with_weights_in_another_file_is_refused_before_any_runtime_sees_it() {
    let file = OnnxModel::default()
        .outside("weight", &[2, 3], "weights.bin")
        .input("frames", &[0, 0, 2])
        .node("MatMul", &["frames", "weight"], "projected", &[])
        .output("projected", &[0, 0, 3])
        .file();
    let expected = ModelError::ExternalData {
        tensor: "weight".into(),
        location: "weights.bin".into(),
    };
    // ONNX Runtime need not be there: its library would read the file, wherever this program runs.
    for runtime in [Runtime::Rten, Runtime::OnnxRuntime] {
        let loaded = Model::load(file.clone(), runtime, Device::Processor, &[]);
        assert_eq!(loaded.err(), Some(expected.clone()));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.onnx");
    std::fs::write(&path, &file).unwrap();
    match Signature::of_file(&path) {
        Err(SignatureError::Model(error)) => assert_eq!(error, expected),
        other => panic!("{other:?}"),
    }
}

/// Random damage of a model gives an error or another result, and no panic; `PIPE_MUTANTS` sets how many there are.
#[test]
fn a_damaged_model_is_an_error_or_another_model() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how many are tried changes no result"
    )]
    let mutants = std::env::var("PIPE_MUTANTS")
        .ok()
        .and_then(|count| count.parse().ok());
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for whole in [projection(), sized(2, 1, 1)] {
        let mut usable = 0;
        for _ in 0..mutants.unwrap_or(2_000) {
            let mut damaged = whole.clone();
            for _ in 0..=random(3) {
                let at = random(damaged.len());
                match random(3) {
                    0 => damaged[at] ^= 1 << random(8),
                    1 => drop(damaged.remove(at)),
                    _ => damaged.insert(at, random(256) as u8),
                }
            }
            let embedder = embedder(damaged, Recording::Features, EmbedderOptions::default());
            if let Ok(embedder) = embedder {
                usable += usize::from(embedder.compute(view(2, &[1.0; 8]), &Silent).is_ok());
            }
        }
        assert!(usable > 0);
    }
}
