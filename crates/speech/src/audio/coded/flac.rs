//! FLAC in its own container (RFC 9639).

use std::io::{Read, Seek, SeekFrom};

use symphonia::core::codecs::audio::well_known::CODEC_ID_FLAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoderOptions};
use symphonia::core::formats::{FormatReader, SeekMode, SeekTo};
use symphonia::core::units::Timestamp;
use symphonia::default::codecs::FlacDecoder;
use symphonia::default::formats::FlacReader;

use super::coded_samples::Coded;
use super::fault::Fault;
use super::packets::{Packets, Placed};
use super::window::Window;
use crate::audio::format::AudioFormat;
use crate::audio::layout::{AudioInfo, SampleCoding};
use crate::audio::revision::REVISION;
use crate::audio::source::Source;
use crate::audio::tag;

/// More blocks of metadata than this are none.
const MAX_BLOCKS: usize = 1024;

/// Bytes of the block that says what the samples are.
const STREAM_INFO_BYTES: usize = 34;

/// The number of samples is unknown where it is 0: FLAC that was written into a pipe.
const UNKNOWN: u64 = 0;

/// Bytes of the mark of a stream and of the head of the block that describes it.
const FRONT_BYTES: u64 = 8;

struct FlacPackets {
    /// None once the end has been looked at.
    reader: Option<FlacReader<'static>>,
}

/// Opens a FLAC file.
///
/// Its demuxer is shown the frames alone, behind the block that describes them: pictures, comments and seek tables of
/// strangers cost memory and lead astray, and frames are found without.
pub(super) fn open<R: Read + Seek + Send + Sync + 'static>(
    mut source: Source<R>,
) -> Result<(AudioInfo, Coded), Fault> {
    let damaged = |detail: &str| Fault::Damaged(detail.to_string());
    let mut stream_info = None;
    let mut offset = 4;
    let mut is_last = false;
    for _ in 0..MAX_BLOCKS {
        if is_last {
            break;
        }
        let Some([kind, size @ ..]) = source.array_at::<4>(offset)? else {
            return Err(Fault::Ends);
        };
        let size = size
            .iter()
            .fold(0, |size, &byte| size << 8 | u64::from(byte));
        if kind & 0x7f == 0 && stream_info.is_none() {
            let Some(bytes) = source.array_at::<STREAM_INFO_BYTES>(offset + 4)? else {
                return Err(Fault::Ends);
            };
            stream_info = Some(bytes);
        }
        is_last = kind & 0x80 != 0;
        offset += 4 + size;
    }
    let stream_info =
        stream_info.ok_or_else(|| damaged("its first block of metadata is missing"))?;
    if !is_last {
        return Err(damaged("its metadata do not end"));
    }
    let [
        ..,
        r0,
        r1,
        r2,
        r3,
        f0,
        f1,
        f2,
        f3,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
        _,
    ] = stream_info;
    let packed = u32::from_be_bytes([r0, r1, r2, r3]);
    let frames = u64::from(r3 & 0x0f) << 32 | u64::from(u32::from_be_bytes([f0, f1, f2, f3]));

    let mut params = AudioCodecParameters::new();
    params
        .for_codec(CODEC_ID_FLAC)
        .with_extra_data(stream_info.into());
    let decoder = FlacDecoder::try_new(&params, &AudioDecoderOptions::default())?;
    let mut info = AudioInfo {
        format: AudioFormat::Flac,
        rate_hz: packed >> 12,
        channels: (packed >> 9 & 7) as u16 + 1,
        frames,
        bits: (packed >> 4 & 31) as u16 + 1,
        coding: SampleCoding::Flac,
        revision: REVISION,
    };

    let mut front = b"fLaC\x80\0\0\x22".to_vec();
    front.extend(stream_info);
    let end = tag::end_without_tags(&mut source)?;
    if offset >= end {
        return match frames {
            UNKNOWN => Err(damaged("it has no samples")),
            _ => Err(Fault::Ends),
        };
    }
    let stream = Window::stream(source, front, offset, end);
    let reader = FlacReader::try_new(stream, Default::default())?;
    let mut packets = FlacPackets {
        reader: Some(reader),
    };
    if frames == UNKNOWN {
        while let Some(placed) = packets.next()? {
            info.frames += placed.frames;
        }
        // At the end of the stream, the demuxer no longer finds back.
        if let Some(reader) = packets.reader.take() {
            let mut stream = Box::new(reader).into_inner();
            stream.seek(SeekFrom::Start(0))?;
            packets.reader = Some(FlacReader::try_new(stream, Default::default())?);
        }
    }
    Ok((info, Coded::new(packets, Box::new(decoder))))
}

impl Packets for FlacPackets {
    fn next(&mut self) -> Result<Option<Placed>, Fault> {
        let Some(reader) = &mut self.reader else {
            return Ok(None);
        };
        match reader.next_packet() {
            Ok(packet) => Ok(packet.map(|packet| {
                let (start, frames) = (packet.pts.get(), packet.dur.get());
                Placed::at(packet, start, frames)
            })),
            // What is missing is noticed by who counts the samples.
            Err(error) => match Fault::from(error) {
                Fault::Ends => Ok(None),
                fault => Err(fault),
            },
        }
    }

    fn seek(&mut self, at: u64) -> Result<(), Fault> {
        let ts = Timestamp::new(at as i64);
        let to = SeekTo::Timestamp { ts, track_id: 0 };
        match &mut self.reader {
            Some(reader) => reader.seek(SeekMode::Accurate, to).map(drop)?,
            None => return Err(Fault::Ends),
        }
        Ok(())
    }

    /// The number of samples in the header is that of the first recording.
    fn check_end(&mut self) -> Result<(), Fault> {
        let Some(reader) = self.reader.take() else {
            return Ok(());
        };
        // The demuxer stops at what begins a stream. Whatever else is behind the last sample is no recording.
        let mut stream = Box::new(reader).into_inner();
        let is_joined = stream.seek(SeekFrom::Start(FRONT_BYTES));
        match is_joined.and_then(|_| begins_again(&mut stream)) {
            Ok(true) => Err(Fault::Joined),
            Ok(false) | Err(_) => Ok(()),
        }
    }
}

/// Whether a stream begins somewhere in what is read: its mark, and the head of the block that describes it.
fn begins_again(stream: &mut impl Read) -> std::io::Result<bool> {
    const BLOCK_BYTES: usize = 1 << 16;
    let mut bytes = Vec::new();
    loop {
        let kept = bytes.len().min(FRONT_BYTES as usize - 1);
        bytes.drain(..bytes.len() - kept);
        let read = stream
            .by_ref()
            .take(BLOCK_BYTES as u64)
            .read_to_end(&mut bytes)?;
        let is_front = |front: &[u8]| {
            front.starts_with(b"fLaC") && front[4] & 0x7f == 0 && front[5..] == [0, 0, 0x22]
        };
        if bytes.windows(FRONT_BYTES as usize).any(is_front) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
    }
}
