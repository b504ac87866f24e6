//! Winograd filtering on features of real recordings, layer by layer, where recordings are present.

use std::any::Any;
use std::path::{Path, PathBuf};

use pipe_foundation::test_support::{corpora_folder, skipped};
use pipe_speech::audio::read;
use pipe_speech::dsp::{Fbank, FbankOptions, Normalisation, Resampler, normalise};

use crate::layers::conv::shape::ConvShape;
use crate::model::spec::default_encoder;
use crate::model::{EncoderShape, Initialisation, Model, Network};

use super::compare_on;

/// Recordings of each corpus.
const OF_EACH: usize = 1;

/// The first recordings of each corpus, by path.
fn recordings(root: &Path) -> Vec<PathBuf> {
    let sorted = |folder: &Path, depth: usize| {
        let walk = walkdir::WalkDir::new(folder).min_depth(1).max_depth(depth);
        let entries = walk.sort_by_file_name().into_iter().flatten();
        entries.map(walkdir::DirEntry::into_path)
    };
    let is_wave = |path: &PathBuf| {
        let extension = path.extension();
        extension.is_some_and(|e| e.eq_ignore_ascii_case("wav"))
    };
    sorted(root, 1)
        .flat_map(|corpus| sorted(&corpus, 8).filter(is_wave).take(OF_EACH))
        .collect()
}

fn features(path: &Path) -> Vec<f32> {
    let audio = read(path, None, None).unwrap();
    let samples = if audio.rate_hz == 16_000 {
        audio.samples
    } else {
        let resampler = Resampler::new(audio.rate_hz, 16_000).unwrap();
        resampler.process(&audio.samples)
    };
    let fbank = Fbank::new(FbankOptions::default()).unwrap();
    let mut features = fbank.compute(&samples).unwrap();
    normalise(&mut features, Normalisation::MeanVariance);
    features.values
}

/// First values, or those of the model that `PIPE_MODEL` names.
fn network() -> Network {
    match std::env::var_os("PIPE_MODEL") {
        Some(path) => Model::load(Path::new(&path)).unwrap().network().clone(),
        None => {
            let shape = EncoderShape::new(&default_encoder(), 40).unwrap();
            Network::new(shape, 3, &[], Initialisation::He, 1).unwrap()
        }
    }
}

#[test]
fn the_error_stays_within_the_bound_on_real_features() {
    let Some(root) = corpora_folder() else {
        return;
    };
    let paths = recordings(&root);
    if paths.is_empty() {
        skipped(format_args!("no recordings in {}", root.display()));
        return;
    }
    let network = network();
    let layout = network.encoder().layout();
    let mut frames: Vec<Vec<f32>> = paths.iter().map(|path| features(path)).collect();
    for (layer, (_, sized)) in network.shape().layers().enumerate() {
        let Some(conv) = (sized as &dyn Any).downcast_ref::<ConvShape>() else {
            break;
        };
        let values = &network.values[layout.layers[layer].clone()];
        let (weight, bias) = values.split_at(conv.width * conv.input * conv.output);
        let (outputs, worst) = compare_on(*conv, &frames, weight, bias, 7);
        eprintln!(
            "{} recordings, convolution {}: {worst}",
            paths.len(),
            layer + 1
        );
        frames = outputs;
    }
}
