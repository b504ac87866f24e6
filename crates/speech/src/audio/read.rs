//! Reads headers, and whole files or segments as one channel of samples.

use std::io::{Read, Seek};
use std::path::Path;

use pipe_foundation::progress::Silent;

use super::layout::{AudioInfo, Layout, RATES_HZ};
use super::reader::AudioReader;
use super::sniff::{AudioFormat, SNIFF_BYTES, sniff};
use super::source::Source;
use super::{AudioError, Waveform, aiff, sphere, wav};

/// Reads the header of an audio file, and nothing of its samples.
///
/// # Errors
/// A file that is not audio, is damaged or cut short, or has a coding or a rate that is not decoded.
pub fn probe(path: &Path) -> Result<AudioInfo, AudioError> {
    Ok(layout(&mut Source::open(path)?)?.info)
}

/// Reads an audio file, or the segment from start to end in seconds, as one channel; see [`AudioReader::open`].
///
/// The samples take 4 bytes each, however long the file is: whoever reads files of strangers looks at
/// [`AudioReader::duration_s`] first.
///
/// # Errors
/// As [`AudioReader::open`] and [`AudioReader::rest`].
pub fn read(
    path: &Path,
    segment_s: Option<(f64, f64)>,
    channel: Option<u16>,
) -> Result<Waveform, AudioError> {
    AudioReader::open(path, segment_s, channel)?.rest(&Silent)
}

/// As [`read`], of a file that is in memory; `name` replaces the path in messages.
///
/// # Errors
/// As [`read`].
pub fn read_from_bytes(
    name: &Path,
    bytes: &[u8],
    segment_s: Option<(f64, f64)>,
    channel: Option<u16>,
) -> Result<Waveform, AudioError> {
    let source = Source::from_bytes(name, bytes)?;
    AudioReader::new(source, segment_s, channel)?.rest(&Silent)
}

/// Reads the header.
///
/// # Errors
/// As [`probe`].
pub(super) fn layout<R: Read + Seek>(source: &mut Source<R>) -> Result<Layout, AudioError> {
    let head = source.head();
    let format = sniff(&source.path, &head[..head.len().min(SNIFF_BYTES)])?;
    let layout = match format {
        AudioFormat::Wav | AudioFormat::Rifx | AudioFormat::Rf64 => wav::layout(source, format),
        AudioFormat::Aiff | AudioFormat::Aifc => aiff::layout(source, format),
        AudioFormat::Sphere => sphere::layout(source),
    }?;
    let rate_hz = layout.info.rate_hz;
    match RATES_HZ.contains(&rate_hz) {
        true => Ok(layout),
        false => Err(AudioError::UnsupportedRate {
            path: source.path.clone(),
            rate_hz,
        }),
    }
}
