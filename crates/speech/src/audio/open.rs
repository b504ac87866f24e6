//! Opens an audio file: the format is recognised, and its header read.

use std::io::{Read, Seek};

use super::coded::{self, Coded};
use super::error::AudioError;
use super::format::AudioFormat;
use super::layout::{AudioInfo, Layout};
use super::rates::RATES_HZ;
use super::revision::REVISION;
use super::sniff::{SNIFF_BYTES, sniff};
use super::source::Source;
use super::{aiff, sphere, tag, w64, wav};

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
    /// What the header says.
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
