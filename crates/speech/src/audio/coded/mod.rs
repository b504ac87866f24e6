//! Recordings in compressed formats: packets out of a container, and samples out of packets.
//!
//! The decoders and most demuxers are those of the package `symphonia`. Which samples belong to the recording is decided
//! here: what encoders put before and after it is left out, a packet that is missing is an error, and a segment has the
//! samples that it has when the file is decoded from its start.

mod adpcm;
mod fault;
mod flac;
mod mp4;
mod mp4_boxes;
mod ogg;
mod ogg_pages;
mod planes;
mod vorbis_setup;
mod walked;
mod window;

use std::io::{Read, Seek};

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::packet::Packet;

use super::AudioError;
use super::layout::{AudioInfo, Layout};
use super::pcm::Pick;
use super::sniff::AudioFormat;
use super::source::Source;
use fault::{Fault, guarded};

/// Packets of a recording in their order.
trait Packets: Send + Sync {
    /// The next packet; none at the end.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    fn next(&mut self) -> Result<Option<Placed>, Fault>;

    /// Goes to a packet from which a decoder without a past has caught up before frame `at` of the recording; 0 is the
    /// start.
    ///
    /// # Errors
    /// As [`Self::next`].
    fn seek(&mut self, at: u64) -> Result<(), Fault>;
}

/// A packet and where its samples are in the recording, as far as the container tells.
struct Placed {
    packet: Packet,
    /// Samples of each channel that it decodes to, where the container tells.
    frames: u64,
    /// The first frame that it decodes to; negative before the recording begins. None: the one after the packet before.
    starts_at: Option<i64>,
    /// The frame after its last, where the container tells that.
    ends_at: Option<i64>,
}

impl Placed {
    fn at(packet: Packet, starts_at: i64, frames: u64) -> Self {
        Self {
            packet,
            frames,
            starts_at: Some(starts_at),
            ends_at: None,
        }
    }
}

/// A compressed recording that is open.
pub(super) struct Coded {
    packets: Box<dyn Packets>,
    decoder: Box<dyn AudioDecoder>,
    /// The frame that the next packet decodes to, where it is known.
    next_at: Option<i64>,
    /// Packets at the start that may be undecodable: they refer to ones that were cut off.
    lenient_packets: u32,
    /// What has been decoded and not been taken, as the buffer of the decoder has it.
    decoded: Decoded,
}

/// Where the frames in the buffer of the decoder are in the recording.
#[derive(Clone, Copy, Default)]
struct Decoded {
    start: i64,
    frames: usize,
    /// They are silence in place of an undecodable packet.
    is_silence: bool,
}

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

impl Coded {
    fn new(packets: impl Packets + 'static, decoder: Box<dyn AudioDecoder>) -> Self {
        Self {
            packets: Box::new(packets),
            decoder,
            next_at: None,
            lenient_packets: 0,
            decoded: Decoded::default(),
        }
    }

    /// Continues where frame `at` can be decoded.
    pub fn seek(&mut self, at: u64) -> Result<(), Fault> {
        guarded(|| {
            self.decoder.reset();
            self.next_at = None;
            self.decoded = Decoded::default();
            self.packets.seek(at)
        })
    }

    /// Appends frames from `next` on, up to `end` and no more than fit into one packet; the number that were appended,
    /// which is 0 only where the recording ends before `next`.
    pub fn read(
        &mut self,
        next: u64,
        end: u64,
        pick: Pick,
        out: &mut Vec<f32>,
    ) -> Result<u64, Fault> {
        guarded(|| {
            loop {
                let Decoded {
                    start,
                    frames,
                    is_silence,
                } = self.decoded;
                // Frames are counted in 64 bits with a sign by the decoders too.
                let (next, end) = (next as i64, end as i64);
                let past = start.saturating_add(frames as i64);
                if next < past {
                    if start > next {
                        return Err(Fault::Damaged(format!(
                            "samples {next} to {} of each channel are missing",
                            start - 1
                        )));
                    }
                    let (from, to) = ((next - start) as usize, (past.min(end) - start) as usize);
                    match is_silence {
                        true => out.resize(out.len() + to - from, 0.0),
                        false => {
                            planes::append(&self.decoder.last_decoded(), from, to, pick, out);
                        }
                    }
                    return Ok((to - from) as u64);
                }
                if !self.decode_packet(next)? {
                    return Ok(0);
                }
            }
        })
    }

    /// Decodes the next packet; false at the end. Samples before `wanted` are not asked for.
    fn decode_packet(&mut self, wanted: i64) -> Result<bool, Fault> {
        let Some(Placed {
            packet,
            frames: told,
            starts_at,
            ends_at,
        }) = self.packets.next()?
        else {
            return Ok(false);
        };
        let start = starts_at.or(self.next_at);
        let is_lenient = self.lenient_packets > 0;
        self.lenient_packets = self.lenient_packets.saturating_sub(1);
        let mut is_silence = false;
        let frames = match self.decoder.decode(&packet) {
            Ok(buffer) => buffer.frames(),
            Err(error) => {
                let frames = told as usize;
                // One that is only decoded for those behind it may refer to what has not been.
                let is_before =
                    start.is_none_or(|start| start.saturating_add(frames as i64) <= wanted);
                match Fault::from(error) {
                    _ if is_lenient || is_before => {
                        is_silence = true;
                        frames
                    }
                    Fault::Ends => {
                        let detail = "a packet ends before its samples do";
                        return Err(Fault::Damaged(detail.to_string()));
                    }
                    fault => return Err(fault),
                }
            }
        };
        let past = start.map(|start| start.saturating_add(frames as i64));
        self.next_at = ends_at.or(past);
        self.decoded = match start {
            Some(start) => Decoded {
                start,
                frames,
                is_silence,
            },
            None => Decoded::default(),
        };
        Ok(true)
    }
}
