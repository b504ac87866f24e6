//! `trim`: removes silence from the ends of recordings, and shortens long pauses.

use pipe_engine::artifact::ItemData;
use pipe_engine::manifest::{
    Declaration, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{ItemContext, ItemCopy, ItemError, ItemStage, Stage};
use pipe_speech::audio::Waveform;
use pipe_speech::dsp::Trim;

use crate::items::{AUDIO, Audio, Samples};

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
    fn process(
        &self,
        _copy: &ItemCopy,
        input: &dyn ItemData,
        context: &ItemContext<'_>,
    ) -> Result<Box<dyn ItemData>, ItemError> {
        let wave = Samples::of(input)?.together(context.progress)?;
        let kept = self
            .trim
            .apply(&wave.samples, wave.rate_hz, context.progress);
        Ok(Box::new(Audio::from(Waveform {
            samples: kept.map_err(ItemError::transient)?,
            rate_hz: wave.rate_hz,
        })))
    }
}
