//! What was measured of a recording as bytes, to be remembered.

use crate::audio::AudioFormat;

use super::fingerprint::Fingerprint;
use super::measure::Measures;

/// Raised whenever a recording is measured otherwise.
const VERSION: u8 = 1;

/// No format: what is made has none.
const NO_FORMAT: u8 = u8::MAX;

impl Measures {
    /// What names the way in which recordings are measured: part of the names under which measures are remembered.
    pub const QUESTION: [u8; 2] = [b'm', VERSION];

    /// All of them as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let format = self.format.map_or(NO_FORMAT, |format| {
            let place = AudioFormat::ALL.iter().position(|known| *known == format);
            place
                .and_then(|place| u8::try_from(place).ok())
                .unwrap_or(NO_FORMAT)
        });
        let mut bytes = vec![format, u8::from(self.is_constant)];
        bytes.extend(self.rate_hz.to_le_bytes());
        bytes.extend(self.channels.to_le_bytes());
        bytes.extend(self.bits.to_le_bytes());
        for number in [
            self.duration_s,
            self.loudness_db,
            self.offset,
            self.silence_share,
            self.clipped_share,
        ] {
            bytes.extend(number.to_le_bytes());
        }
        if let Some(fingerprint) = &self.fingerprint {
            bytes.extend(fingerprint.to_bytes());
        }
        bytes
    }

    /// Reads what [`Measures::to_bytes`] wrote; none of anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let [format, is_constant] = take(&mut rest)?;
        let format = match format {
            NO_FORMAT => None,
            place => Some(*AudioFormat::ALL.get(usize::from(place))?),
        };
        let rate_hz = u32::from_le_bytes(take(&mut rest)?);
        let channels = u16::from_le_bytes(take(&mut rest)?);
        let bits = u16::from_le_bytes(take(&mut rest)?);
        let mut number = || Some(f64::from_le_bytes(take(&mut rest)?));
        Some(Self {
            rate_hz,
            channels,
            bits,
            format,
            is_constant: is_constant != 0,
            duration_s: number()?,
            loudness_db: number()?,
            offset: number()?,
            silence_share: number()?,
            clipped_share: number()?,
            fingerprint: match rest {
                [] => None,
                rest => Some(Fingerprint::from_bytes(rest)?),
            },
        })
    }
}

/// The first bytes of `rest`, which then begins after them.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Waveform;
    use crate::corpus::audit::Fingerprinter;

    #[test]
    fn what_is_written_reads_back() {
        let samples = (0..8_000).map(|n| (f64::from(n) * 0.1).sin() as f32 * 0.3);
        let wave = Waveform {
            rate_hz: 8_000,
            samples: samples.collect(),
        };
        let fingerprint = Fingerprinter::default().of(&wave).unwrap();
        assert!(fingerprint.is_some());
        let all = [
            (Some(AudioFormat::Mp4), fingerprint, -20.5, false),
            (None, None, f64::NEG_INFINITY, true),
        ];
        for (format, fingerprint, loudness_db, is_constant) in all {
            let measures = Measures {
                rate_hz: 8_000,
                channels: 2,
                bits: 24,
                format,
                duration_s: 1.0,
                loudness_db,
                offset: -1e-9,
                is_constant,
                silence_share: 0.25,
                clipped_share: 0.0,
                fingerprint,
            };
            let bytes = measures.to_bytes();
            assert_eq!(Measures::from_bytes(&bytes), Some(measures));
            assert_eq!(Measures::from_bytes(&bytes[..40]), None);
        }
        assert_eq!(Measures::from_bytes(b""), None);
        // Places in this list are stored: it grows at its end alone.
        assert_eq!(AudioFormat::ALL[0], AudioFormat::Wav);
        assert_eq!(AudioFormat::ALL.len(), 12);
        assert_eq!(AudioFormat::ALL[11], AudioFormat::Mp4);
    }
}
