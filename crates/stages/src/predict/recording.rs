//! A recording on its way to a prediction: what its header says, and the samples or features that are held of it.

use std::ops::Range;

use pipe_foundation::Features;

use super::sample_stream::SampleStream;
use super::{FailureReason, FrontEnd, Input, PredictOptions};

/// A recording whose header has been read.
pub struct Recording {
    /// Where it comes from.
    pub input: Input,
    /// Samples at the model's rate, or why it has no prediction.
    pub samples: Result<usize, FailureReason>,
    /// Standard input, which can be opened only once.
    opened: Option<SampleStream>,
}

/// A whole recording as the model takes it.
pub struct Whole {
    /// Its features, in the units of the model once they are known.
    pub features: Features,
    /// Samples at the model's rate.
    pub samples: usize,
    /// Every sample has the same value.
    pub silent: bool,
}

impl Recording {
    /// A recording of which nothing is known.
    pub fn new(input: &Input) -> Self {
        Self {
            input: input.clone(),
            samples: Ok(0),
            opened: None,
        }
    }

    /// Reads the header.
    pub fn look(&mut self, front_end: &FrontEnd, options: PredictOptions) {
        self.samples = open(&self.input, front_end, options).map(|stream| {
            let samples = stream.samples() as usize;
            if self.input == Input::Stdin {
                self.opened = Some(stream);
            }
            samples
        });
    }

    /// Its samples from the start.
    fn stream(
        &mut self,
        front_end: &FrontEnd,
        options: PredictOptions,
    ) -> Result<SampleStream, FailureReason> {
        // What is wrong with its header has been found already.
        std::mem::replace(&mut self.samples, Ok(0))?;
        match self.opened.take() {
            Some(stream) => Ok(stream),
            None => open(&self.input, front_end, options),
        }
    }

    /// The features of the whole recording; of its samples, a block is held.
    ///
    /// # Errors
    /// What keeps it from being read, or from having features.
    pub fn whole(
        &mut self,
        front_end: &FrontEnd,
        options: PredictOptions,
    ) -> Result<Whole, FailureReason> {
        let mut stream = self.stream(front_end, options)?;
        let mut fbank = front_end.fbank().map(|fbank| (fbank, fbank.stream()));
        // What a model in ONNX takes is held whole.
        let mut held = Vec::new();
        let (mut block, mut first, mut silent, mut samples) = (Vec::new(), None, true, 0);
        while stream.block(&mut block)? {
            first = first.or(block.first().copied());
            silent &= block.iter().all(|sample| Some(*sample) == first);
            samples += block.len();
            match &mut fbank {
                Some((_, features)) => features.push(&block),
                None => held.extend_from_slice(&block),
            }
            block.clear();
        }
        let rate_hz = front_end.rate_hz();
        let features = match fbank {
            Some((fbank, features)) => (fbank.finish(features))
                .map_err(|error| FailureReason::without_features(error, rate_hz))?,
            None => front_end.features(&held)?,
        };
        Ok(Whole {
            features,
            samples,
            silent,
        })
    }

    /// Its samples, of which none is held yet.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub fn held(
        &mut self,
        front_end: &FrontEnd,
        options: PredictOptions,
    ) -> Result<HeldSamples, FailureReason> {
        let stream = self.stream(front_end, options)?;
        Ok(HeldSamples {
            len: stream.samples() as usize,
            stream,
            samples: Vec::new(),
            before: 0,
        })
    }
}

/// Opens a recording that is not too long.
fn open(
    input: &Input,
    front_end: &FrontEnd,
    options: PredictOptions,
) -> Result<SampleStream, FailureReason> {
    let stream = SampleStream::open(input, front_end)?;
    let lasts_s = stream.duration_s();
    let window_s = options.windows.map_or(f64::INFINITY, |windows| {
        windows.length() as f64 / f64::from(front_end.rate_hz())
    });
    match lasts_s.min(window_s) > options.max_duration_s {
        true => Err(FailureReason::TooLong {
            lasts_s,
            most_s: options.max_duration_s,
        }),
        false => Ok(stream),
    }
}

/// The samples of a recording, of which a part is held.
pub struct HeldSamples {
    stream: SampleStream,
    samples: Vec<f32>,
    /// Samples before those that are held.
    before: usize,
    len: usize,
}

impl HeldSamples {
    /// Samples in all.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Reads on until `end` samples are there.
    ///
    /// # Errors
    /// A file that cannot be read, or holds infinite or NaN samples.
    pub fn read_to(&mut self, end: usize) -> Result<(), FailureReason> {
        let missing = end.saturating_sub(self.before + self.samples.len());
        self.samples.reserve(missing);
        if end == self.len {
            // The last block comes with what is left in the filters.
            while self.stream.block(&mut self.samples)? {}
        }
        while self.before + self.samples.len() < end && self.stream.block(&mut self.samples)? {}
        Ok(())
    }

    /// Drops samples before `start`, if they are most of what is held.
    pub fn drop_before(&mut self, start: usize) {
        let unused = start.saturating_sub(self.before).min(self.samples.len());
        if unused > self.samples.len() / 2 {
            self.samples.drain(..unused);
            self.before += unused;
        }
    }

    /// Samples that are held.
    pub fn get(&self, range: Range<usize>) -> &[f32] {
        let held = range.start.saturating_sub(self.before)..range.end.saturating_sub(self.before);
        self.samples.get(held).unwrap_or_default()
    }
}
