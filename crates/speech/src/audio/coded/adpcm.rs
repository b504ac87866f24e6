//! ADPCM of the IMA and of Microsoft, in blocks that are decoded on their own.

use std::io::{Read, Seek};

use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::audio::well_known::{CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoderOptions};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::AdpcmDecoder;

use super::coded_samples::Coded;
use super::fault::Fault;
use super::packets::{Packets, Placed};
use crate::audio::layout::{Blocks, Layout, SampleCoding};
use crate::audio::source::Source;

struct AdpcmBlocks<R> {
    source: Source<R>,
    data_offset: u64,
    blocks: Blocks,
    /// Bytes of samples, by the header; the file has as many.
    data_bytes: u64,
    /// The block that comes next.
    next: u64,
}

/// Opens the blocks that `layout` tells of.
pub(super) fn open<R: Read + Seek + Send + Sync + 'static>(
    source: Source<R>,
    layout: &Layout,
) -> Result<Coded, Fault> {
    let Some(blocks) = layout.blocks else {
        return Err(Fault::Damaged("it has no blocks".to_string()));
    };
    let mut params = AudioCodecParameters::new();
    params
        .for_codec(match layout.info.coding {
            SampleCoding::MsAdpcm => CODEC_ID_ADPCM_MS,
            _ => CODEC_ID_ADPCM_IMA_WAV,
        })
        .with_sample_rate(layout.info.rate_hz)
        .with_channels(match layout.info.channels {
            1 => CHANNEL_LAYOUT_MONO,
            _ => CHANNEL_LAYOUT_STEREO,
        })
        .with_max_frames_per_packet(blocks.frames)
        .with_frames_per_block(blocks.frames);
    let decoder = AdpcmDecoder::try_new(&params, &AudioDecoderOptions::default())?;
    let packets = AdpcmBlocks {
        data_bytes: source.len.saturating_sub(layout.data_offset),
        source,
        data_offset: layout.data_offset,
        blocks,
        next: 0,
    };
    Ok(Coded::new(packets, Box::new(decoder)))
}

impl<R: Read + Seek + Send + Sync> Packets for AdpcmBlocks<R> {
    fn next(&mut self) -> Result<Option<Placed>, Fault> {
        let Blocks { bytes, frames } = self.blocks;
        let start = self.next * bytes;
        let present = bytes.min(self.data_bytes.saturating_sub(start));
        if present == 0 {
            return Ok(None);
        }
        // A last block that is cut off is decoded as if zeros followed, which the number of frames leaves out.
        let mut block = vec![0; bytes as usize];
        let whole = &mut block[..present as usize];
        if !self.source.read_at(self.data_offset + start, whole)? {
            return Err(Fault::Ends);
        }
        let at = (self.next * frames) as i64;
        self.next += 1;
        let packet = Packet::new(0, Timestamp::new(at), Duration::new(frames), block);
        Ok(Some(Placed::at(packet, at, frames)))
    }

    fn seek(&mut self, at: u64) -> Result<(), Fault> {
        self.next = at / self.blocks.frames;
        Ok(())
    }
}
