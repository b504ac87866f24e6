//! The linear transforms of winograd filtering F(6, 5): six outputs of a filter of five taps from ten products.
//!
//! Polynomials are evaluated at 0, ±2/5, ±4/5, ±5/4, ±5/2 and infinity (Toom-Cook; Winograd, 1980). Each
//! pair ±p shares its even and its odd part. Of the points tried, these gave the smallest error: 2e-6
//! (root mean square) and 3e-5 (worst) of the size of the output, where 0, ±1/2, ±1, ±2, ±4 gave 9e-6 and 1.5e-4.
//! With y = Aᵀ[(G g) ⊙ (Bᵀ d)] the gradients are dg = Gᵀ[(A dy) ⊙ (Bᵀ d)] and dd = B[(G g) ⊙ (A dy)].

use pipe_foundation::vectorised;

use points::{FILTER, POWERS, PRODUCTS, SCALE_ZERO};
pub(super) use points::{TAPS, TILE};

/// Products of a tile, and the inputs that it reads.
pub(super) const POINTS: usize = TILE + TAPS - 1;
/// Values computed together: one AVX2 register.
const LANES: usize = 8;

type Lane<const L: usize> = [f32; L];

/// `sum + factor * x`.
#[inline(always)]
fn fma<const L: usize>(factor: f32, x: &Lane<L>, mut sum: Lane<L>) -> Lane<L> {
    for l in 0..L {
        sum[l] = x[l].mul_add(factor, sum[l]);
    }
    sum
}

#[inline(always)]
fn scaled<const L: usize>(factor: f32, x: &Lane<L>) -> Lane<L> {
    let mut out = [0.0; L];
    for l in 0..L {
        out[l] = factor * x[l];
    }
    out
}

/// Sum and difference.
#[inline(always)]
fn pair<const L: usize>(a: &Lane<L>, b: &Lane<L>) -> (Lane<L>, Lane<L>) {
    let (mut sum, mut difference) = ([0.0; L], [0.0; L]);
    for l in 0..L {
        sum[l] = a[l] + b[l];
        difference[l] = a[l] - b[l];
    }
    (sum, difference)
}

#[inline(always)]
fn load<const L: usize>(from: &[f32], at: usize) -> Lane<L> {
    let mut lane = [0.0; L];
    lane.copy_from_slice(&from[at..at + L]);
    lane
}

#[inline(always)]
fn store<const L: usize>(lane: &Lane<L>, to: &mut [f32], at: usize) {
    to[at..at + L].copy_from_slice(lane);
}

/// Bᵀ: ten frames to ten points, in the order 0, +p, -p, ..., infinity.
#[inline(always)]
fn from_frames<const L: usize>(d: &[Lane<L>; POINTS]) -> [Lane<L>; POINTS] {
    let mut out = [[0.0; L]; POINTS];
    let all = &PRODUCTS[4];
    let mut zero = d[8];
    let mut infinity = d[9];
    for k in 1..5 {
        zero = fma(all[k], &d[8 - 2 * k], zero);
        infinity = fma(all[k], &d[9 - 2 * k], infinity);
    }
    out[0] = zero;
    out[9] = infinity;
    for i in 0..4 {
        let others = &PRODUCTS[i];
        let (mut even, mut odd) = (d[8], d[7]);
        for k in 1..4 {
            even = fma(others[k], &d[8 - 2 * k], even);
            odd = fma(others[k], &d[7 - 2 * k], odd);
        }
        out[1 + 2 * i] = fma(POWERS[i][1], &odd, even);
        out[2 + 2 * i] = fma(-POWERS[i][1], &odd, even);
    }
    out
}

/// B: gradients at ten points to gradients of ten frames.
#[inline(always)]
fn to_frames<const L: usize>(z: &[Lane<L>; POINTS]) -> [Lane<L>; POINTS] {
    let mut out = [[0.0; L]; POINTS];
    let all = &PRODUCTS[4];
    for k in 0..5 {
        out[8 - 2 * k] = scaled(all[k], &z[0]);
        out[9 - 2 * k] = scaled(all[k], &z[9]);
    }
    for i in 0..4 {
        let (sum, difference) = pair(&z[1 + 2 * i], &z[2 + 2 * i]);
        let odd = scaled(POWERS[i][1], &difference);
        for k in 0..4 {
            out[8 - 2 * k] = fma(PRODUCTS[i][k], &sum, out[8 - 2 * k]);
            out[7 - 2 * k] = fma(PRODUCTS[i][k], &odd, out[7 - 2 * k]);
        }
    }
    out
}

/// Aᵀ: ten products to six outputs.
#[inline(always)]
fn to_outputs<const L: usize>(m: &[Lane<L>; POINTS]) -> [Lane<L>; TILE] {
    let mut out = [[0.0; L]; TILE];
    out[0] = m[0];
    out[5] = m[9];
    for i in 0..4 {
        let (sum, difference) = pair(&m[1 + 2 * i], &m[2 + 2 * i]);
        for k in 0..3 {
            out[2 * k] = fma(POWERS[i][2 * k], &sum, out[2 * k]);
            out[2 * k + 1] = fma(POWERS[i][2 * k + 1], &difference, out[2 * k + 1]);
        }
    }
    out
}

/// A: gradients of six outputs to ten points.
#[inline(always)]
fn from_outputs<const L: usize>(y: &[Lane<L>; TILE]) -> [Lane<L>; POINTS] {
    let mut out = [[0.0; L]; POINTS];
    out[0] = y[0];
    out[9] = y[5];
    for (i, powers) in POWERS.iter().enumerate() {
        let even = fma(powers[4], &y[4], fma(powers[2], &y[2], y[0]));
        let odd = fma(powers[4], &y[5], fma(powers[2], &y[3], y[1]));
        out[1 + 2 * i] = fma(powers[1], &odd, even);
        out[2 + 2 * i] = fma(-powers[1], &odd, even);
    }
    out
}

/// G: five taps to ten points.
#[inline(always)]
fn from_taps<const L: usize>(g: &[Lane<L>; TAPS]) -> [Lane<L>; POINTS] {
    let mut out = [[0.0; L]; POINTS];
    out[0] = scaled(SCALE_ZERO, &g[0]);
    out[9] = g[4];
    for (i, row) in FILTER.iter().enumerate() {
        let even = fma(row[4], &g[4], fma(row[2], &g[2], scaled(row[0], &g[0])));
        let odd = fma(row[3], &g[3], scaled(row[1], &g[1]));
        (out[1 + 2 * i], out[2 + 2 * i]) = pair(&even, &odd);
    }
    out
}

/// Gᵀ: gradients at ten points to gradients of five taps.
#[inline(always)]
fn to_taps<const L: usize>(u: &[Lane<L>; POINTS]) -> [Lane<L>; TAPS] {
    let mut out = [[0.0; L]; TAPS];
    out[0] = scaled(SCALE_ZERO, &u[0]);
    out[4] = u[9];
    for (i, row) in FILTER.iter().enumerate() {
        let (sum, difference) = pair(&u[1 + 2 * i], &u[2 + 2 * i]);
        for k in [0, 2, 4] {
            out[k] = fma(row[k], &sum, out[k]);
        }
        for k in [1, 3] {
            out[k] = fma(row[k], &difference, out[k]);
        }
    }
    out
}

/// Splits `[count, rows, columns]` into its planes.
#[inline(always)]
fn planes<const N: usize>(values: &mut [f32], size: usize) -> [&mut [f32]; N] {
    let mut rest = values;
    std::array::from_fn(|_| {
        let (plane, after) = std::mem::take(&mut rest).split_at_mut(size);
        rest = after;
        plane
    })
}

/// Runs a body for all columns: by eights, then one by one.
macro_rules! columns {
    ($count:expr, $lanes:ident, $at:ident, $body:block) => {
        let eights = $count / LANES * LANES;
        {
            const $lanes: usize = LANES;
            let mut $at = 0;
            while $at < eights {
                $body
                $at += LANES;
            }
        }
        {
            const $lanes: usize = 1;
            for $at in eights..$count $body
        }
    };
}

vectorised! {
    /// Bᵀ of the tiles of one utterance. `frames` holds its rows, `[rows, channels]`; rows beyond them are zero.
    ///
    /// Writes tiles `first..first + tiles` of `out`, `[points, all tiles, channels]`.
    pub(super) fn transform_frames / transform_frames_portable (
        frames: &[f32], zeros: &[f32], channels: usize, first: usize, tiles: usize, out: &mut [f32],
    ) {
        let plane = out.len() / POINTS;
        let mut out = planes::<POINTS>(out, plane);
        let rows = frames.len() / channels;
        for t in 0..tiles {
            let d: [&[f32]; POINTS] = std::array::from_fn(|j| {
                let row = t * TILE + j;
                if row < rows { &frames[row * channels..][..channels] } else { &zeros[..channels] }
            });
            let to = (first + t) * channels;
            columns!(channels, L, at, {
                let points = from_frames::<L>(&std::array::from_fn(|j| load(d[j], at)));
                for (plane, lane) in out.iter_mut().zip(&points) {
                    store(lane, plane, to + at);
                }
            });
        }
    }
}

vectorised! {
    /// Aᵀ of the tiles `first..first + tiles` of `products`, `[points, all tiles, channels]`, to `[6 tiles, channels]`.
    pub(super) fn transform_products / transform_products_portable (
        products: &[f32], channels: usize, first: usize, tiles: usize, out: &mut [f32],
    ) {
        let plane = products.len() / POINTS;
        let m: [&[f32]; POINTS] = std::array::from_fn(|p| &products[p * plane..][..plane]);
        for t in 0..tiles {
            let from = (first + t) * channels;
            let mut rows = planes::<TILE>(&mut out[t * TILE * channels..], channels);
            columns!(channels, L, at, {
                let outputs = to_outputs::<L>(&std::array::from_fn(|p| load(m[p], from + at)));
                for (row, lane) in rows.iter_mut().zip(&outputs) {
                    store(lane, row, at);
                }
            });
        }
    }
}

vectorised! {
    /// A of the output gradients of one utterance, `[6 tiles, channels]`, to tiles `first..` of `[points, all tiles, channels]`.
    pub(super) fn transform_outputs / transform_outputs_portable (
        gradients: &[f32], channels: usize, first: usize, tiles: usize, out: &mut [f32],
    ) {
        let plane = out.len() / POINTS;
        let mut out = planes::<POINTS>(out, plane);
        for t in 0..tiles {
            let rows = &gradients[t * TILE * channels..][..TILE * channels];
            let to = (first + t) * channels;
            columns!(channels, L, at, {
                let points = from_outputs::<L>(&std::array::from_fn(|k| load(rows, k * channels + at)));
                for (plane, lane) in out.iter_mut().zip(&points) {
                    store(lane, plane, to + at);
                }
            });
        }
    }
}

vectorised! {
    /// B of the tiles `first..first + tiles` of `products`, `[points, all tiles, channels]`, added to `frames`.
    ///
    /// `frames` holds the utterance's rows `stride` values apart, the first of `channels` columns first;
    /// rows from `rows` on are dropped.
    pub(super) fn add_frames / add_frames_portable (
        products: &[f32], channels: usize, first: usize, tiles: usize, frames: &mut [f32], stride: usize, rows: usize,
    ) {
        let plane = products.len() / POINTS;
        let z: [&[f32]; POINTS] = std::array::from_fn(|p| &products[p * plane..][..plane]);
        for t in 0..tiles {
            let from = (first + t) * channels;
            let count = POINTS.min(rows - (t * TILE).min(rows));
            columns!(channels, L, at, {
                let d = to_frames::<L>(&std::array::from_fn(|p| load(z[p], from + at)));
                for (j, lane) in d.iter().enumerate().take(count) {
                    let place = (t * TILE + j) * stride + at;
                    let sum = fma(1.0, lane, load(frames, place));
                    store(&sum, frames, place);
                }
            });
        }
    }
}

vectorised! {
    /// G of all taps `[taps, size]` to `[points, size]`, where `size` is what both have in a plane.
    pub(super) fn transform_taps / transform_taps_portable (taps: &[f32], size: usize, out: &mut [f32]) {
        let mut out = planes::<POINTS>(out, size);
        columns!(size, L, at, {
            let points = from_taps::<L>(&std::array::from_fn(|k| load(taps, k * size + at)));
            for (plane, lane) in out.iter_mut().zip(&points) {
                store(lane, plane, at);
            }
        });
    }
}

vectorised! {
    /// Gᵀ of `[points, size]` to five planes of `size` values, `stride` values apart.
    pub(super) fn gather_taps / gather_taps_portable (points: &[f32], size: usize, taps: &mut [f32], stride: usize) {
        columns!(size, L, at, {
            let lanes = to_taps::<L>(&std::array::from_fn(|p| load(points, p * size + at)));
            for (k, lane) in lanes.iter().enumerate() {
                store(lane, taps, k * stride + at);
            }
        });
    }
}

mod points;
#[cfg(test)]
mod tests;
