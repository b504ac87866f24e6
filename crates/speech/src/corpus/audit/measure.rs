//! What one reading of a recording tells of it: level, silence, clipping, and its fingerprint.

use pipe_foundation::progress::Progress;

use crate::audio::{AudioError, AudioFormat, AudioReader, SampleCoding, Waveform};
use crate::corpus::AudioSource;

use super::fingerprint::{COMPARED_S, Fingerprint, Fingerprinter};

/// Length of the frames whose levels are compared.
const FRAMES_PER_S: u32 = 50;
/// A frame whose energy is this much of the loudest frame's, 40 dB less, is silence.
const SILENT_ENERGY: f64 = 1e-4;
/// So many samples in a row at full scale are clipped; one may be a peak.
const CLIPPED_RUN: u64 = 3;

/// What one reading of a recording tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Measures {
    /// Rate in Hz.
    pub rate_hz: u32,
    /// Channels of the file.
    pub channels: u16,
    /// Bits of a stored sample; 0 where the coding is lossy.
    pub bits: u16,
    /// Container format of the file, by its content; none of what is made without one.
    pub format: Option<AudioFormat>,
    /// Length in seconds.
    pub duration_s: f64,
    /// Root mean square without the mean, in dB of full scale; minus infinity for digital silence.
    pub loudness_db: f64,
    /// Mean of the samples; full scale is 1.
    pub offset: f64,
    /// Whether all samples are equal.
    pub is_constant: bool,
    /// Share of frames of 20 ms that are 40 dB quieter than the loudest, or more.
    pub silence_share: f64,
    /// Share of samples at full scale that follow each other.
    pub clipped_share: f64,
    /// What copies of it share; none where it is too short or too quiet.
    pub fingerprint: Option<Fingerprint>,
}

/// Why a recording could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is to blame.
    pub blame: ReadingBlame,
    /// What is wrong, without the path of the file.
    pub reason: String,
}

/// What keeps a recording from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingBlame {
    /// Its header promises more samples than there are.
    Cut,
    /// Anything else that is wrong with the file.
    File,
    /// The system, which did not give it, or the user, who stopped: it may be read another time.
    System,
}

impl Unreadable {
    fn of(error: &AudioError) -> Self {
        Self {
            blame: match error {
                AudioError::Truncated { .. }
                | AudioError::CutShort { .. }
                | AudioError::EndsEarly { .. } => ReadingBlame::Cut,
                AudioError::Io { .. } | AudioError::Interrupted { .. } => ReadingBlame::System,
                _ => ReadingBlame::File,
            },
            reason: error.without_path(),
        }
    }
}

/// Reads a recording once, block by block.
///
/// # Errors
/// A recording that cannot be read.
pub fn measure(
    source: &AudioSource,
    fingerprinter: &Fingerprinter,
    progress: &dyn Progress,
) -> Result<Measures, Unreadable> {
    match source {
        AudioSource::File {
            path,
            segment_s,
            channel,
        } => measure_file(
            AudioReader::open(path, *segment_s, *channel).map_err(|e| Unreadable::of(&e))?,
            fingerprinter,
            progress,
        ),
        AudioSource::Synthetic(utterance) => {
            let wave = utterance.render();
            let mut level = Level::new(wave.rate_hz, SampleCoding::F32);
            level.add(&wave.samples);
            // What is made is kept as one channel of 32-bit floats.
            level.measures((1, 32, None), fingerprinter)
        }
    }
}

fn measure_file(
    mut reader: AudioReader,
    fingerprinter: &Fingerprinter,
    progress: &dyn Progress,
) -> Result<Measures, Unreadable> {
    let info = reader.info().clone();
    let mut level = Level::new(info.rate_hz, info.coding);
    let mut block = Vec::new();
    while reader.block(&mut block).map_err(|e| Unreadable::of(&e))? {
        level.add(&block);
        block.clear();
        if progress.interrupted() {
            return Err(Unreadable {
                blame: ReadingBlame::System,
                reason: "the audit was interrupted".into(),
            });
        }
    }
    level.measures((info.channels, info.bits, Some(info.format)), fingerprinter)
}

/// Sums over the samples that were seen.
struct Level {
    rate_hz: u32,
    /// The least magnitude that is full scale.
    full_scale: f32,
    start: Vec<f32>,
    first: f32,
    is_constant: bool,
    samples: u64,
    sum: f64,
    energy: f64,
    clipped: u64,
    run: u64,
    frame: Frame,
    /// Energy of each frame, without its mean.
    frames: Vec<f32>,
}

#[derive(Default)]
struct Frame {
    samples: u32,
    sum: f64,
    energy: f64,
}

impl Frame {
    fn energy(&self) -> f64 {
        let samples = f64::from(self.samples);
        (self.energy / samples - (self.sum / samples).powi(2)).max(0.0)
    }
}

impl Level {
    fn new(rate_hz: u32, coding: SampleCoding) -> Self {
        Self {
            rate_hz,
            full_scale: match coding {
                SampleCoding::U8 | SampleCoding::I8 => 0.99,
                // The largest value of companded speech is 0.98.
                SampleCoding::MuLaw | SampleCoding::ALaw => 0.98,
                _ => 0.9999,
            },
            start: Vec::new(),
            first: 0.0,
            is_constant: true,
            samples: 0,
            sum: 0.0,
            energy: 0.0,
            clipped: 0,
            run: 0,
            frame: Frame::default(),
            frames: Vec::new(),
        }
    }

    fn add(&mut self, block: &[f32]) {
        let room = (COMPARED_S * f64::from(self.rate_hz)) as usize - self.start.len();
        self.start
            .extend_from_slice(&block[..room.min(block.len())]);
        if self.samples == 0 {
            self.first = block.first().copied().unwrap_or_default();
        }
        let frame_samples = (self.rate_hz / FRAMES_PER_S).max(1);
        for &sample in block {
            self.is_constant &= sample == self.first;
            self.run = match sample.abs() >= self.full_scale {
                true => self.run + 1,
                false => 0,
            };
            self.clipped += match self.run {
                run if run < CLIPPED_RUN => 0,
                CLIPPED_RUN => CLIPPED_RUN,
                _ => 1,
            };
            let sample = f64::from(sample);
            self.frame.sum += sample;
            self.frame.energy += sample * sample;
            self.frame.samples += 1;
            if self.frame.samples == frame_samples {
                self.end_frame();
            }
        }
        self.samples += block.len() as u64;
    }

    fn end_frame(&mut self) {
        self.frames.push(self.frame.energy() as f32);
        self.sum += self.frame.sum;
        self.energy += self.frame.energy;
        self.frame = Frame::default();
    }

    fn measures(
        mut self,
        (channels, bits, format): (u16, u16, Option<AudioFormat>),
        fingerprinter: &Fingerprinter,
    ) -> Result<Measures, Unreadable> {
        if self.frame.samples > 0 {
            self.end_frame();
        }
        let samples = self.samples.max(1) as f64;
        let offset = self.sum / samples;
        let power = match self.is_constant {
            true => 0.0,
            false => (self.energy / samples - offset * offset).max(0.0),
        };
        let loudest = self.frames.iter().copied().fold(0.0, f32::max);
        let least = f64::from(loudest) * SILENT_ENERGY;
        let silent = self
            .frames
            .iter()
            .filter(|&&energy| f64::from(energy) <= least);
        let start = Waveform {
            rate_hz: self.rate_hz,
            samples: self.start,
        };
        let fingerprint = fingerprinter.of(&start).map_err(|error| Unreadable {
            blame: ReadingBlame::File,
            reason: error.to_string(),
        })?;
        Ok(Measures {
            rate_hz: self.rate_hz,
            channels,
            bits,
            format,
            duration_s: self.samples as f64 / f64::from(self.rate_hz),
            loudness_db: 10.0 * power.log10(),
            offset,
            is_constant: self.is_constant,
            silence_share: silent.count() as f64 / self.frames.len().max(1) as f64,
            clipped_share: self.clipped as f64 / samples,
            fingerprint: fingerprint.filter(|_| !self.is_constant),
        })
    }
}
