//! An audio file that is open: its header is known, and its samples are decoded block by block.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use pipe_foundation::progress::Progress;

use super::coded::Coded;
use super::layout::{AudioInfo, Layout};
use super::open::{Opened, open};
use super::pcm::{self, Pick};
use super::source::Source;
use super::{AudioError, Waveform};

/// Samples are decoded from blocks of about this many bytes, so that a large file is never held whole.
const BLOCK_BYTES: u64 = 1 << 18;

/// Most samples of one channel in a block: of one byte each, they become many more where they are resampled to a much
/// higher rate.
const BLOCK_SAMPLES: u64 = 1 << 16;

/// Room for so many samples is made on the word of a header alone: some minutes.
const MOST_UNSEEN_SAMPLES: u64 = 1 << 23;

/// How far a segment may pass the end of the file, in seconds: transcripts round.
const SEGMENT_SLACK_S: f64 = 0.1;

/// No microphone and no converter gives a sample this far beyond full scale, not even one whose full scale is that of
/// integers of 32 bits.
const MOST_AMPLITUDE: f32 = 2_147_483_648.0;

/// An audio file, or a segment of one, as one channel of samples in their order.
pub struct AudioReader<R = File> {
    path: PathBuf,
    info: AudioInfo,
    samples: Samples<R>,
    pick: Pick,
    /// The first frame of the segment.
    start: u64,
    /// The frame after its last.
    end: u64,
    /// The frame that comes next.
    next: u64,
}

/// Where samples come from.
enum Samples<R> {
    Plain {
        source: Source<R>,
        layout: Layout,
        block: Vec<u8>,
    },
    Coded(Coded),
}

impl AudioReader<File> {
    /// Opens an audio file, or the segment from start to end in seconds, to be read as one channel. Only the header is
    /// read, and nothing is allocated that it promises.
    ///
    /// `channel` counts from 0; without it the channels are averaged. Full scale becomes 1.0. Only the bytes of the
    /// segment are read, in compressed formats with a little before them. A segment's bounds are rounded to the nearest sample; its end may pass the end of the file by
    /// 0.1 s, or be infinite, and is then the file's end. A WAV file whose header leaves its length open (0 or 0xFFFFFFFF, as written
    /// into pipes) is read to its end; any other file with fewer samples than its header promises is an error.
    ///
    /// # Errors
    /// As [`probe`](super::probe); also no samples at all, or a channel or segment the file does not have.
    pub fn open(
        path: &Path,
        segment_s: Option<(f64, f64)>,
        channel: Option<u16>,
    ) -> Result<Self, AudioError> {
        Self::new(Source::open(path)?, segment_s, channel)
    }
}

impl<R: Read + Seek + Send + Sync + 'static> AudioReader<R> {
    /// As [`AudioReader::open`], of all that a reader gives; `name` replaces the path in messages.
    ///
    /// # Errors
    /// As [`AudioReader::open`].
    pub fn from_reader(name: &Path, reader: R) -> Result<Self, AudioError> {
        Self::new(Source::from_reader(name, reader)?, None, None)
    }

    /// Reads the header, and finds the segment in it.
    pub(super) fn new(
        source: Source<R>,
        segment_s: Option<(f64, f64)>,
        channel: Option<u16>,
    ) -> Result<Self, AudioError> {
        let path = source.path.clone();
        let opened = open(source)?;
        let info = opened.info().clone();
        if info.frames == 0 {
            return Err(AudioError::NoSamples { path });
        }
        let pick = match channel {
            None => Pick::Mean,
            Some(channel) if channel < info.channels => Pick::Channel(usize::from(channel)),
            Some(channel) => {
                return Err(AudioError::NoSuchChannel {
                    path,
                    channel,
                    channels: info.channels,
                });
            }
        };
        let (start, end) = match segment_s {
            None => (0, info.frames),
            Some(segment_s) => match segment_frames(&info, segment_s) {
                Some(frames) => frames,
                None => {
                    return Err(AudioError::BadSegment {
                        path,
                        start_s: segment_s.0,
                        end_s: segment_s.1,
                        duration_s: info.duration_s(),
                    });
                }
            },
        };
        let samples = match opened {
            Opened::Plain { source, layout } => Samples::Plain {
                source,
                layout,
                block: Vec::new(),
            },
            Opened::Coded { mut coded, .. } => {
                if start > 0 {
                    coded
                        .seek(start)
                        .map_err(|fault| fault.of(&path, info.format))?;
                }
                Samples::Coded(coded)
            }
        };
        Ok(Self {
            path,
            info,
            samples,
            pick,
            start,
            end,
            next: start,
        })
    }

    /// What the header says of the whole file.
    pub fn info(&self) -> &AudioInfo {
        &self.info
    }

    /// Samples in all, of one channel. The file is long enough for them.
    pub fn samples(&self) -> u64 {
        self.end - self.start
    }

    /// Length of what is read, in seconds.
    pub fn duration_s(&self) -> f64 {
        self.samples() as f64 / f64::from(self.info().rate_hz)
    }

    /// Decodes the next samples, a block of at most 65,536, and appends them to `out`; false at the end.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged or has become shorter; samples that are infinite, NaN, or too large to be
    /// sound.
    pub fn block(&mut self, out: &mut Vec<f32>) -> Result<bool, AudioError> {
        if self.next >= self.end {
            if let (Samples::Coded(coded), true) = (&mut self.samples, self.end == self.info.frames)
            {
                let checked = coded.check_end();
                checked.map_err(|fault| fault.of(&self.path, self.info.format))?;
            }
            return Ok(false);
        }
        let before = out.len();
        let frames = match &mut self.samples {
            Samples::Plain {
                source,
                layout,
                block,
            } => {
                let frame_bytes = layout.frame_bytes();
                let frames = (BLOCK_BYTES / frame_bytes).clamp(1, BLOCK_SAMPLES);
                let frames = frames.min(self.end - self.next);
                // The header has been checked against the file's size, so that the first block is the largest.
                block.resize((frames * frame_bytes) as usize, 0);
                let offset = layout.data_offset + self.next * frame_bytes;
                if !source.read_at(offset, block)? {
                    return Err(AudioError::Truncated {
                        path: self.path.clone(),
                        promised_bytes: self.info.frames * frame_bytes,
                        present_bytes: source.len.saturating_sub(layout.data_offset),
                    });
                }
                pcm::decode(
                    block,
                    self.info.coding,
                    layout.big_endian,
                    usize::from(self.info.channels),
                    self.pick,
                    out,
                );
                frames
            }
            Samples::Coded(coded) => {
                let read = coded.read(self.next, self.end, self.pick, out);
                let frames = read.map_err(|fault| fault.of(&self.path, self.info.format))?;
                if frames == 0 {
                    return Err(AudioError::CutShort {
                        path: self.path.clone(),
                        promised_frames: self.info.frames,
                        present_frames: self.next,
                    });
                }
                frames
            }
        };
        self.check(&out[before..])?;
        self.next += frames;
        Ok(true)
    }

    /// Makes sure that the next samples are sound.
    fn check(&self, samples: &[f32]) -> Result<(), AudioError> {
        // NaN is not less than anything.
        let is_sound = |sample: &f32| sample.abs() < MOST_AMPLITUDE;
        let Some(at) = samples.iter().position(|sample| !is_sound(sample)) else {
            return Ok(());
        };
        let (path, frame) = (self.path.clone(), self.next + at as u64);
        Err(match samples[at] {
            sample if sample.is_finite() => AudioError::BeyondScale {
                path,
                frame,
                sample,
            },
            _ => AudioError::NotFinite {
                path,
                frame,
                bits: self.info.bits,
            },
        })
    }

    /// Decodes everything that has not been read.
    ///
    /// # Errors
    /// As [`Self::block`]; also more samples than there is room for, and once `progress` says so
    /// [`AudioError::Interrupted`].
    pub fn rest(&mut self, progress: &dyn Progress) -> Result<Waveform, AudioError> {
        let mut samples = Vec::new();
        // Of a compressed file, only decoding shows that it has what its header promises.
        let sure = match self.samples {
            Samples::Plain { .. } => self.end - self.next,
            Samples::Coded(_) => (self.end - self.next).min(MOST_UNSEEN_SAMPLES),
        };
        samples
            .try_reserve_exact(sure as usize)
            .map_err(|error| AudioError::Io {
                path: self.path.clone(),
                action: "make room for the samples of",
                source: std::io::Error::new(std::io::ErrorKind::OutOfMemory, error),
            })?;
        while self.block(&mut samples)? {
            if progress.interrupted() {
                return Err(AudioError::Interrupted {
                    path: self.path.clone(),
                });
            }
        }
        Ok(Waveform {
            samples,
            rate_hz: self.info().rate_hz,
        })
    }
}

/// First frame and end frame of a segment; none if the file does not hold it.
fn segment_frames(info: &AudioInfo, (start_s, end_s): (f64, f64)) -> Option<(u64, u64)> {
    let duration_s = info.duration_s();
    // Written so that NaN is refused as well.
    let valid = start_s >= 0.0
        && start_s < end_s
        && (end_s <= duration_s + SEGMENT_SLACK_S || end_s == f64::INFINITY);
    if !valid {
        return None;
    }
    let frame = |seconds: f64| (seconds * f64::from(info.rate_hz)).round() as u64;
    // An infinite end becomes the greatest number, and so the end of the file.
    let (start, end) = (frame(start_s), frame(end_s).min(info.frames));
    (start < end).then_some((start, end))
}
