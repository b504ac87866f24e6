//! Reads headers, and whole files or segments as one channel of samples.

use std::io::{Read, Seek};
use std::path::Path;

use pipe_foundation::progress::Silent;

use super::coded::{self, Coded};
use super::layout::{AudioInfo, Layout, RATES_HZ, REVISION};
use super::reader::AudioReader;
use super::sniff::{AudioFormat, SNIFF_BYTES, sniff};
use super::source::Source;
use super::{AudioError, Waveform, aiff, sphere, tag, w64, wav};

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

/// A file whose header has been read.
pub(super) enum Opened<R> {
    /// Samples that are stored one by one.
    Plain {
        /// Where they are.
        source: Source<R>,
        /// How they are stored.
        layout: Layout,
    },
    /// Samples that a decoder makes.
    Coded {
        /// The decoder.
        coded: Coded,
        /// What the header says.
        info: AudioInfo,
    },
}

impl<R> Opened<R> {
    pub fn info(&self) -> &AudioInfo {
        match self {
            Self::Plain { layout, .. } => &layout.info,
            Self::Coded { info, .. } => info,
        }
    }
}

/// Reads the header.
///
/// # Errors
/// As [`probe`].
pub(super) fn open<R: Read + Seek + Send + Sync + 'static>(
    mut source: Source<R>,
) -> Result<Opened<R>, AudioError> {
    let is_tagged = tag::skip_in_front(&mut source)?;
    let path = source.path.clone();
    let head = source.head();
    let format = sniff(&path, &head[..head.len().min(SNIFF_BYTES)])?;
    let plain = match format {
        AudioFormat::Wav | AudioFormat::Rifx | AudioFormat::Rf64 => {
            Some(wav::layout(&mut source, format)?)
        }
        AudioFormat::Aiff | AudioFormat::Aifc => Some(aiff::layout(&mut source, format)?),
        AudioFormat::Sphere => Some(sphere::layout(&mut source)?),
        AudioFormat::W64 => Some(w64::layout(&mut source)?),
        AudioFormat::Flac
        | AudioFormat::Mp3
        | AudioFormat::Adts
        | AudioFormat::Ogg
        | AudioFormat::Mp4 => None,
    };
    let opened = match plain {
        None => {
            let (info, coded) = coded::open(source, format)?;
            Opened::Coded { coded, info }
        }
        Some(mut layout) => {
            if is_tagged {
                layout.info.revision = REVISION;
            }
            match layout.blocks {
                None => Opened::Plain { source, layout },
                Some(_) => Opened::Coded {
                    coded: coded::open_adpcm(source, &layout)?,
                    info: layout.info,
                },
            }
        }
    };
    let rate_hz = opened.info().rate_hz;
    match RATES_HZ.contains(&rate_hz) {
        true => Ok(opened),
        false => Err(AudioError::UnsupportedRate { path, rate_hz }),
    }
}
