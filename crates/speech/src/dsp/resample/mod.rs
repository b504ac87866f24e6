//! Changes the sample rate: a polyphase filter whose delay is zero.

mod dot;
mod filter;
mod stream;

use miette::Diagnostic;
use pipe_foundation::progress::{Interrupted, Progress, Silent};
use thiserror::Error;

use crate::audio::RATES_HZ;

use self::dot::Dot;
use self::filter::PhaseTable;
pub use self::stream::ResampleStream;

/// About this many input samples are worked on at once: they stay in the processor's cache.
const INPUT_BLOCK: u64 = 1 << 14;

/// Converts audio from one rate to another, made once per pair of rates.
///
/// A Kaiser-windowed sinc that passes up to 0.9 of the Nyquist frequency of the lower rate within 0.1 dB and rejects
/// everything beyond that Nyquist frequency by at least 100 dB, for every ratio and in both directions. Output sample m
/// is at the time of input sample m * from / to: there is no delay. Silence is assumed before and after the audio. The
/// bits of the result do not depend on the processor's vector unit.
pub struct Resampler {
    /// The rates without their common factor.
    from: u64,
    to: u64,
    /// None if the rates are equal.
    table: Option<PhaseTable>,
}

/// Rates that cannot be converted.
#[derive(Debug, Error, Diagnostic, PartialEq, Eq)]
#[error("cannot resample from {from_hz} Hz to {to_hz} Hz")]
#[diagnostic(
    code(resample::rate),
    help("rates must be from 1000 to 768000 Hz; check the file's header or the requested rate")
)]
pub struct ResampleError {
    /// Rate of the input.
    pub from_hz: u32,
    /// Rate asked for.
    pub to_hz: u32,
}

impl Resampler {
    /// Designs the filter.
    ///
    /// # Errors
    /// A rate outside [`RATES_HZ`].
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Resampler, ResampleError> {
        if !RATES_HZ.contains(&from_hz) || !RATES_HZ.contains(&to_hz) {
            return Err(ResampleError { from_hz, to_hz });
        }
        let common = greatest_common_divisor(from_hz, to_hz);
        let (from, to) = (u64::from(from_hz / common), u64::from(to_hz / common));
        Ok(Resampler {
            from,
            to,
            table: (from != to).then(|| PhaseTable::new(from, to)),
        })
    }

    /// Output samples for an input of `samples`.
    pub fn output_len(&self, samples: u64) -> u64 {
        let len = (u128::from(samples) * u128::from(self.to)).div_ceil(u128::from(self.from));
        u64::try_from(len).unwrap_or(u64::MAX)
    }

    /// Resamples a whole signal; the result has samples * to / from samples, rounded up.
    pub fn process(&self, samples: &[f32]) -> Vec<f32> {
        self.process_interruptible(samples, &Silent)
            .unwrap_or_else(|_| unreachable!("`Silent` interrupts nothing"))
    }

    /// As [`Self::process`], with a look at `progress` for every 16,384 input samples.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub fn process_interruptible(
        &self,
        samples: &[f32],
        progress: &dyn Progress,
    ) -> Result<Vec<f32>, Interrupted> {
        let Some(table) = &self.table else {
            return Ok(samples.to_vec());
        };
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = dot::Avx2::detect() {
            return self.process_with(avx2, table, samples, progress);
        }
        self.process_with(dot::Portable, table, samples, progress)
    }

    /// Output samples that are computed at once.
    fn block(&self) -> usize {
        let block = (INPUT_BLOCK * self.to / self.from) as usize;
        block.next_multiple_of(4).max(4)
    }

    fn process_with(
        &self,
        dot: impl Dot,
        table: &PhaseTable,
        samples: &[f32],
        progress: &dyn Progress,
    ) -> Result<Vec<f32>, Interrupted> {
        let mut out = vec![0.0; self.output_len(samples.len() as u64) as usize];
        let block = self.block();
        // An output at input position p sees inputs from p - before on.
        let before = table.taps / 2 - 1;
        let mut padded = Vec::new();
        for (index, out) in out.chunks_mut(block).enumerate() {
            progress.check()?;
            let position = (index * block) as u64 * self.from;
            let (first, part) = ((position / self.to) as usize, position % self.to);
            let last = (part + (out.len() as u64 - 1) * self.from) / self.to;
            let len = last as usize + table.taps;
            let end = (first + len).saturating_sub(before).min(samples.len());
            let start = first.saturating_sub(before).min(end);
            padded.clear();
            padded.resize(before.saturating_sub(first).min(len), 0.0);
            padded.extend_from_slice(&samples[start..end]);
            padded.resize(len, 0.0);
            self.run(dot, table, &padded, part, out);
        }
        Ok(out)
    }

    /// Fills `out`, the first of which is `part` / to after the input that its taps are centred on.
    fn run(&self, dot: impl Dot, table: &PhaseTable, padded: &[f32], part: u64, out: &mut [f32]) {
        let taps = table.taps;
        if self.to == 1 {
            let step = self.from as usize;
            let row = table.row(0);
            let (groups, rest) = out.as_chunks_mut::<4>();
            for (i, group) in groups.iter_mut().enumerate() {
                *group = dot.four(row, &padded[4 * i * step..], step);
            }
            let done = 4 * groups.len();
            for (i, value) in rest.iter_mut().enumerate() {
                *value = dot.four(row, &padded[(done + i) * step..], 0)[0];
            }
            return;
        }
        let (whole_step, part_step) = (self.from / self.to, self.from % self.to);
        // The position of an output is `at` + `part` / to.
        let (mut at, mut part) = (0_usize, part);
        for value in out {
            let input = &padded[at..at + taps];
            *value = if table.interpolated {
                let scaled = part * table.phases;
                let row = (scaled / self.to) as usize;
                let fraction = (scaled % self.to) as f32 / self.to as f32;
                let [left, right] = dot.two(input, table.row(row), table.row(row + 1));
                left + fraction * (right - left)
            } else {
                dot.one(input, table.row(part as usize))
            };
            at += whole_step as usize;
            part += part_step;
            if part >= self.to {
                part -= self.to;
                at += 1;
            }
        }
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests;
