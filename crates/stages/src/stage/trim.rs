//! `trim`: removes silence from the ends of recordings, and shortens long pauses.

use pipe_engine::artifact::{ItemData, ItemFacts};
use pipe_engine::manifest::{
    Declaration, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{ItemContext, ItemCopy, ItemError, ItemSize, ItemStage, Stage};
use pipe_speech::dsp::Trim;

use crate::items::{AUDIO, Samples, UtteranceItem, size_of_values};

use super::kept_samples::keep;
use super::options::options;
use super::parameters::WAVEFORMS;
use super::setting::Setting;

/// The name of the kind.
pub const TRIM: &str = "trim";

const SECONDS: Shape = Shape::Float {
    min: 0.0,
    max: 3600.0,
};
const MILLISECONDS: Shape = Shape::Float {
    min: 1.0,
    max: 10_000.0,
};

pub static KIND: Kind = Kind {
    name: TRIM,
    version: 1,
    doc: "Removes silence from both ends of waveforms, and shortens long pauses, by energy: what is far softer than the loudest part of a recording is silence. A recording without anything louder than the rest stays as it is.",
    parameters: &[
        WAVEFORMS,
        Parameter::default(
            "threshold_db",
            Shape::Float {
                min: 1.0,
                max: 200.0,
            },
            "40.0",
            "A frame is silent where it is this much softer than the loudest frame of the recording, in dB.",
        ),
        Parameter::default(
            "frame_ms",
            MILLISECONDS,
            "25.0",
            "Length of a frame in milliseconds.",
        ),
        Parameter::default(
            "hop_ms",
            MILLISECONDS,
            "10.0",
            "From one frame to the next, in milliseconds.",
        ),
        Parameter::default(
            "margin_s",
            SECONDS,
            "0.0",
            "What stays of the silence at either end, in seconds.",
        ),
        Parameter::optional(
            "longest_pause_s",
            SECONDS,
            "Pauses within a recording that are longer are shortened to this, in seconds; none without it.",
        ),
        MAX_BAD,
        STORE,
    ],
    gathers: Gathers::Never,
    output: |_| AUDIO,
    validate: |_| Vec::new(),
};

struct TrimStage {
    trim: Trim,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    let trim: Trim = options(declaration)?;
    Ok(Stage::Items(Box::new(TrimStage { trim })))
}

impl ItemStage for TrimStage {
    /// What stays, and the power of each frame.
    fn size(&self, source: &dyn ItemFacts, input: ItemSize) -> ItemSize {
        let milliseconds = source.waveform_bytes(1000, input.bytes) / 4;
        let frames = milliseconds as f64 / self.trim.hop_ms.max(1e-3);
        let size = size_of_values(input.bytes);
        ItemSize {
            memory_bytes: size.memory_bytes.saturating_add(8 * frames as u64),
            ..size
        }
    }

    fn process(
        &self,
        _copy: &ItemCopy,
        input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        let samples = Samples::of(input)?;
        let mut powers = self.trim.powers(samples.rate_hz());
        samples.each_block(context.progress, &mut |block| {
            powers.push(block);
            Ok(())
        })?;
        keep(&samples, self.trim.kept_by(powers), context)
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::progress::Silent;

    use crate::items::LongAudio;
    use crate::items::long_test::{held, long_samples, made, not_held};

    use super::*;

    #[test]
    fn samples_that_are_not_held_are_trimmed_as_those_that_are() {
        let folder = tempfile::tempdir().unwrap();
        let mut samples = long_samples();
        samples[..9_999].fill(0.0);
        let long = not_held(&samples, 16_000, folder.path());
        let whole = held(samples, 16_000);
        for (longest_pause_s, is_long) in [(Some(1.0), false), (None, true)] {
            let stage = TrimStage {
                trim: Trim {
                    longest_pause_s,
                    ..Trim::default()
                },
            };
            let expected = stage.trim.apply(&whole.0.samples, 16_000, &Silent).unwrap();
            let expected = held(expected, 16_000).encode().unwrap();
            let of_long = made(&stage, &*long, folder.path());
            assert_eq!(of_long.downcast_ref::<LongAudio>().is_some(), is_long);
            for made in [of_long, made(&stage, &whole, folder.path())] {
                assert!(made.encode().unwrap() == expected);
            }
        }
    }
}
