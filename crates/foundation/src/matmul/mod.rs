//! Single-precision matrix products with a right side packed once and used many times.
//!
//! The left side is read in place, so the overlapping windows of a convolution need no copy. Each output value is one
//! chain of fused multiply-adds over the depth in rising order. It depends on nothing else: not on the other rows, the
//! threads or the vector width of the machine. So the AVX-512, the AVX2 and the portable kernel give the same bits.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernel;
mod packed;

pub use packed::{Packed, Panels};

/// `out = left * right`, or `out += left * right` with `accumulate`.
///
/// `left` is `[rows, depth]` whose rows begin `left_stride` values apart and may overlap; `right` is
/// `[depth, columns]`; `out` is `[rows, columns]` with rows `out_stride` values apart.
///
/// # Panics
/// Where a slice is too short for the sizes, which is an error of the caller.
pub fn multiply<'a>(
    rows: usize,
    left: &[f32],
    left_stride: usize,
    right: impl Into<Panels<'a>>,
    out: &mut [f32],
    out_stride: usize,
    accumulate: bool,
) {
    let right = right.into();
    if rows == 0 {
        return;
    }
    assert!((rows - 1) * left_stride + right.depth() <= left.len());
    assert!(right.columns() <= out_stride);
    assert!((rows - 1) * out_stride + right.columns() <= out.len());
    // SAFETY: the assertions above are the kernel's whole contract.
    unsafe {
        kernel::run::<false>(
            rows,
            right,
            left.as_ptr(),
            left_stride,
            out.as_mut_ptr(),
            out_stride,
            accumulate,
        );
    }
}

/// `out = leftᵀ * right`, or `out += leftᵀ * right` with `accumulate`.
///
/// `left` is `[depth, rows]` whose rows begin `left_stride` values apart and may overlap; the rest
/// is as in [`multiply`].
///
/// # Panics
/// Where a slice is too short for the sizes, which is an error of the caller.
pub fn multiply_transposed<'a>(
    rows: usize,
    left: &[f32],
    left_stride: usize,
    right: impl Into<Panels<'a>>,
    out: &mut [f32],
    out_stride: usize,
    accumulate: bool,
) {
    let right = right.into();
    if rows == 0 {
        return;
    }
    assert!(right.depth() == 0 || (right.depth() - 1) * left_stride + rows <= left.len());
    assert!(right.columns() <= out_stride);
    assert!((rows - 1) * out_stride + right.columns() <= out.len());
    // SAFETY: the assertions above are the kernel's whole contract.
    unsafe {
        kernel::run::<true>(
            rows,
            right,
            left.as_ptr(),
            left_stride,
            out.as_mut_ptr(),
            out_stride,
            accumulate,
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_support::noise;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn equals_the_triple_loop(rows in 0usize..20, depth in 0usize..600, columns in 1usize..40,
                                  overlap in 1usize..5, accumulate: bool, transposed: bool, seed: u32) {
            // Rows that overlap, as the windows of a convolution do.
            let stride = if transposed { rows.max(1).div_ceil(overlap) } else { depth.max(1).div_ceil(overlap) };
            let count = if transposed { depth * stride + rows } else { rows * stride + depth };
            let left = noise(count, seed);
            let right = noise(depth * columns, seed ^ 1);
            let start = noise(rows * (columns + 3), seed ^ 2);
            let mut packed = Packed::default();
            packed.pack(&right, depth, columns, columns, 1);
            let mut out = start.clone();
            if transposed {
                multiply_transposed(rows, &left, stride, &packed, &mut out, columns + 3, accumulate);
            } else {
                multiply(rows, &left, stride, &packed, &mut out, columns + 3, accumulate);
            }
            for row in 0..rows {
                for column in 0..columns + 3 {
                    let at = row * (columns + 3) + column;
                    let mut sum = if accumulate || column >= columns { start[at] } else { 0.0 };
                    if column < columns {
                        for d in 0..depth {
                            let x = if transposed { left[d * stride + row] } else { left[row * stride + d] };
                            sum = x.mul_add(right[d * columns + column], sum);
                        }
                    }
                    prop_assert_eq!(sum.to_bits(), out[at].to_bits());
                }
            }
        }
    }

    #[test]
    fn portable_and_dispatched_kernels_give_the_same_bits() {
        let (rows, depth, columns) = (37, 300, 50);
        let left = noise(rows * depth, 5);
        let mut packed = Packed::default();
        packed.pack(&noise(depth * columns, 6), depth, columns, columns, 1);
        let mut fast = vec![0.0; rows * columns];
        multiply(rows, &left, depth, &packed, &mut fast, columns, false);
        let mut portable = vec![0.0; rows * columns];
        // SAFETY: the sizes above fit each other.
        unsafe {
            kernel::portable::<false>(
                rows,
                Panels::from(&packed),
                left.as_ptr(),
                depth,
                portable.as_mut_ptr(),
                columns,
                false,
            );
        }
        assert_eq!(fast, portable);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn every_build_that_this_machine_runs_gives_the_same_bits() {
        type Kernel = unsafe fn(usize, Panels<'_>, *const f32, usize, *mut f32, usize, bool);
        let mut builds: Vec<(&str, [Kernel; 2])> = Vec::new();
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            builds.push(("avx2", [kernel::avx2::<false>, kernel::avx2::<true>]));
        }
        if is_x86_feature_detected!("avx512f") {
            builds.push(("avx512", [avx512::run::<false>, avx512::run::<true>]));
        }
        for rows in [1, 7, 8, 9, 16, 19, 150] {
            for (depth, columns) in [(0, 5), (1, 16), (40, 64), (300, 33), (257, 95), (513, 17)] {
                // Long enough for either reading of the left side.
                let left = noise(rows.max(depth) * rows.max(depth).max(1), 5);
                let mut packed = Packed::default();
                packed.pack(
                    &noise((depth * columns).max(1), 6),
                    depth,
                    columns,
                    columns,
                    1,
                );
                let (stride, start) = (columns + 2, noise(rows * (columns + 2), 7));
                for accumulate in [false, true] {
                    let run = |kernel: Kernel, left_stride: usize| {
                        let mut out = start.clone();
                        // SAFETY: the sizes above fit each other and the features exist.
                        unsafe {
                            let right = Panels::from(&packed);
                            let (left, out) = (left.as_ptr(), out.as_mut_ptr());
                            kernel(rows, right, left, left_stride, out, stride, accumulate);
                        }
                        out
                    };
                    let portable: [Kernel; 2] =
                        [kernel::portable::<false>, kernel::portable::<true>];
                    for (transposed, left_stride) in [(0, depth), (1, rows)] {
                        let expected = run(portable[transposed], left_stride);
                        for (name, kernels) in &builds {
                            let found = run(kernels[transposed], left_stride);
                            assert_eq!(found, expected, "{name} {rows} {depth} {columns}");
                        }
                    }
                }
            }
        }
    }
}
