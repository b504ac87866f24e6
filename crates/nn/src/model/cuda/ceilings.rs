//! What a card reaches at best: bytes of a copy and operations of one large product a second.

use std::sync::Arc;

use cudarc::driver::result as driver;
use dfdx::tensor::CudaError;

use super::{Card, Matrix, Memory, Sizes, Timed};

/// Times each is measured; the best counts.
const TIMES: usize = 5;
const COPY: &str = "copy";
const PRODUCT: &str = "square product";

/// Measured ceilings, in the precision that the card was opened with.
#[derive(Clone, Copy, Debug)]
pub struct Ceilings {
    /// Bytes read or written a second by a copy within the card's memory.
    pub bytes_per_second: f64,
    /// Additions and multiplications a second of one large product.
    pub operations_per_second: f64,
}

impl Ceilings {
    /// Measures: copies arrays of `bytes`, multiplies square matrices with sides of `side`.
    ///
    /// # Errors
    /// What went wrong on the device.
    pub fn measure(card: &Arc<Card>, bytes: usize, side: usize) -> Result<Self, CudaError> {
        let (from, to) = (
            Memory::<u8>::zeros(card, bytes)?,
            Memory::<u8>::zeros(card, bytes)?,
        );
        let copy = || {
            // SAFETY: both arrays have as many bytes.
            let copied =
                unsafe { driver::memcpy_dtod_async(to.at(0), from.at(0), bytes, card.stream()) };
            copied.map_err(CudaError::from)
        };
        // Products of zeros draw less power, and the card would run them at a higher clock.
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let values: Vec<f32> = (0..side * side).map(|_| noise()).collect();
        let (a, b) = (Memory::of(card, &values)?, Memory::of(card, &values)?);
        let c = Memory::<f32>::new(card, side * side)?;
        let square = |memory: &Memory| Matrix::new(memory.at(0), side, side * side);
        let sizes = Sizes {
            rows: side,
            inner: side,
            columns: side,
            batch: 1,
        };
        let mut best = [f64::INFINITY; 2];
        for _ in 0..TIMES {
            card.time_each();
            card.timeline()
                .call(card.stream(), COPY, Timed::default(), copy)?;
            card.multiply(PRODUCT, sizes, square(&a), square(&b), square(&c), 0.0)?;
            let times = card.times()?;
            for (best, name) in best.iter_mut().zip([COPY, PRODUCT]) {
                *best = best.min(times.get(name).map_or(f64::INFINITY, |timed| timed.seconds));
            }
        }
        Ok(Self {
            bytes_per_second: 2.0 * bytes as f64 / best[0],
            operations_per_second: 2.0 * (side as f64).powi(3) / best[1],
        })
    }
}
