//! A recording at the model's rate: decoded and resampled block by block.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use pipe_speech::audio::{AudioError, AudioReader, SNIFF_BYTES, sniff};
use pipe_speech::dsp::ResampleStream;
use tempfile::SpooledTempFile;

use super::{FailureReason, FrontEnd, Input};

/// Bytes of standard input that are kept in memory; more are kept in a temporary file without a name.
const IN_MEMORY: usize = 16 << 20;

/// The samples of a recording in their order, of which no more than a block is held.
pub struct SampleStream {
    reader: Reader,
    /// What samples go through; empty once all have.
    resamplers: Vec<ResampleStream>,
    is_finished: bool,
    samples: u64,
    duration_s: f64,
}

enum Reader {
    File(AudioReader<File>),
    Stdin(AudioReader<SpooledTempFile>),
}

impl SampleStream {
    /// Opens a recording and reads its header; standard input is read to its end.
    ///
    /// # Errors
    /// What is wrong with the file or its header; a rate that cannot be converted.
    pub fn open(input: &Input, front_end: &FrontEnd) -> Result<Self, FailureReason> {
        let reader = match input {
            Input::File(path) => Reader::File(AudioReader::open(path, None, None)?),
            Input::Stdin => Reader::Stdin(stdin()?),
        };
        let (samples, rate_hz) = match &reader {
            Reader::File(reader) => (reader.samples(), reader.info().rate_hz),
            Reader::Stdin(reader) => (reader.samples(), reader.info().rate_hz),
        };
        let duration_s = samples as f64 / f64::from(rate_hz);
        let resamplers = front_end.resamplers(rate_hz)?;
        let samples = resamplers
            .iter()
            .fold(samples, |samples, resampler| resampler.output_len(samples));
        Ok(Self {
            reader,
            resamplers: resamplers.into_iter().map(ResampleStream::new).collect(),
            is_finished: false,
            samples,
            duration_s,
        })
    }

    /// Samples in all, at the model's rate.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Length in seconds, as the header has it.
    pub fn duration_s(&self) -> f64 {
        self.duration_s
    }

    /// Appends the next samples to `out`; false at the end.
    ///
    /// # Errors
    /// A file that cannot be read, or holds infinite or NaN samples.
    pub fn block(&mut self, out: &mut Vec<f32>) -> Result<bool, FailureReason> {
        if self.is_finished {
            return Ok(false);
        }
        if self.resamplers.is_empty() {
            self.is_finished = !self.reader.block(out)?;
            return Ok(!self.is_finished);
        }
        let mut samples = Vec::new();
        self.is_finished = !self.reader.block(&mut samples)?;
        if self.is_finished {
            // What one gives at its end is input of the next.
            for mut resampler in self.resamplers.drain(..) {
                let mut made = Vec::new();
                resampler.push(&samples, &mut made);
                resampler.finish(&mut made);
                samples = made;
            }
            out.append(&mut samples);
            return Ok(true);
        }
        if let Some((last, before)) = self.resamplers.split_last_mut() {
            for resampler in before {
                let mut made = Vec::new();
                resampler.push(&samples, &mut made);
                samples = made;
            }
            last.push(&samples, out);
        }
        Ok(true)
    }
}

impl Reader {
    fn block(&mut self, out: &mut Vec<f32>) -> Result<bool, AudioError> {
        match self {
            Self::File(reader) => reader.block(out),
            Self::Stdin(reader) => reader.block(out),
        }
    }
}

/// Standard input may have no end; a WAV file counts its bytes in 32 bits.
const MOST_BYTES: u64 = 1 << 32;

/// Standard input, read to its end: where its samples are and how many there are may be known only then.
fn stdin() -> Result<AudioReader<SpooledTempFile>, FailureReason> {
    let mut spooled = SpooledTempFile::new(IN_MEMORY);
    let mut input = std::io::stdin().lock().take(MOST_BYTES + 1);
    let name = Path::new("standard input");
    let mut head = Vec::new();
    let read = input
        .by_ref()
        .take(SNIFF_BYTES as u64)
        .read_to_end(&mut head);
    read.map_err(FailureReason::Stdin)?;
    if head.is_empty() {
        return Err(FailureReason::StdinEmpty);
    }
    // What is no recording, and may never end, is not waited for. Behind a tag there may be anything.
    if head.len() == SNIFF_BYTES && !head.starts_with(b"ID3") {
        sniff(name, &head)?;
    }
    let mut input = head.as_slice().chain(input);
    let read = std::io::copy(&mut input, &mut spooled).map_err(FailureReason::Stdin)?;
    if read > MOST_BYTES {
        let reason = "it is longer than the 4 GiB that a WAV file can be";
        return Err(FailureReason::Stdin(std::io::Error::other(reason)));
    }
    Ok(AudioReader::from_reader(name, spooled)?)
}
