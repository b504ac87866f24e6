//! AAC and Apple Lossless in MPEG-4 files (MP4, M4A, MOV).

use std::io::{Read, Seek, SeekFrom};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_ALAC};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::formats::{FormatReader, SeekMode, SeekTo, Track};
use symphonia::core::io::{MediaSourceStream, ReadBytes};
use symphonia::core::units::Timestamp;
use symphonia::default::codecs::{AacDecoder, AlacDecoder};
use symphonia::default::formats::IsoMp4Reader;

use super::coded_samples::Coded;
use super::fault::{CONVERT, Fault};
use super::mp4_boxes::{Boxes, Edit};
use super::packets::{Packets, Placed};
use super::walked::{info, untrimmed};
use super::window::Window;
use crate::audio::format::AudioFormat;
use crate::audio::layout::{AudioInfo, SampleCoding};
use crate::audio::source::Source;

/// Where the name of the first box is: the demuxer takes the bytes before it to have been read.
const FIRST_NAME: u64 = 4;

/// Entries of a table of times; each packet costs a walk over them. Recordings have one or two, films some thousands.
const MOST_TIMES: u32 = 1 << 16;

/// A table may list billions of packets without a byte.
const MOST_EMPTY_PACKETS: u32 = 1 << 16;

/// Blocks of AAC overlap with the one before.
const AAC_FRAMES_BEFORE: u64 = 2 * 1024;

struct Mp4Packets {
    reader: IsoMp4Reader<'static>,
    track: u32,
    /// Samples of each channel before the recording.
    delay: u64,
    /// Samples of each channel that are decoded before a segment.
    before: u64,
}

/// Opens an MPEG-4 file: its first track in a coding that is decoded.
pub(super) fn open<R: Read + Seek + Send + Sync + 'static>(
    mut source: Source<R>,
) -> Result<(AudioInfo, Coded), Fault> {
    let boxes = Boxes::read(&mut source)?;
    if boxes.longest_times() > MOST_TIMES {
        return Err(Fault::Unsupported(
            "a table of times with an entry for each packet".to_string(),
            CONVERT,
        ));
    }
    let end = source.len;
    let stream = Window::stream(source, Vec::new(), 0, end);
    let reader = demuxer(stream)?;
    let (track, params) = decodable(&reader)?;
    let coding = match params.codec {
        CODEC_ID_ALAC => SampleCoding::Alac,
        _ => SampleCoding::Aac,
    };
    let decoder: Box<dyn AudioDecoder> = match coding {
        SampleCoding::Alac => Box::new(AlacDecoder::try_new(&params, &untrimmed())?),
        _ => Box::new(AacDecoder::try_new(&params, &untrimmed()).map_err(too_complex)?),
    };
    let params = decoder.codec_params().clone();
    let rate_hz = params.sample_rate.unwrap_or_default();
    let units = track
        .time_base
        .map(|base| (base.numer.get(), base.denom.get()));
    if units != Some((1, rate_hz)) {
        return Err(Fault::Unsupported(
            "a track that does not count time in samples".to_string(),
            CONVERT,
        ));
    }
    let edit = boxes.edit(track.id)?;
    let mut packets = Mp4Packets {
        reader,
        track: track.id,
        delay: edit.delay,
        before: match coding {
            SampleCoding::Alac => 0,
            _ => AAC_FRAMES_BEFORE,
        },
    };
    let told = track.num_frames.filter(|&frames| frames > 0);
    let all = match told {
        Some(frames) => frames,
        None => {
            let frames = packets.count()?;
            // At the end of the stream, the demuxer no longer finds back.
            packets.reader = demuxer(Box::new(packets.reader).into_inner())?;
            frames
        }
    };
    let mut frames = recorded(all, rate_hz, edit);
    if let Some(told) = boxes.itunes_frames(track.id) {
        frames = frames.min(told);
    }
    let mut info = info(AudioFormat::Mp4, coding, &params, frames)?;
    if coding == SampleCoding::Alac {
        info.bits = params.bits_per_sample.unwrap_or_default() as u16;
    }
    Ok((info, Coded::new(packets, decoder)))
}

fn demuxer(mut stream: MediaSourceStream<'static>) -> Result<IsoMp4Reader<'static>, Fault> {
    stream.seek(SeekFrom::Start(0))?;
    stream.ignore_bytes(FIRST_NAME)?;
    Ok(IsoMp4Reader::try_new(stream, Default::default())?)
}

/// Samples of the recording, of `all` in the track. The length of an edit is rounded to units of the movie, often
/// milliseconds; one that is within a unit of the track's end is the track's.
fn recorded(all: u64, rate_hz: u32, edit: Edit) -> u64 {
    let rest = all.saturating_sub(edit.delay);
    let (Some(duration), 1..) = (edit.duration, edit.movie_timescale) else {
        return rest;
    };
    let in_samples = |units: u64| {
        let samples = u128::from(units) * u128::from(rate_hz);
        u64::try_from(samples / u128::from(edit.movie_timescale)).unwrap_or(u64::MAX)
    };
    match in_samples(duration.saturating_add(1)) >= rest {
        true => rest,
        false => in_samples(duration),
    }
}

/// The first track in a coding that is decoded.
fn decodable(reader: &IsoMp4Reader<'_>) -> Result<(Track, AudioCodecParameters), Fault> {
    let mut has_audio = false;
    for track in reader.tracks() {
        if let Some(CodecParameters::Audio(params)) = &track.codec_params {
            has_audio = true;
            if [CODEC_ID_AAC, CODEC_ID_ALAC].contains(&params.codec) {
                return Ok((track.clone(), params.clone()));
            }
        }
    }
    let what = match has_audio {
        true => "a coding other than AAC and Apple Lossless",
        false => "no track of sound",
    };
    Err(Fault::Unsupported(what.to_string(), CONVERT))
}

/// The decoder knows AAC of low complexity with one or two channels.
fn too_complex(error: symphonia::core::errors::Error) -> Fault {
    match Fault::from(error) {
        Fault::Unsupported(..) => Fault::Unsupported(
            "AAC of another profile than low complexity, or of more than two channels".to_string(),
            CONVERT,
        ),
        fault => fault,
    }
}

impl Mp4Packets {
    /// Samples of each channel of all packets; files in fragments do not tell.
    fn count(&mut self) -> Result<u64, Fault> {
        let mut past = 0;
        while let Some(placed) = self.next()? {
            let start = placed.starts_at.unwrap_or_default();
            past = start.saturating_add((placed.frames + self.delay) as i64);
        }
        Ok(u64::try_from(past).unwrap_or_default())
    }
}

impl Packets for Mp4Packets {
    fn next(&mut self) -> Result<Option<Placed>, Fault> {
        let mut empty = 0;
        while let Some(packet) = self.reader.next_packet()? {
            empty += u32::from(packet.data.is_empty());
            if empty > MOST_EMPTY_PACKETS {
                return Err(Fault::Damaged("its packets are empty".to_string()));
            }
            if packet.track_id == self.track && !packet.data.is_empty() {
                let start = packet.pts.get().saturating_sub_unsigned(self.delay);
                let frames = packet.dur.get();
                return Ok(Some(Placed::at(packet, start, frames)));
            }
        }
        Ok(None)
    }

    fn seek(&mut self, at: u64) -> Result<(), Fault> {
        let ts = at.saturating_add(self.delay).saturating_sub(self.before);
        let ts = Timestamp::new(ts as i64);
        let to = SeekTo::Timestamp {
            ts,
            track_id: self.track,
        };
        self.reader.seek(SeekMode::Accurate, to)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_an_edit_counts_where_it_is_no_rounding() {
        let edit = |duration, movie_timescale| Edit {
            delay: 1_024,
            duration,
            movie_timescale,
        };
        let frames = |edit| recorded(31_035, 44_100, edit);
        assert_eq!(frames(edit(None, 1_000)), 30_011);
        // 680.5 ms, cut or rounded to milliseconds.
        assert_eq!(frames(edit(Some(680), 1_000)), 30_011);
        assert_eq!(frames(edit(Some(681), 1_000)), 30_011);
        assert_eq!(frames(edit(Some(500), 1_000)), 22_050);
        assert_eq!(frames(edit(Some(30_000), 44_100)), 30_000);
        assert_eq!(frames(edit(Some(u64::MAX), 44_100)), 30_011);
        assert_eq!(frames(edit(Some(7), 0)), 30_011);
        assert_eq!(recorded(1_000, 44_100, edit(None, 1_000)), 0);
    }
}
