//! The matrix kernel: tiles of 6 rows by 16 columns, compiled portably and for AVX2 with FMA; AVX-512 has its own.

use super::packed::{PANEL, Panels};

/// Rows of a tile: 6 by 16 values fill 12 of the 16 AVX2 registers.
const TILE: usize = 6;
/// Depth of a block: one panel of it (16 kB) stays in the first-level cache.
const DEPTH_BLOCK: usize = 256;
/// Rows of a block: left and right blocks stay in the second-level cache.
const ROW_BLOCK: usize = 144;

/// Runs the best build of the kernel for this machine. `TRANSPOSED`: the left side is `[depth, rows]`.
///
/// # Safety
/// `left` must hold every value that sizes and stride reach, `out` every row, and the columns must
/// not be more than `out_stride`.
pub(super) unsafe fn run<const TRANSPOSED: bool>(
    rows: usize,
    right: Panels<'_>,
    left: *const f32,
    left_stride: usize,
    out: *mut f32,
    out_stride: usize,
    accumulate: bool,
) {
    #[cfg(target_arch = "x86_64")]
    if crate::arithmetic::avx512f() {
        // SAFETY: the feature is present; the rest is the caller's contract.
        unsafe {
            super::avx512::run::<TRANSPOSED>(
                rows,
                right,
                left,
                left_stride,
                out,
                out_stride,
                accumulate,
            );
        }
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if crate::arithmetic::avx2_fma() {
        // SAFETY: both features are present; the rest is the caller's contract.
        unsafe {
            avx2::<TRANSPOSED>(rows, right, left, left_stride, out, out_stride, accumulate);
        }
        return;
    }
    // SAFETY: the caller's contract.
    unsafe {
        portable::<TRANSPOSED>(rows, right, left, left_stride, out, out_stride, accumulate);
    }
}

/// The kernel for any machine.
///
/// # Safety
/// As [`run`].
pub(super) unsafe fn portable<const TRANSPOSED: bool>(
    rows: usize,
    right: Panels<'_>,
    left: *const f32,
    left_stride: usize,
    out: *mut f32,
    out_stride: usize,
    accumulate: bool,
) {
    // SAFETY: the caller's contract.
    unsafe { blocks::<TRANSPOSED>(rows, right, left, left_stride, out, out_stride, accumulate) }
}

/// Rows of the next tile: six, but seven to eleven rows in two halves, as a tile of few rows waits for its sums.
#[inline(always)]
fn tile_height(rows: usize) -> usize {
    match rows {
        0..=TILE => rows,
        7..12 => rows.div_ceil(2),
        _ => TILE,
    }
}

/// # Safety
/// As [`run`], on a machine with AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn avx2<const TRANSPOSED: bool>(
    rows: usize,
    right: Panels<'_>,
    left: *const f32,
    left_stride: usize,
    out: *mut f32,
    out_stride: usize,
    accumulate: bool,
) {
    // SAFETY: the caller's contract.
    unsafe { blocks::<TRANSPOSED>(rows, right, left, left_stride, out, out_stride, accumulate) }
}

/// # Safety
/// As [`run`].
#[inline(always)]
unsafe fn blocks<const TRANSPOSED: bool>(
    rows: usize,
    right: Panels<'_>,
    left: *const f32,
    left_stride: usize,
    out: *mut f32,
    out_stride: usize,
    accumulate: bool,
) {
    let (depth, columns) = (right.depth(), right.columns());
    let panels = right.values().as_ptr();
    let mut first_depth = 0;
    // At depth 0 one empty block still clears the output.
    while first_depth == 0 || first_depth < depth {
        let block_depth = DEPTH_BLOCK.min(depth - first_depth);
        let add = accumulate || first_depth > 0;
        let mut first_row = 0;
        while first_row < rows {
            let end_row = rows.min(first_row + ROW_BLOCK);
            let mut column = 0;
            while column < columns {
                let width = PANEL.min(columns - column);
                let mut row = first_row;
                while row < end_row {
                    let height = tile_height(end_row - row);
                    // SAFETY: row, column and depth stay below the sizes of the caller's contract.
                    unsafe {
                        let panel = panels.add(column * depth + first_depth * PANEL);
                        // Weights come from the third-level cache while few rows use them: the next panel
                        // is asked for meanwhile.
                        let next = panel.wrapping_add(PANEL * depth);
                        let from = if TRANSPOSED {
                            left.add(first_depth * left_stride + row)
                        } else {
                            left.add(row * left_stride + first_depth)
                        };
                        let to = out.add(row * out_stride + column);
                        match height {
                            6 => tile::<6, TRANSPOSED>(
                                from,
                                left_stride,
                                panel,
                                next,
                                block_depth,
                                to,
                                out_stride,
                                width,
                                add,
                            ),
                            5 => tile::<5, TRANSPOSED>(
                                from,
                                left_stride,
                                panel,
                                next,
                                block_depth,
                                to,
                                out_stride,
                                width,
                                add,
                            ),
                            4 => tile::<4, TRANSPOSED>(
                                from,
                                left_stride,
                                panel,
                                next,
                                block_depth,
                                to,
                                out_stride,
                                width,
                                add,
                            ),
                            3 => tile::<3, TRANSPOSED>(
                                from,
                                left_stride,
                                panel,
                                next,
                                block_depth,
                                to,
                                out_stride,
                                width,
                                add,
                            ),
                            2 => tile::<2, TRANSPOSED>(
                                from,
                                left_stride,
                                panel,
                                next,
                                block_depth,
                                to,
                                out_stride,
                                width,
                                add,
                            ),
                            _ => tile::<1, TRANSPOSED>(
                                from,
                                left_stride,
                                panel,
                                next,
                                block_depth,
                                to,
                                out_stride,
                                width,
                                add,
                            ),
                        }
                    }
                    row += height;
                }
                column += width;
            }
            first_row = end_row;
        }
        first_depth += block_depth.max(1);
    }
}

/// One tile of the output: `ROWS` by at most 16 values, all kept in registers over the depth.
///
/// # Safety
/// As [`run`], for the tile's own rows and columns.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "the innermost kernel takes bare pointers and sizes"
)]
unsafe fn tile<const ROWS: usize, const TRANSPOSED: bool>(
    left: *const f32,
    left_stride: usize,
    panel: *const f32,
    next: *const f32,
    depth: usize,
    out: *mut f32,
    out_stride: usize,
    width: usize,
    add: bool,
) {
    let mut sums = [[0f32; PANEL]; ROWS];
    // SAFETY: every access stays in the tile, as the caller promises.
    unsafe {
        if width == PANEL {
            if add {
                for (row, sums) in sums.iter_mut().enumerate() {
                    *sums = *out.add(row * out_stride).cast::<[f32; PANEL]>();
                }
            }
            sums = products::<ROWS, TRANSPOSED>(left, left_stride, panel, next, depth, sums);
            for (row, sums) in sums.iter().enumerate() {
                *out.add(row * out_stride).cast::<[f32; PANEL]>() = *sums;
            }
        } else {
            if add {
                for (row, sums) in sums.iter_mut().enumerate() {
                    for (column, sum) in sums.iter_mut().enumerate().take(width) {
                        *sum = *out.add(row * out_stride + column);
                    }
                }
            }
            sums = products::<ROWS, TRANSPOSED>(left, left_stride, panel, next, depth, sums);
            for (row, sums) in sums.iter().enumerate() {
                for (column, sum) in sums.iter().enumerate().take(width) {
                    *out.add(row * out_stride + column) = *sum;
                }
            }
        }
    }
}

/// Adds the products of a tile over the depth. The sums are a value, not a reference, and the loops
/// count: only so are they kept in registers.
///
/// # Safety
/// As [`tile`].
#[inline(always)]
#[expect(
    clippy::needless_range_loop,
    reason = "iterators over the arrays keep the compiler from holding them in registers"
)]
unsafe fn products<const ROWS: usize, const TRANSPOSED: bool>(
    left: *const f32,
    left_stride: usize,
    panel: *const f32,
    next: *const f32,
    depth: usize,
    mut sums: [[f32; PANEL]; ROWS],
) -> [[f32; PANEL]; ROWS] {
    for d in 0..depth {
        // SAFETY: `d` and `row` stay in the tile, as the caller promises.
        unsafe {
            let right = &*panel.add(d * PANEL).cast::<[f32; PANEL]>();
            prefetch(next.wrapping_add(d * PANEL));
            for row in 0..ROWS {
                let x = if TRANSPOSED {
                    *left.add(d * left_stride + row)
                } else {
                    *left.add(row * left_stride + d)
                };
                for column in 0..PANEL {
                    sums[row][column] = x.mul_add(right[column], sums[row][column]);
                }
            }
        }
    }
    sums
}

/// Asks for a cache line; any address is allowed.
#[inline(always)]
fn prefetch(address: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing that the program sees and never faults.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
