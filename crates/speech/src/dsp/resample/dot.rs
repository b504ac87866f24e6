//! Dot products in a fixed order of additions, so that every machine gets the same bits.
//!
//! Sixteen partial sums run side by side, products and sums are rounded one by one (no fused multiply-add), and the
//! partial sums are added up in one tree, in the portable code as in that for AVX2.

use pipe_foundation::tree_sum;

const WIDTH: usize = 16;

/// The inner loops of the resampler; slices of coefficients have a length that is a multiple of 16.
pub(super) trait Dot: Copy {
    /// The product of two slices of equal length.
    fn one(self, a: &[f32], b: &[f32]) -> f32;
    /// The products of one slice with two others.
    fn two(self, a: &[f32], b: &[f32], c: &[f32]) -> [f32; 2];
    /// The products of `row` with four stretches of `input`, `step` samples apart.
    fn four(self, row: &[f32], input: &[f32], step: usize) -> [f32; 4];
}

/// Plain code for any machine.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Dot for Portable {
    fn one(self, a: &[f32], b: &[f32]) -> f32 {
        let mut sums = [0.0; WIDTH];
        let (a, _) = a.as_chunks::<WIDTH>();
        let (b, _) = b.as_chunks::<WIDTH>();
        for (a, b) in a.iter().zip(b) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += a * b;
            }
        }
        tree_sum(sums)
    }

    fn two(self, a: &[f32], b: &[f32], c: &[f32]) -> [f32; 2] {
        [self.one(a, b), self.one(a, c)]
    }

    fn four(self, row: &[f32], input: &[f32], step: usize) -> [f32; 4] {
        std::array::from_fn(|i| self.one(row, &input[i * step..][..row.len()]))
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;

#[cfg(target_arch = "x86_64")]
mod avx2 {
    //! The same sums in two registers of eight.

    use std::arch::x86_64::{
        __m256, _mm256_add_ps, _mm256_loadu_ps, _mm256_mul_ps, _mm256_setzero_ps, _mm256_storeu_ps,
    };

    use pipe_foundation::tree_sum;

    use super::{Dot, WIDTH};

    /// Proof that the processor has AVX2: there is no other way to get one than [`Avx2::detect`].
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2(());

    impl Avx2 {
        /// Some if the processor has AVX2.
        pub fn detect() -> Option<Avx2> {
            pipe_foundation::arithmetic::avx2().then_some(Avx2(()))
        }
    }

    impl Dot for Avx2 {
        fn one(self, a: &[f32], b: &[f32]) -> f32 {
            // SAFETY: `self` proves that the processor has AVX2.
            let [sum] = unsafe { products(a, [b]) };
            sum
        }

        fn two(self, a: &[f32], b: &[f32], c: &[f32]) -> [f32; 2] {
            // SAFETY: `self` proves that the processor has AVX2.
            unsafe { products(a, [b, c]) }
        }

        fn four(self, row: &[f32], input: &[f32], step: usize) -> [f32; 4] {
            let len = row.len();
            let inputs = [
                &input[..len],
                &input[step..][..len],
                &input[2 * step..][..len],
                &input[3 * step..][..len],
            ];
            // SAFETY: `self` proves that the processor has AVX2.
            unsafe { products(row, inputs) }
        }
    }

    /// The products of `shared` with each of the others, which are at least as long.
    #[target_feature(enable = "avx2")]
    fn products<const N: usize>(shared: &[f32], others: [&[f32]; N]) -> [f32; N] {
        let (shared, _) = shared.as_chunks::<WIDTH>();
        let others = others.map(|other| &other.as_chunks::<WIDTH>().0[..shared.len()]);
        let mut low = [_mm256_setzero_ps(); N];
        let mut high = [_mm256_setzero_ps(); N];
        for (at, shared) in shared.iter().enumerate() {
            let (shared_low, shared_high) = load(shared);
            for i in 0..N {
                let (other_low, other_high) = load(&others[i][at]);
                low[i] = _mm256_add_ps(low[i], _mm256_mul_ps(shared_low, other_low));
                high[i] = _mm256_add_ps(high[i], _mm256_mul_ps(shared_high, other_high));
            }
        }
        let mut out = [0.0; N];
        for i in 0..N {
            let mut sums = [0.0; WIDTH];
            // SAFETY: `sums` has room for sixteen floats.
            unsafe {
                _mm256_storeu_ps(sums.as_mut_ptr(), low[i]);
                _mm256_storeu_ps(sums.as_mut_ptr().add(8), high[i]);
            }
            out[i] = tree_sum(sums);
        }
        out
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(values: &[f32; WIDTH]) -> (__m256, __m256) {
        // SAFETY: sixteen floats are there.
        unsafe {
            (
                _mm256_loadu_ps(values.as_ptr()),
                _mm256_loadu_ps(values.as_ptr().add(8)),
            )
        }
    }
}
