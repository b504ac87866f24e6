//! Recordings that are longer than an ingest stage reads.

use pipe_speech::audio::AudioReader;

use super::Ingest;

/// A segment is listed with the length that its table says, and read with its bounds rounded to samples.
const SEGMENT_ROUNDING_S: f64 = 0.01;
/// The highest rate at which a recording may last as long as `max_duration_s`; at a higher one it may have as many
/// samples.
const HIGHEST_FULL_RATE_HZ: u32 = 96_000;

impl Ingest {
    /// Why a recording of this length is not read.
    pub(super) fn too_long(&self, duration_s: f64) -> String {
        format!(
            "it lasts {duration_s:.1} s, more than the {:.1} s that `max_duration_s` of its ingest stage allows: raise it, or cut the recording into parts",
            self.options.max_duration_s
        )
    }

    /// Why a recording that is not too long by its listing has more samples than are read, where that is so: it has
    /// become longer, or its rate is one at which nobody records hours.
    pub(super) fn too_many_samples(&self, reader: &AudioReader) -> Option<String> {
        let rate_hz = reader.info().rate_hz;
        let most_s = self.options.max_duration_s;
        if reader.duration_s() > most_s + SEGMENT_ROUNDING_S {
            return Some(self.too_long(reader.duration_s()));
        }
        let full_rate_hz = f64::from(rate_hz.min(HIGHEST_FULL_RATE_HZ));
        let most = (most_s + SEGMENT_ROUNDING_S) * full_rate_hz;
        (reader.samples() as f64 > most).then(|| {
            format!(
                "it lasts {:.1} s at {rate_hz} Hz, more samples than the {most_s:.1} s at up to {HIGHEST_FULL_RATE_HZ} Hz that `max_duration_s` of its ingest stage allows: raise it, or lower the rate of the recording",
                reader.duration_s()
            )
        })
    }
}
