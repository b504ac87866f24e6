//! Resampling of a signal that comes block by block.

use std::sync::Arc;

use super::filter::PhaseTable;
use super::{Resampler, dot};

/// Resamples a signal that comes in blocks of any sizes: together, what it gives are the bits of
/// [`Resampler::process`] for the whole signal. It holds no more than the last block and the taps of the filter.
pub struct ResampleStream {
    resampler: Arc<Resampler>,
    /// Input with the silence before it, as far as outputs still need it.
    padded: Vec<f32>,
    /// Place of the first of them in the padded input.
    base: u64,
    /// Input samples so far.
    received: u64,
    /// Output samples so far.
    made: u64,
}

impl ResampleStream {
    /// A stream that nothing has come from.
    pub fn new(resampler: Arc<Resampler>) -> Self {
        // As in `process_with`, an output at input position p sees inputs from p - before on.
        let before = resampler
            .table
            .as_ref()
            .map_or(0, |table| table.taps / 2 - 1);
        Self {
            resampler,
            padded: vec![0.0; before],
            base: 0,
            received: 0,
            made: 0,
        }
    }

    /// Takes the next input, and appends the output that needs no later input to `out`.
    pub fn push(&mut self, input: &[f32], out: &mut Vec<f32>) {
        let resampler = self.resampler.clone();
        self.received += input.len() as u64;
        let Some(table) = &resampler.table else {
            out.extend_from_slice(input);
            return;
        };
        self.padded.extend_from_slice(input);
        // Outputs whose last tap is on an input that is there.
        let ready = self.received.checked_sub(table.taps as u64 / 2);
        let ready = ready.map_or(0, |inputs| resampler.output_len(inputs));
        self.make(&resampler, table, ready, out);
    }

    /// Ends the input, and appends the rest of the output to `out`.
    pub fn finish(mut self, out: &mut Vec<f32>) {
        let resampler = self.resampler.clone();
        let Some(table) = &resampler.table else {
            return;
        };
        self.padded.resize(self.padded.len() + table.taps, 0.0);
        let all = resampler.output_len(self.received);
        self.make(&resampler, table, all, out);
    }

    /// Makes the output up to `end`.
    fn make(&mut self, resampler: &Resampler, table: &PhaseTable, end: u64, out: &mut Vec<f32>) {
        while self.made < end {
            let count = (end - self.made).min(resampler.block() as u64) as usize;
            let position = self.made * resampler.from;
            let (first, part) = (position / resampler.to, position % resampler.to);
            let padded = &self.padded[(first - self.base) as usize..];
            let before = out.len();
            out.resize(before + count, 0.0);
            run(resampler, table, padded, part, &mut out[before..]);
            self.made += count as u64;
        }
        // What no later output sees; moved only where that is most of what is held.
        let first = self.made * resampler.from / resampler.to;
        let unused = ((first - self.base) as usize).min(self.padded.len());
        if unused > self.padded.len() / 2 {
            self.padded.drain(..unused);
            self.base += unused as u64;
        }
    }
}

/// [`Resampler::run`] with the widest instructions of the processor.
fn run(resampler: &Resampler, table: &PhaseTable, padded: &[f32], part: u64, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = dot::Avx2::detect() {
        return resampler.run(avx2, table, padded, part, out);
    }
    resampler.run(dot::Portable, table, padded, part, out);
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;
    use proptest::prelude::*;

    use super::*;

    /// The signal in blocks of the given sizes, over and over.
    fn streamed(from_hz: u32, to_hz: u32, signal: &[f32], blocks: &[usize]) -> Vec<f32> {
        let resampler = Arc::new(Resampler::new(from_hz, to_hz).expect("rates"));
        let mut stream = ResampleStream::new(resampler);
        let (mut out, mut rest) = (Vec::new(), signal);
        for &size in blocks.iter().cycle() {
            let (block, later) = rest.split_at(size.min(rest.len()));
            stream.push(block, &mut out);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        stream.finish(&mut out);
        out
    }

    fn bits(samples: &[f32]) -> Vec<u32> {
        samples.iter().map(|sample| sample.to_bits()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn blocks_of_any_sizes_give_the_bits_of_the_whole_signal(
            from in prop_oneof![Just(48_000_u32), Just(44_100), Just(8_000), Just(16_000), 1_000..768_000_u32],
            to in prop_oneof![Just(16_000_u32), Just(11_025), Just(48_000), 1_000..768_000_u32],
            len in 0..40_000_usize,
            blocks in prop::collection::vec(1..20_000_usize, 1..5),
        ) {
            // Up-sampling far makes long signals longer than a test needs.
            let len = len.min(4_000_000 * from as usize / to as usize / 10);
            let signal = noise(len, 7);
            let whole = Resampler::new(from, to).expect("rates").process(&signal);
            let blockwise = streamed(from, to, &signal, &blocks);
            prop_assert!(bits(&whole) == bits(&blockwise), "{} {}", whole.len(), blockwise.len());
        }
    }

    #[test]
    fn single_samples_give_the_bits_of_the_whole_signal() {
        for (from, to) in [
            (48_000, 16_000),
            (16_000, 11_025),
            (8_000, 16_000),
            (16_000, 16_000),
        ] {
            let signal = noise(3_000, 3);
            let whole = Resampler::new(from, to).expect("rates").process(&signal);
            assert_eq!(bits(&streamed(from, to, &signal, &[1])), bits(&whole));
        }
    }

    #[test]
    fn what_is_held_does_not_grow_with_the_signal() {
        for (from, to) in [(48_000, 16_000), (1_000, 16_000), (768_000, 16_000)] {
            let resampler = Arc::new(Resampler::new(from, to).expect("rates"));
            let taps = resampler.table.as_ref().map_or(0, |table| table.taps);
            let mut stream = ResampleStream::new(resampler);
            let (block, mut out) = (vec![0.5; 10_000], Vec::new());
            for _ in 0..100 {
                stream.push(&block, &mut out);
                out.clear();
                assert!(
                    stream.padded.len() <= 2 * (block.len() + taps),
                    "{}",
                    stream.padded.len()
                );
            }
        }
    }
}
