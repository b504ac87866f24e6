//! `vad`: removes what holds no speech from the ends of recordings, and shortens long pauses, in noise too.

use pipe_engine::artifact::{ItemData, ItemFacts};
use pipe_engine::manifest::{
    Declaration, Diagnostics, Gathers, Kind, MAX_BAD, Parameter, STORE, Shape,
};
use pipe_engine::stage::{ItemContext, ItemCopy, ItemError, ItemSize, ItemStage, Stage};
use pipe_speech::dsp::Vad;

use crate::items::{AUDIO, Samples, UtteranceItem, size_of_values};

use super::kept_samples::keep;
use super::options::options;
use super::parameters::WAVEFORMS;
use super::setting::Setting;

/// The name of the kind.
pub const VAD: &str = "vad";

const SECONDS: Shape = Shape::Float {
    min: 0.0,
    max: 3600.0,
};

pub static KIND: Kind = Kind {
    name: VAD,
    version: 1,
    doc: "Removes what holds no speech from both ends of waveforms, and shortens long pauses, by voice activity detection: a statistical model of the spectra of speech and noise, whatever their loudness. A recording in which no speech is found stays as it is.",
    parameters: &[
        WAVEFORMS,
        Parameter::default(
            "threshold_db",
            Shape::Float {
                min: 0.1,
                max: 200.0,
            },
            "0.7",
            "A frame is speech where its spectrum and those before it are this much likelier with speech than with noise alone, in dB: more cuts soft speech, less leaves noise.",
        ),
        Parameter::default(
            "frame_ms",
            Shape::Float {
                min: 5.0,
                max: 100.0,
            },
            "25.0",
            "Length of a frame in milliseconds.",
        ),
        Parameter::default(
            "hop_ms",
            Shape::Float {
                min: 1.0,
                max: 100.0,
            },
            "10.0",
            "From one frame to the next, in milliseconds.",
        ),
        Parameter::default(
            "noise_window_s",
            Shape::Float {
                min: 0.5,
                max: 60.0,
            },
            "3.0",
            "The noise of a frame is told by so many seconds around it: less follows noise that changes, more stands longer speech without a pause.",
        ),
        Parameter::default(
            "margin_s",
            SECONDS,
            "0.1",
            "What stays before and after speech, in seconds.",
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

struct VadStage {
    vad: Vad,
}

pub fn build(declaration: &Declaration, _setting: &Setting) -> Result<Stage, Diagnostics> {
    let vad: Vad = options(declaration)?;
    Ok(Stage::Items(Box::new(VadStage { vad })))
}

impl ItemStage for VadStage {
    /// What stays, the spectra of a window, and the ratio of each frame.
    fn size(&self, source: &dyn ItemFacts, input: ItemSize) -> ItemSize {
        let milliseconds = source.waveform_bytes(1000, input.bytes) / 4;
        let working = self.vad.memory_bytes(milliseconds as f64 / 1000.0);
        let size = size_of_values(input.bytes);
        ItemSize {
            memory_bytes: size.memory_bytes.saturating_add(working),
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
        let mut frames = self.vad.frames(samples.rate_hz());
        samples.each_block(context.progress, &mut |block| {
            frames.push(block);
            Ok(())
        })?;
        keep(&samples, self.vad.kept_by(frames), context)
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::progress::Silent;

    use crate::items::long_test::{held, long_samples, made, not_held};

    use super::*;

    #[test]
    fn samples_that_are_not_held_are_cut_as_those_that_are() {
        let folder = tempfile::tempdir().unwrap();
        let mut samples = long_samples();
        // Loud noise in the middle of soft noise.
        let third = samples.len() / 3;
        samples[..third].iter_mut().for_each(|v| *v *= 0.01);
        samples[third + 20_000..]
            .iter_mut()
            .for_each(|v| *v *= 0.01);
        let long = not_held(&samples, 16_000, folder.path());
        let whole = held(samples, 16_000);
        let vad = Vad {
            frame_ms: 5.0,
            hop_ms: 100.0,
            longest_pause_s: Some(0.3),
            ..Vad::default()
        };
        let expected = vad.apply(&whole.0.samples, 16_000, &Silent).unwrap();
        assert!(expected.len() < whole.0.samples.len() / 2);
        let expected = held(expected, 16_000).encode().unwrap();
        let stage = VadStage { vad };
        for input in [&*long, &whole as &dyn ItemData] {
            let made = made(&stage, input, folder.path());
            assert!(made.encode().unwrap() == expected);
        }
    }
}
