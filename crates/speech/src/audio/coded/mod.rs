//! Recordings in compressed formats: packets out of a container, and samples out of packets.
//!
//! The decoders and most demuxers are those of the package `symphonia`. Which samples belong to the recording is decided
//! here: what encoders put before and after it is left out, a packet that is missing is an error, and a segment has the
//! samples that it has when the file is decoded from its start.

mod adpcm;
mod coded_samples;
mod fault;
mod flac;
mod mp3_frames;
mod mp4;
mod mp4_boxes;
mod ogg;
mod ogg_pages;
mod packets;
mod planes;
mod vorbis_setup;
mod walked;
mod window;

use std::io::{Read, Seek};

use super::AudioError;
use super::format::AudioFormat;
use super::layout::{AudioInfo, Layout};
use super::source::Source;
pub(super) use coded_samples::Coded;
use fault::guarded;

/// Opens a recording in a compressed format.
///
/// # Errors
/// A file that is damaged, or of a coding that is not decoded.
pub(super) fn open<R: Read + Seek + Send + Sync + 'static>(
    source: Source<R>,
    format: AudioFormat,
) -> Result<(AudioInfo, Coded), AudioError> {
    let path = source.path.clone();
    guarded(|| match format {
        AudioFormat::Flac => flac::open(source),
        AudioFormat::Mp3 => walked::open_mp3(source),
        AudioFormat::Adts => walked::open_adts(source),
        AudioFormat::Ogg => ogg::open(source),
        _ => mp4::open(source),
    })
    .map_err(|fault| fault.of(&path, format))
}

/// Opens ADPCM in WAV or Wave64.
///
/// # Errors
/// As [`open`].
pub(super) fn open_adpcm<R: Read + Seek + Send + Sync + 'static>(
    source: Source<R>,
    layout: &Layout,
) -> Result<Coded, AudioError> {
    let path = source.path.clone();
    let format = layout.info.format;
    guarded(|| adpcm::open(source, layout)).map_err(|fault| fault.of(&path, format))
}
