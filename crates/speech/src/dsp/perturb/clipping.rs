//! Recorders that cannot take the loudest samples, as `ClippingDistortion` of audiomentations.

use std::sync::Arc;

use pipe_foundation::keys::{Key, Values};
use pipe_foundation::progress::{Interrupted, Progress};
use pipe_foundation::random::uniform;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::PerturbError;
use super::kind::{Need, Perturbation, PerturbationKind, Place, Recordings};
use super::level::BLOCK;
use super::making::{Making, within};

/// Samples beyond two quantiles become these.
pub const KIND: PerturbationKind = PerturbationKind {
    name: "clipping",
    doc: "the loudest samples cut off, as by a recorder that is set too high.",
    place: Place::Recorder,
    keys: &[
        Key::optional(
            "clipped_percent",
            Values::Range {
                min: 0.0,
                max: 100.0,
            },
            "Range [least, most] of the percentage of samples that are clipped, half of them at either end; no clipping without it.",
        ),
        Key::optional(
            "clipped_share",
            Values::FRACTION,
            "Share of the copies that are clipped, from 0 to 1; all where there is `clipped_percent`.",
        ),
    ],
    needs: &[Need {
        key: "clipped_share",
        other: "clipped_percent",
        example: "[0.0, 20.0]",
    }],
    read,
};

#[derive(Debug, Deserialize)]
struct Keys {
    clipped_percent: Option<[f64; 2]>,
    clipped_share: Option<f64>,
}

#[derive(Debug)]
struct Clipping {
    /// Range of the percentage of samples that are clipped.
    percent: [f64; 2],
    /// Share of the copies that are.
    share: f64,
}

fn read(
    keys: Map<String, Value>,
    _: &Recordings,
) -> Result<Option<Arc<dyn Perturbation>>, serde_json::Error> {
    let keys: Keys = serde_json::from_value(keys.into())?;
    let Some(percent) = keys.clipped_percent else {
        return Ok(None);
    };
    let share = keys.clipped_share.unwrap_or(1.0);
    Ok(Some(Arc::new(Clipping { percent, share })))
}

impl Perturbation for Clipping {
    fn apply(&self, mut samples: Vec<f32>, making: &Making<'_>) -> Result<Vec<f32>, PerturbError> {
        let mut random = making.stream("clipping");
        if uniform(&mut random) >= self.share {
            return Ok(samples);
        }
        let percent = within(self.percent, &mut random);
        clip(&mut samples, percent, making.progress)?;
        Ok(samples)
    }

    /// Samples by their size.
    fn held(&self) -> f64 {
        1.0
    }
}

/// Clips `percent` of the samples: what is below the quantile of half of it becomes that quantile, and so at the other end.
fn clip(samples: &mut [f32], percent: f64, progress: &dyn Progress) -> Result<(), Interrupted> {
    if samples.is_empty() {
        return Ok(());
    }
    let mut sorted = samples.to_vec();
    let mut bounds = [percent / 200.0, 1.0 - percent / 200.0];
    for bound in &mut bounds {
        progress.check()?;
        *bound = quantile(&mut sorted, *bound);
    }
    let [least, most] = bounds.map(|bound| bound as f32);
    for block in samples.chunks_mut(BLOCK) {
        progress.check()?;
        block
            .iter_mut()
            .for_each(|sample| *sample = sample.min(most).max(least));
    }
    Ok(())
}

/// The quantile of `share` of values, which are put in another order: between two of them linearly, as NumPy's default.
fn quantile(values: &mut [f32], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * (values.len() - 1) as f64;
    let (_, low, above) = values.select_nth_unstable_by(place as usize, f32::total_cmp);
    let low = f64::from(*low);
    let high = above.iter().copied().min_by(f32::total_cmp);
    let high = high.map_or(low, f64::from);
    low + (high - low) * place.fract()
}

#[cfg(test)]
mod tests {
    use pipe_foundation::progress::Silent;
    use pipe_foundation::test_support::noise;

    use super::*;

    #[test]
    fn clipping_agrees_with_audiomentations() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/clipping.json");
        let text = std::fs::read_to_string(path).unwrap();
        let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(cases.len(), 5);
        for case in cases {
            let count = case["samples"].as_u64().unwrap() as usize;
            let percent = case["percent"].as_f64().unwrap();
            let mut samples = noise(count, 3);
            clip(&mut samples, percent, &Silent).unwrap();
            let expected = case["clipped"].as_array().unwrap();
            assert_eq!(expected.len(), count);
            for (at, (sample, expected)) in samples.iter().zip(expected).enumerate() {
                let off = (f64::from(*sample) - expected.as_f64().unwrap()).abs();
                assert!(off < 1e-6, "{percent} % of {count}: {sample} at {at}");
            }
        }
    }

    #[test]
    fn as_many_samples_are_clipped_as_were_asked_for() {
        let original = noise(10_001, 5);
        let mut samples = original.clone();
        clip(&mut samples, 30.0, &Silent).unwrap();
        let changed = samples.iter().zip(&original).filter(|(a, b)| a != b);
        assert_eq!(changed.count(), 3000);
        clip(&mut [], 30.0, &Silent).unwrap();
        let mut silence = [0.0; 50];
        clip(&mut silence, 100.0, &Silent).unwrap();
        assert_eq!(silence, [0.0; 50]);
    }
}
