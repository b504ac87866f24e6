//! Reads headers, and whole files or segments as one channel of samples.

use std::path::Path;

use pipe_foundation::progress::Silent;

use super::error::AudioError;
use super::layout::AudioInfo;
use super::open::open;
use super::reader::AudioReader;
use super::source::Source;
use super::waveform::Waveform;

/// Reads the header of an audio file, and nothing of its samples; a compressed stream that does not say how long it is
/// is walked over.
///
/// # Errors
/// A file that is not audio, is damaged or cut short, or has a coding or a rate that is not decoded.
pub fn probe(path: &Path) -> Result<AudioInfo, AudioError> {
    Ok(open(Source::open(path)?)?.info().clone())
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
