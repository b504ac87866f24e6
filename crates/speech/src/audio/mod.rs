//! Audio files: what is in them, and how to read them as one channel of samples.

mod aiff;
mod coded;
mod error;
mod extensions;
mod format;
pub(crate) mod g711;
mod layout;
mod pcm;
mod open;
mod rates;
mod read;
mod reader;
mod revision;
mod sniff;
mod source;
mod sphere;
mod tag;
#[cfg(test)]
mod tests;
mod w64;
mod wav;
mod wave_format;
mod waveform;
mod write;

pub use error::AudioError;
pub use extensions::{AudioExtension, is_audio_extension};
pub use format::AudioFormat;
pub use layout::{AudioInfo, SampleCoding};
pub use rates::RATES_HZ;
pub use read::{probe, read, read_from_bytes};
pub use reader::AudioReader;
pub use revision::REVISION;
pub use sniff::{SNIFF_BYTES, sniff};
pub use waveform::Waveform;
pub use write::{WavEncoding, write_wav, write_wav_as, write_wav_interruptible};
