//! The points at which winograd filtering evaluates polynomials, and the numbers that follow from them.

/// Outputs of a tile.
pub const TILE: usize = 6;
/// Taps of the filter.
pub const TAPS: usize = 5;

/// The positive points.
const P: [f64; 4] = [0.4, 0.8, 1.25, 2.5];

/// Powers of the positive points: `POWERS[i][k]` is `P[i]^k`.
pub(super) const POWERS: [[f32; TILE]; 4] = {
    let mut powers = [[1.0; TILE]; 4];
    let mut i = 0;
    while i < 4 {
        let (mut power, mut k) = (1.0, 0);
        while k < TILE {
            powers[i][k] = power as f32;
            power *= P[i];
            k += 1;
        }
        i += 1;
    }
    powers
};

/// Coefficients of the product of (x² - p²) over all points but `without`: of x⁶, x⁴, x², 1 (x⁸ first with all four).
const fn product(without: usize) -> [f64; 5] {
    let mut c = [1.0, 0.0, 0.0, 0.0, 0.0];
    let mut i = 0;
    while i < 4 {
        if i != without {
            let mut k = 4;
            while k > 0 {
                c[k] -= P[i] * P[i] * c[k - 1];
                k -= 1;
            }
        }
        i += 1;
    }
    c
}

/// [`product`] without each point; the last row leaves none out.
pub(super) const PRODUCTS: [[f32; 5]; 5] = {
    let mut rows = [[0.0; 5]; 5];
    let mut i = 0;
    while i < 5 {
        let coefficients = product(i);
        let mut k = 0;
        while k < 5 {
            rows[i][k] = coefficients[k] as f32;
            k += 1;
        }
        i += 1;
    }
    rows
};

/// The filter's scale at each pair of points: one over the product of the distances to all other finite points.
const SCALES: [f64; 4] = {
    let mut scales = [0.0; 4];
    let mut i = 0;
    while i < 4 {
        let square = P[i] * P[i];
        let mut distance = 2.0 * square;
        let mut k = 0;
        while k < 4 {
            if k != i {
                distance *= square - P[k] * P[k];
            }
            k += 1;
        }
        scales[i] = 1.0 / distance;
        i += 1;
    }
    scales
};

/// Scale at zero.
pub(super) const SCALE_ZERO: f32 = (1.0 / product(4)[4]) as f32;

/// `FILTER[i][k]` is `SCALES[i] * P[i]^k`.
pub(super) const FILTER: [[f32; TAPS]; 4] = {
    let mut rows = [[0.0; TAPS]; 4];
    let mut i = 0;
    while i < 4 {
        let (mut value, mut k) = (SCALES[i], 0);
        while k < TAPS {
            rows[i][k] = value as f32;
            value *= P[i];
            k += 1;
        }
        i += 1;
    }
    rows
};
