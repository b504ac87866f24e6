//! Items of long recordings for tests.

use std::path::Path;
use std::sync::Arc;

use pipe_engine::artifact::{ItemData, ItemId};
use pipe_engine::stage::{ItemContext, ItemCopy, ItemError, ItemStage};
use pipe_foundation::progress::{Progress, Silent};
use pipe_foundation::test_support::noise;
use pipe_speech::audio::Waveform;

use super::{Audio, HELD_VALUES, Spool, Values};

/// Samples that are just too many to be held, loud and soft.
pub fn long_samples() -> Vec<f32> {
    let mut samples = noise(HELD_VALUES as usize + 70_001, 5);
    for soft in samples.chunks_mut(400_000).skip(1).step_by(2) {
        soft.iter_mut().for_each(|sample| *sample *= 1e-4);
    }
    samples
}

/// The samples as the data of an item of which none is held.
pub fn not_held(samples: &[f32], rate_hz: u32, scratch: &Path) -> Box<dyn ItemData> {
    let mut spool = Spool::new(samples.len() as u64, scratch).unwrap();
    spool.push(samples).unwrap();
    let values = spool.finish().unwrap();
    assert!(matches!(values, Values::Long(_)));
    Audio::of_values(values, rate_hz)
}

/// The samples as the data of an item that is held.
pub fn held(samples: Vec<f32>, rate_hz: u32) -> Audio {
    Audio::from(Waveform { samples, rate_hz })
}

/// What a stage makes of data.
pub fn made(stage: &dyn ItemStage, input: &dyn ItemData, scratch: &Path) -> Box<dyn ItemData> {
    process(stage, input, scratch, &Silent).unwrap()
}

/// As [`made`], unless `progress` says to stop.
pub fn process(
    stage: &dyn ItemStage,
    input: &dyn ItemData,
    scratch: &Path,
    progress: &dyn Progress,
) -> Result<Box<dyn ItemData>, ItemError> {
    let copy = ItemCopy {
        facts: Arc::new(ItemId("long".into())),
        fingerprint: String::new(),
        index: 0,
    };
    let context = ItemContext {
        scratch,
        progress,
        threads: 1,
        devices: &[],
    };
    stage.process(&copy, input, &context)
}
