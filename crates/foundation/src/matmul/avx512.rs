//! The matrix kernel for AVX-512: tiles of 8 rows by 32 columns, the same chains of multiply-adds as the other builds.

use std::arch::x86_64::{
    __mmask16, _MM_HINT_T1, _mm_prefetch, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_mask_storeu_ps,
    _mm512_maskz_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps,
};

use super::packed::{PANEL, Panels};

/// Rows of a tile: 8 by 32 values fill 16 of the 32 registers, and 16 sequences of an LSTM two tiles.
const TILE: usize = 8;
/// Depth of a block: two panels of it fill the first-level cache, the next ones come from the second.
const DEPTH_BLOCK: usize = 256;
/// Rows of a block: left and right blocks stay in the second-level cache.
const ROW_BLOCK: usize = 144;

/// Where a tile reads and writes.
#[derive(Clone, Copy)]
struct Place {
    left: *const f32,
    left_stride: usize,
    panel: *const f32,
    /// Values from one panel to the next.
    panel_stride: usize,
    depth: usize,
    out: *mut f32,
    out_stride: usize,
    /// The columns of the last panel that there are.
    mask: __mmask16,
    add: bool,
}

/// The product, as `kernel::run` describes it.
///
/// # Safety
/// As `kernel::run`, on a machine with AVX-512F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn run<const TRANSPOSED: bool>(
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
        let mut first_row = 0;
        while first_row < rows {
            let end_row = rows.min(first_row + ROW_BLOCK);
            let mut column = 0;
            while column < columns {
                let width = (columns - column).min(2 * PANEL);
                let last = (width - 1) % PANEL + 1;
                let mut row = first_row;
                while row < end_row {
                    let height = tile_height(end_row - row);
                    // SAFETY: row, column and depth stay below the sizes of the caller's contract.
                    unsafe {
                        let place = Place {
                            left: if TRANSPOSED {
                                left.add(first_depth * left_stride + row)
                            } else {
                                left.add(row * left_stride + first_depth)
                            },
                            left_stride,
                            panel: panels.add(column * depth + first_depth * PANEL),
                            panel_stride: PANEL * depth,
                            depth: block_depth,
                            out: out.add(row * out_stride + column),
                            out_stride,
                            mask: u16::MAX >> (PANEL - last),
                            add: accumulate || first_depth > 0,
                        };
                        if width > PANEL {
                            of_height::<2, TRANSPOSED>(height, place);
                        } else {
                            of_height::<1, TRANSPOSED>(height, place);
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

/// Rows of the next tile: eight, but nine to fifteen rows in two halves, as a tile of few rows waits for its sums.
fn tile_height(rows: usize) -> usize {
    match rows {
        0..=TILE => rows,
        9..16 => rows.div_ceil(2),
        _ => TILE,
    }
}

/// # Safety
/// As [`tile`].
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn of_height<const PANELS: usize, const TRANSPOSED: bool>(height: usize, place: Place) {
    // SAFETY: the caller's contract.
    unsafe {
        match height {
            8 => tile::<8, PANELS, TRANSPOSED>(place),
            7 => tile::<7, PANELS, TRANSPOSED>(place),
            6 => tile::<6, PANELS, TRANSPOSED>(place),
            5 => tile::<5, PANELS, TRANSPOSED>(place),
            4 => tile::<4, PANELS, TRANSPOSED>(place),
            3 => tile::<3, PANELS, TRANSPOSED>(place),
            2 => tile::<2, PANELS, TRANSPOSED>(place),
            _ => tile::<1, PANELS, TRANSPOSED>(place),
        }
    }
}

/// One tile of the output, kept in registers over the depth.
///
/// # Safety
/// As `kernel::run`, for the tile's own rows and columns.
#[inline]
#[target_feature(enable = "avx512f")]
#[expect(
    clippy::needless_range_loop,
    reason = "the loops are unrolled over registers"
)]
unsafe fn tile<const ROWS: usize, const PANELS: usize, const TRANSPOSED: bool>(place: Place) {
    let Place {
        left,
        left_stride,
        panel,
        panel_stride,
        depth,
        out,
        out_stride,
        mask,
        add,
    } = place;
    let mask = |column: usize| {
        if column + 1 == PANELS { mask } else { u16::MAX }
    };
    let mut sums = [[_mm512_setzero_ps(); PANELS]; ROWS];
    // SAFETY: every access stays in the tile, as the caller promises; a masked one touches only its own columns.
    unsafe {
        if add {
            for row in 0..ROWS {
                for column in 0..PANELS {
                    let from = out.add(row * out_stride + column * PANEL);
                    sums[row][column] = _mm512_maskz_loadu_ps(mask(column), from);
                }
            }
        }
        for d in 0..depth {
            let mut right = [_mm512_setzero_ps(); PANELS];
            for column in 0..PANELS {
                let from = panel.add(column * panel_stride + d * PANEL);
                right[column] = _mm512_loadu_ps(from);
                // Weights come from the third-level cache while few rows use them: the next panels are asked for
                // meanwhile. A prefetch may name any address.
                _mm_prefetch::<_MM_HINT_T1>(from.wrapping_add(PANELS * panel_stride).cast());
            }
            for row in 0..ROWS {
                let x = if TRANSPOSED {
                    *left.add(d * left_stride + row)
                } else {
                    *left.add(row * left_stride + d)
                };
                let x = _mm512_set1_ps(x);
                for column in 0..PANELS {
                    sums[row][column] = _mm512_fmadd_ps(x, right[column], sums[row][column]);
                }
            }
        }
        for row in 0..ROWS {
            for column in 0..PANELS {
                let to = out.add(row * out_stride + column * PANEL);
                _mm512_mask_storeu_ps(to, mask(column), sums[row][column]);
            }
        }
    }
}
