//! Reads headers, and whole files or segments as one channel of samples.

use std::io::{Read, Seek};
use std::path::Path;

use super::layout::{AudioInfo, Layout};
use super::pcm::{self, Pick};
use super::sniff::{AudioFormat, SNIFF_BYTES, sniff};
use super::source::Source;
use super::{AudioError, Waveform, aiff, sphere, wav};

/// Samples are decoded from blocks of about this many bytes, so that a large file is never held whole.
const BLOCK_BYTES: u64 = 1 << 18;

/// How far a segment may pass the end of the file, in seconds: transcripts round.
const SEGMENT_SLACK_S: f64 = 0.1;

/// Reads the header of an audio file, and nothing of its samples.
///
/// # Errors
/// A file that is not audio, is damaged or cut short, or has a coding that is not decoded.
pub fn probe(path: &Path) -> Result<AudioInfo, AudioError> {
    Ok(layout(&mut Source::open(path)?)?.info)
}

/// Reads an audio file, or the segment from start to end in seconds, as one channel.
///
/// `channel` counts from 0; without it the channels are averaged. Full scale becomes 1.0. Only the bytes of the
/// segment are read. A segment's bounds are rounded to the nearest sample; its end may pass the end of the file by
/// 0.1 s and is then the file's end. A WAV file whose header leaves its length open (0 or 0xFFFFFFFF, as written into
/// pipes) is read to its end; any other file with fewer samples than its header promises is an error.
///
/// # Errors
/// As [`probe`]; also no samples at all, a channel or segment the file does not have, infinite or NaN samples.
pub fn read(
    path: &Path,
    segment_s: Option<(f64, f64)>,
    channel: Option<u16>,
) -> Result<Waveform, AudioError> {
    read_source(&mut Source::open(path)?, segment_s, channel)
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
    read_source(&mut Source::from_bytes(name, bytes)?, segment_s, channel)
}

fn layout<R: Read + Seek>(source: &mut Source<R>) -> Result<Layout, AudioError> {
    let head = source.head();
    let format = sniff(&source.path, &head[..head.len().min(SNIFF_BYTES)])?;
    match format {
        AudioFormat::Wav | AudioFormat::Rifx | AudioFormat::Rf64 => wav::layout(source, format),
        AudioFormat::Aiff | AudioFormat::Aifc => aiff::layout(source, format),
        AudioFormat::Sphere => sphere::layout(source),
    }
}

fn read_source<R: Read + Seek>(
    source: &mut Source<R>,
    segment_s: Option<(f64, f64)>,
    channel: Option<u16>,
) -> Result<Waveform, AudioError> {
    let layout = layout(source)?;
    let info = &layout.info;
    if info.frames == 0 {
        return Err(AudioError::NoSamples {
            path: source.path.clone(),
        });
    }
    let pick = match channel {
        None => Pick::Mean,
        Some(channel) if channel < info.channels => Pick::Channel(usize::from(channel)),
        Some(channel) => {
            return Err(AudioError::NoSuchChannel {
                path: source.path.clone(),
                channel,
                channels: info.channels,
            });
        }
    };
    let (start, end) = match segment_s {
        None => (0, info.frames),
        Some(segment_s) => {
            segment_frames(info, segment_s).ok_or_else(|| AudioError::BadSegment {
                path: source.path.clone(),
                start_s: segment_s.0,
                end_s: segment_s.1,
                duration_s: info.duration_s(),
            })?
        }
    };

    let frame_bytes = layout.frame_bytes();
    let block_frames = (BLOCK_BYTES / frame_bytes).max(1).min(end - start);
    let mut block = vec![0; (block_frames * frame_bytes) as usize];
    // The header has been checked against the file's size: this is bounded by it.
    let mut samples = Vec::with_capacity((end - start) as usize);
    let mut frame = start;
    while frame < end {
        let frames = block_frames.min(end - frame);
        let bytes = &mut block[..(frames * frame_bytes) as usize];
        let offset = layout.data_offset + frame * frame_bytes;
        if !source.read_at(offset, bytes)? {
            return Err(AudioError::Truncated {
                path: source.path.clone(),
                promised_bytes: info.frames * frame_bytes,
                present_bytes: source.len.saturating_sub(layout.data_offset),
            });
        }
        pcm::decode(
            bytes,
            info.coding,
            layout.big_endian,
            usize::from(info.channels),
            pick,
            &mut samples,
        );
        frame += frames;
    }
    if let Some(at) = samples.iter().position(|sample| !sample.is_finite()) {
        return Err(AudioError::NotFinite {
            path: source.path.clone(),
            frame: start + at as u64,
        });
    }
    Ok(Waveform {
        samples,
        rate_hz: info.rate_hz,
    })
}

/// First frame and end frame of a segment; none if the file does not hold it.
fn segment_frames(info: &AudioInfo, (start_s, end_s): (f64, f64)) -> Option<(u64, u64)> {
    let duration_s = info.duration_s();
    // Written so that NaN is refused as well.
    let valid = start_s >= 0.0 && start_s < end_s && end_s <= duration_s + SEGMENT_SLACK_S;
    if !valid {
        return None;
    }
    let frame = |seconds: f64| (seconds * f64::from(info.rate_hz)).round() as u64;
    let (start, end) = (frame(start_s), frame(end_s).min(info.frames));
    (start < end).then_some((start, end))
}
