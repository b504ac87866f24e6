//! The samples of a compressed recording: packets decoded one after another, from any place on.

use symphonia::core::codecs::audio::AudioDecoder;

use super::fault::{Fault, guarded};
use super::packets::{Packets, Placed};
use super::planes;
use crate::audio::pcm::Pick;

/// A compressed recording that is open.
pub(in crate::audio) struct Coded {
    packets: Box<dyn Packets>,
    decoder: Box<dyn AudioDecoder>,
    /// The frame that the next packet decodes to, where it is known.
    next_at: Option<i64>,
    /// Packets at the start that may be undecodable: they refer to ones that were cut off.
    pub(super) lenient_packets: u32,
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

impl Coded {
    pub(super) fn new(packets: impl Packets + 'static, decoder: Box<dyn AudioDecoder>) -> Self {
        Self {
            packets: Box::new(packets),
            decoder,
            next_at: None,
            lenient_packets: 0,
            decoded: Decoded::default(),
        }
    }

    /// Continues where frame `at` can be decoded.
    pub(in crate::audio) fn seek(&mut self, at: u64) -> Result<(), Fault> {
        guarded(|| {
            self.decoder.reset();
            self.next_at = None;
            self.decoded = Decoded::default();
            self.packets.seek(at)
        })
    }

    /// Makes sure, once the last sample has been read, that no other recording follows.
    ///
    /// # Errors
    /// Another recording; a file that cannot be read.
    pub(in crate::audio) fn check_end(&mut self) -> Result<(), Fault> {
        guarded(|| self.packets.check_end())
    }

    /// Appends frames from `next` on, up to `end` and no more than fit into one packet; the number that were appended,
    /// which is 0 only where the recording ends before `next`.
    pub(in crate::audio) fn read(
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
