//! Features of a signal that comes block by block.

use pipe_foundation::Features;

use super::lanes::LANES;
use super::{Fbank, FbankError, Held, Scratch};

/// Computes the features of a signal that comes in blocks of any sizes: the bits of [`Fbank::compute`] for the whole
/// signal. It holds the features that are not taken, and of the signal the last block and frame; all of it only with
/// `dither`, as that noise depends on every sample.
pub struct FbankStream<'f> {
    fbank: &'f Fbank,
    /// Samples, as far as frames still need them.
    samples: Vec<f32>,
    /// Samples before them.
    before: usize,
    /// Frames that have been taken.
    taken: usize,
    /// Those after them.
    values: Vec<f32>,
    scratch: Scratch,
}

impl<'f> FbankStream<'f> {
    /// A stream that nothing has come from.
    pub fn new(fbank: &'f Fbank) -> Self {
        Self {
            fbank,
            samples: Vec::new(),
            before: 0,
            taken: 0,
            values: Vec::new(),
            scratch: fbank.scratch(),
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.samples.extend_from_slice(samples);
        if self.fbank.options.dither > 0.0 {
            return;
        }
        // Whole batches of frames that need no later sample, nor to know where the signal ends.
        let made = self.taken + self.values.len() / self.fbank.options.bins;
        let ready = self.inside(self.received());
        let batches = ready.saturating_sub(made) / LANES;
        self.make(made + batches * LANES);
    }

    /// The frames `[frames, bins]` that have been made and not been taken yet, in their order.
    pub fn take(&mut self) -> Vec<f32> {
        self.taken += self.values.len() / self.fbank.options.bins;
        std::mem::take(&mut self.values)
    }

    /// Ends the signal, and gives the frames that have not been taken.
    ///
    /// # Errors
    /// As [`Fbank::compute`].
    pub fn finish(mut self) -> Result<Features, FbankError> {
        if self.fbank.options.dither > 0.0 {
            return self.fbank.compute(&self.samples);
        }
        let frames = self.fbank.frames(self.received());
        if frames == 0 {
            return Err(self.fbank.too_short(self.received()));
        }
        self.make(frames);
        Ok(Features {
            frames: frames - self.taken,
            bins: self.fbank.options.bins,
            values: self.values,
        })
    }

    /// Samples so far.
    fn received(&self) -> usize {
        self.before + self.samples.len()
    }

    /// Frames that end within the first `len` samples.
    fn inside(&self, len: usize) -> usize {
        let length = self.fbank.window.len();
        // The first frame's end; a frame may start before the signal.
        let end = (self.fbank.start(0) + length as isize).max(0) as usize;
        match len.checked_sub(end) {
            Some(rest) => 1 + rest / self.fbank.options.frame_shift(),
            None => 0,
        }
    }

    /// Makes the frames up to `end`, and drops the samples that no later one needs.
    fn make(&mut self, end: usize) {
        let bins = self.fbank.options.bins;
        let filled = self.values.len();
        let wanted = end.saturating_sub(self.taken) * bins;
        if filled < wanted {
            self.values.resize(wanted, 0.0);
            let held = Held {
                samples: &self.samples,
                before: self.before,
                len: self.received(),
            };
            let out = &mut self.values[filled..];
            let first = self.taken + filled / bins;
            self.fbank.fill(held, first, out, &mut self.scratch);
        }
        // The last frames may see samples mirrored at the end: up to half a frame before they start.
        let start = self.fbank.start(end) - self.fbank.window.len() as isize;
        let unused = (start.max(0) as usize).saturating_sub(self.before);
        let unused = unused.min(self.samples.len());
        // Moved only where that is most of what is held.
        if unused > self.samples.len() / 2 {
            self.samples.drain(..unused);
            self.before += unused;
        }
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;
    use proptest::prelude::*;

    use super::super::FbankOptions;
    use super::*;

    /// The signal in blocks of the given sizes, over and over; what is made of it is taken after each, or all at the end.
    fn streamed(
        fbank: &Fbank,
        signal: &[f32],
        blocks: &[usize],
        takes: bool,
    ) -> Result<Features, FbankError> {
        let (mut stream, mut rest) = (FbankStream::new(fbank), signal);
        let mut values = Vec::new();
        for &size in blocks.iter().cycle() {
            let (block, later) = rest.split_at(size.min(rest.len()));
            stream.push(block);
            if takes {
                values.append(&mut stream.take());
            }
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        let mut last = stream.finish()?;
        values.append(&mut last.values);
        Ok(Features {
            frames: values.len() / last.bins,
            bins: last.bins,
            values,
        })
    }

    fn bits(features: &Result<Features, FbankError>) -> Result<Vec<u32>, &FbankError> {
        let values = |features: &Features| features.values.iter().map(|v| v.to_bits()).collect();
        features.as_ref().map(values)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn blocks_of_any_sizes_give_the_bits_of_the_whole_signal(
            len in prop_oneof![0..2_000_usize, 0..60_000_usize],
            blocks in prop::collection::vec(prop_oneof![1..500_usize, 1..20_000_usize], 1..5),
            rate_hz in prop_oneof![Just(16_000_u32), Just(8_000), Just(11_025), Just(44_100)],
            frame_length_ms in prop_oneof![Just(25.0), 4.0..60.0],
            frame_shift_ms in prop_oneof![Just(10.0), 1.0..80.0],
            snip_edges in any::<bool>(),
            dither in prop_oneof![Just(0.0), Just(0.0), Just(1.0)],
        ) {
            let fbank = Fbank::new(FbankOptions {
                sample_rate_hz: rate_hz,
                bins: 3,
                frame_length_ms,
                frame_shift_ms,
                snip_edges,
                dither,
                ..FbankOptions::default()
            }).expect("valid options");
            let signal = noise(len, 11);
            let whole = fbank.compute(&signal);
            for takes in [false, true] {
                let blockwise = streamed(&fbank, &signal, &blocks, takes);
                prop_assert_eq!(bits(&whole), bits(&blockwise));
            }
        }
    }

    #[test]
    fn what_is_held_of_the_signal_does_not_grow_with_it() {
        for snip_edges in [true, false] {
            let fbank = Fbank::new(FbankOptions {
                snip_edges,
                ..FbankOptions::default()
            });
            let fbank = fbank.expect("valid options");
            let mut stream = FbankStream::new(&fbank);
            let block = noise(10_000, 5);
            for _ in 0..100 {
                stream.push(&block);
                assert!(stream.samples.len() <= 4 * block.len());
            }
        }
    }
}
