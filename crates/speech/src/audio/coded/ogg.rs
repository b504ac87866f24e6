//! Vorbis in Ogg (Vorbis I specification, appendix A).

use std::io::{Read, Seek};

use symphonia::core::codecs::audio::well_known::CODEC_ID_VORBIS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::VorbisDecoder;

use super::coded_samples::Coded;
use super::fault::{CONVERT, Fault};
use super::ogg_pages::{OggPacket, OggStream, Page};
use super::packets::{Packets, Placed};
use super::vorbis_setup;
use super::walked::untrimmed;
use crate::audio::format::AudioFormat;
use crate::audio::layout::{AudioInfo, SampleCoding};
use crate::audio::revision::REVISION;
use crate::audio::source::Source;
use crate::audio::tag;

/// A page from which a segment can be read is remembered for so many bytes.
const ENTRY_EVERY: u64 = 1 << 12;

/// The first bytes of the first packet, by coding.
const VORBIS: &[u8] = b"\x01vorbis";
/// Others, by theirs, and what to do with a file of them.
const OTHERS: [(&[u8], &str, &str); 4] = [
    (
        b"OpusHead",
        "Opus",
        "convert it, for example with `ffmpeg -i X.opus X.wav`",
    ),
    (
        b"\x7fFLAC",
        "FLAC",
        "take it out of Ogg as it is, with `ffmpeg -i X.ogg -c copy X.flac`: FLAC in its own files is read",
    ),
    (
        b"Speex   ",
        "Speex",
        "convert it, for example with `ffmpeg -i X.spx X.wav`",
    ),
    (b"\x80theora", "Theora", CONVERT),
];

struct VorbisPackets<R> {
    stream: OggStream<R>,
    /// Where the first page with samples is.
    first_page: u64,
    /// Pages with the position after them.
    index: Vec<(u64, u64)>,
    /// Where the first sample is that comes out of the first two packets; it is negative where samples are left out.
    start: i64,
    /// The position that counts as 0.
    zero: u64,
    /// The next packet is the first.
    is_at_start: bool,
    /// Where the next packet begins has been told.
    is_placed: bool,
}

/// What walking over the pages finds.
struct StreamScan {
    serial: u32,
    end: u64,
    /// Position after the last packet.
    last: u64,
    index: Vec<(u64, u64)>,
}

/// Opens an Ogg file.
pub(super) fn open<R: Read + Seek + Send + Sync + 'static>(
    mut source: Source<R>,
) -> Result<(AudioInfo, Coded), Fault> {
    let StreamScan {
        serial,
        end,
        last,
        index,
    } = scan(&mut source)?;
    let mut stream = OggStream::new(source, serial, end);
    let mut header = || stream.next()?.ok_or(Fault::Ends);
    let identification = header()?.bytes;
    // Titles and pictures.
    header()?;
    let setup = header()?.bytes;
    vorbis_setup::check(&setup)?;
    if !stream.is_page_done() {
        let detail = "its samples do not begin on a page of their own".to_string();
        return Err(Fault::Damaged(detail));
    }
    let (Some(&channels), Some(&[r0, r1, r2, r3])) = (
        identification.get(11),
        identification
            .get(12..)
            .and_then(|bytes| bytes.first_chunk()),
    ) else {
        return Err(Fault::Damaged("its first packet is too short".to_string()));
    };
    let mut params = AudioCodecParameters::new();
    params
        .for_codec(CODEC_ID_VORBIS)
        .with_extra_data([identification, setup].concat().into());
    let mut decoder = VorbisDecoder::try_new(&params, &untrimmed())?;

    let first_page = stream.next_page();
    let (frames, granule) = first_samples(&mut stream, &mut decoder)?;
    // A first page that ends earlier than its samples says how many of them to leave out; one that ends later is of a
    // recording that was cut out of another.
    let start = match granule {
        Some(granule) => granule as i64 - frames as i64,
        None => 0,
    };
    let zero = u64::try_from(start).unwrap_or_default();
    let info = AudioInfo {
        format: AudioFormat::Ogg,
        rate_hz: u32::from_le_bytes([r0, r1, r2, r3]),
        channels: u16::from(channels),
        frames: last.saturating_sub(zero),
        bits: 0,
        coding: SampleCoding::Vorbis,
        revision: REVISION,
    };
    let packets = VorbisPackets {
        stream,
        first_page,
        index,
        start: start.min(0),
        zero,
        is_at_start: true,
        is_placed: false,
    };
    let mut coded = Coded::new(packets, Box::new(decoder));
    coded.seek(0)?;
    Ok((info, coded))
}

/// Walks over all pages: each says how long it is.
fn scan<R: Read + Seek>(source: &mut Source<R>) -> Result<StreamScan, Fault> {
    let end = tag::end_without_tags(source)?;
    let mut offset = 0;
    let mut serial = None;
    let mut other = None;
    let mut samples_begun = false;
    let mut last = 0;
    let mut index: Vec<(u64, u64)> = Vec::new();
    while let Some(page) = Page::at(source, offset, end)? {
        if page.is_first {
            if samples_begun {
                return Err(Fault::Unsupported(
                    "several recordings one after another".to_string(),
                    CONVERT,
                ));
            }
            let mut head = [0; 8];
            let begin = page.offset + 27 + page.lacing.len() as u64;
            source.read_at(begin, &mut head)?;
            if serial.is_none() && head.starts_with(VORBIS) {
                serial = Some(page.serial);
            } else if other.is_none() {
                other = OTHERS.iter().find(|(magic, ..)| head.starts_with(magic));
            }
        } else {
            samples_begun = true;
        }
        if Some(page.serial) == serial
            && let Some(granule) = page.granule
        {
            last = granule.max(last);
            let whole = page.packets() - usize::from(page.is_continued && page.packets() > 0);
            let is_due = index
                .last()
                .is_none_or(|&(entry, _)| page.offset - entry >= ENTRY_EVERY);
            if granule > 0 && whole > 0 && !page.is_last && is_due {
                index.push((page.offset, granule));
            }
        }
        offset = page.end();
    }
    match (serial, other) {
        (Some(serial), _) => Ok(StreamScan {
            serial,
            end,
            last,
            index,
        }),
        (None, Some((_, name, advice))) => Err(Fault::Unsupported((*name).to_string(), advice)),
        (None, None) => Err(Fault::Unsupported("an unknown coding".to_string(), CONVERT)),
    }
}

/// Samples of each channel that come out of the packets of the first page, and the position after it.
fn first_samples<R: Read + Seek>(
    stream: &mut OggStream<R>,
    decoder: &mut VorbisDecoder,
) -> Result<(u64, Option<u64>), Fault> {
    let mut frames = 0;
    let mut is_first = true;
    while let Some(OggPacket { bytes, granule }) = stream.next()? {
        let buffer = decoder.decode(&packet(bytes))?;
        // The first one only begins what overlaps with the second.
        frames += match std::mem::take(&mut is_first) {
            true => 0,
            false => buffer.frames() as u64,
        };
        if granule.is_some() {
            return Ok((frames, granule));
        }
    }
    Ok((frames, None))
}

fn packet(bytes: Vec<u8>) -> Packet {
    Packet::new(0, Timestamp::ZERO, Duration::ZERO, bytes)
}

impl<R: Read + Seek + Send + Sync> Packets for VorbisPackets<R> {
    fn next(&mut self) -> Result<Option<Placed>, Fault> {
        let Some(OggPacket { bytes, granule }) = self.stream.next()? else {
            return Ok(None);
        };
        let ends_at = match (std::mem::take(&mut self.is_at_start), self.is_placed) {
            (true, _) => Some(self.start),
            // Packets are counted from the end of the first page on.
            (false, false) => granule.map(|granule| granule as i64 - self.zero as i64),
            (false, true) => None,
        };
        self.is_placed |= ends_at.is_some();
        Ok(Some(Placed {
            packet: packet(bytes),
            frames: 0,
            starts_at: None,
            ends_at,
        }))
    }

    fn seek(&mut self, at: u64) -> Result<(), Fault> {
        self.is_placed = false;
        let wanted = at.saturating_add(self.zero);
        let before = self
            .index
            .partition_point(|&(_, granule)| granule <= wanted);
        let page = match before
            .checked_sub(1)
            .and_then(|entry| self.index.get(entry))
        {
            Some(&(page, _)) if page > self.first_page => Some(page),
            _ => None,
        };
        self.is_at_start = page.is_none();
        self.stream.go_to(page.unwrap_or(self.first_page));
        Ok(())
    }
}
