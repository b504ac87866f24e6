//! Bare streams of MP3 and of AAC: frames that follow each other, without an index.
//!
//! How many there are stands in a tag of the encoder in the first frame of an MP3, or else by walking over all of them.
//! A segment is found by walking too: its frames are decoded, those before it only stepped over.

use std::io::{Read, Seek};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::formats::{FormatReader, SeekMode, SeekTo, Track};
use symphonia::core::units::Timestamp;
use symphonia::default::codecs::{AacDecoder, MpaDecoder};
use symphonia::default::formats::{AdtsReader, MpaReader};

use super::coded_samples::Coded;
use super::fault::Fault;
use super::mp3_frames;
use super::packets::{Packets, Placed};
use super::window::Window;
use crate::audio::AudioError;
use crate::audio::format::AudioFormat;
use crate::audio::layout::{AudioInfo, SampleCoding};
use crate::audio::revision::REVISION;
use crate::audio::source::Source;
use crate::audio::tag;

/// Frames of MP3 that are decoded before a segment: bits of a frame may be in frames up to 511 bytes earlier, of which
/// the smallest have 24, and what a filter bank holds is of the one before.
const MP3_FRAMES_BEFORE: u64 = 30;

/// The first frames of an MP3 that was cut out of another may refer to what is gone; decoders make silence of them.
const LENIENT_PACKETS: u32 = 10;

/// Blocks of AAC overlap with the one before.
const AAC_FRAMES_BEFORE: u64 = 2;

/// Samples of each channel in a block of AAC.
const AAC_FRAMES: u64 = 1024;

/// Samples of each channel in a frame of MP3, which has two granules in MPEG-1 and one in MPEG-2.
fn mp3_frames(frame: &[u8]) -> u64 {
    match frame.get(1).map(|byte| byte >> 3 & 3) {
        Some(3) => 1152,
        _ => 576,
    }
}

/// Packets one after another, from the start of the stream.
struct Walked {
    reader: Box<dyn FormatReader>,
    /// The time of the first packet; the recording begins at 0.
    start: i64,
    /// A packet that [`Packets::seek`] has come upon.
    met: Option<Placed>,
    /// Samples of each channel that are decoded before a segment.
    before: u64,
    /// Samples of each channel in a frame with such bytes.
    frames_of: fn(&[u8]) -> u64,
}

/// Opens a stream of MP3.
pub(super) fn open_mp3<R: Read + Seek + Send + Sync + 'static>(
    mut source: Source<R>,
) -> Result<(AudioInfo, Coded), Fault> {
    let end = tag::end_without_tags(&mut source)?;
    let second = mp3_frames::second_recording(&mut source, end)?;
    let path = source.path.clone();
    let stream = Window::stream(source, Vec::new(), 0, end);
    let reader = MpaReader::try_new(stream, Default::default())?;
    let (params, track) = audio_track(&reader)?;
    // Without such a tag the demuxer guesses.
    let is_told = track.delay.is_some() || track.padding.is_some();
    let told = track.num_frames.filter(|_| is_told);
    if let (Some(_), Some(at)) = (told, second) {
        let format = AudioFormat::Mp3.name();
        return Err(AudioError::Joined {
            path,
            format,
            at: Some(at),
        }
        .into());
    }
    let start = -i64::from(track.delay.unwrap_or_default());
    let padding = u64::from(track.padding.unwrap_or_default());
    let decoder = MpaDecoder::try_new(&params, &untrimmed())?;
    let mut packets = Walked {
        reader: Box::new(reader),
        start,
        met: None,
        before: MP3_FRAMES_BEFORE * 1152,
        frames_of: mp3_frames,
    };
    let frames = match told {
        Some(frames) => frames,
        None => packets.count()?.saturating_sub(padding),
    };
    let info = info(AudioFormat::Mp3, SampleCoding::Mp3, &params, frames)?;
    let mut coded = Coded::new(packets, Box::new(decoder));
    coded.lenient_packets = LENIENT_PACKETS;
    Ok((info, coded))
}

/// Opens a stream of AAC in ADTS.
pub(super) fn open_adts<R: Read + Seek + Send + Sync + 'static>(
    mut source: Source<R>,
) -> Result<(AudioInfo, Coded), Fault> {
    let end = tag::end_without_tags(&mut source)?;
    let stream = Window::stream(source, Vec::new(), 0, end);
    let reader = AdtsReader::try_new(stream, Default::default())?;
    let (params, _) = audio_track(&reader)?;
    let decoder = AacDecoder::try_new(&params, &untrimmed())?;
    let params = decoder.codec_params().clone();
    let mut packets = Walked {
        reader: Box::new(reader),
        start: 0,
        met: None,
        before: AAC_FRAMES_BEFORE * AAC_FRAMES,
        frames_of: |_| AAC_FRAMES,
    };
    let frames = packets.count()?;
    let info = info(AudioFormat::Adts, SampleCoding::Aac, &params, frames)?;
    Ok((info, Coded::new(packets, Box::new(decoder))))
}

/// All samples are wanted: which of them are kept is decided by their times.
pub(super) fn untrimmed() -> AudioDecoderOptions {
    AudioDecoderOptions::default().gapless(false)
}

fn audio_track(reader: &dyn FormatReader) -> Result<(AudioCodecParameters, Track), Fault> {
    let track = reader.tracks().first();
    let track = track.ok_or_else(|| Fault::Damaged("it has no track".to_string()))?;
    match &track.codec_params {
        Some(CodecParameters::Audio(params)) => Ok((params.clone(), track.clone())),
        _ => Err(Fault::Damaged("its track is not audio".to_string())),
    }
}

/// What is known of a recording in a lossy coding.
pub(super) fn info(
    format: AudioFormat,
    coding: SampleCoding,
    params: &AudioCodecParameters,
    frames: u64,
) -> Result<AudioInfo, Fault> {
    let channels = params
        .channels
        .as_ref()
        .map_or(0, |channels| channels.count());
    match (params.sample_rate, u16::try_from(channels)) {
        (Some(rate_hz), Ok(channels @ 1..)) => Ok(AudioInfo {
            format,
            rate_hz,
            channels,
            frames,
            bits: 0,
            coding,
            revision: REVISION,
        }),
        _ => Err(Fault::Damaged(
            "it does not say its rate or its channels".to_string(),
        )),
    }
}

impl Walked {
    /// Samples of each channel of all packets, without those before the recording.
    fn count(&mut self) -> Result<u64, Fault> {
        let mut past = 0;
        while let Some(placed) = self.next()? {
            past = end_of(&placed);
        }
        self.rewind()?;
        Ok(u64::try_from(past).unwrap_or_default())
    }

    fn rewind(&mut self) -> Result<(), Fault> {
        self.met = None;
        let ts = Timestamp::new(self.start);
        let to = SeekTo::Timestamp { ts, track_id: 0 };
        self.reader.seek(SeekMode::Accurate, to)?;
        Ok(())
    }
}

/// The frame after the last that a packet decodes to.
fn end_of(placed: &Placed) -> i64 {
    let start = placed.starts_at.unwrap_or_default();
    start.saturating_add(placed.frames as i64)
}

impl Packets for Walked {
    fn next(&mut self) -> Result<Option<Placed>, Fault> {
        if let Some(met) = self.met.take() {
            return Ok(Some(met));
        }
        match self.reader.next_packet() {
            Ok(packet) => Ok(packet.map(|packet| {
                let (start, frames) = (packet.pts.get(), (self.frames_of)(&packet.data));
                Placed::at(packet, start, frames)
            })),
            // The last frame may be cut off.
            Err(error) => match Fault::from(error) {
                Fault::Ends => Ok(None),
                fault => Err(fault),
            },
        }
    }

    fn seek(&mut self, at: u64) -> Result<(), Fault> {
        self.rewind()?;
        let wanted = at.saturating_sub(self.before) as i64;
        while let Some(placed) = self.next()? {
            if wanted == 0 || end_of(&placed) > wanted {
                self.met = Some(placed);
                break;
            }
        }
        Ok(())
    }
}
