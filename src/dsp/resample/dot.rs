//! Dot products in a fixed order of additions, so that every machine gets the same bits.

const WIDTH: usize = 16;

/// Adds up the partial sums, always in the same tree.
#[inline(always)]
fn fold(mut sums: [f32; WIDTH]) -> f32 {
    let mut width = WIDTH / 2;
    while width > 0 {
        for i in 0..width {
            sums[i] += sums[i + width];
        }
        width /= 2;
    }
    sums[0]
}

/// The product of two slices whose length is a multiple of 16.
#[inline(always)]
pub(super) fn one(a: &[f32], b: &[f32]) -> f32 {
    let mut even = [0.0; WIDTH];
    let mut odd = [0.0; WIDTH];
    let (a, _) = a.as_chunks::<WIDTH>();
    let (b, _) = b.as_chunks::<WIDTH>();
    let (a_pairs, a_rest) = a.as_chunks::<2>();
    let (b_pairs, b_rest) = b.as_chunks::<2>();
    for (a, b) in a_pairs.iter().zip(b_pairs) {
        for i in 0..WIDTH {
            even[i] += a[0][i] * b[0][i];
        }
        for i in 0..WIDTH {
            odd[i] += a[1][i] * b[1][i];
        }
    }
    for (a, b) in a_rest.iter().zip(b_rest) {
        for i in 0..WIDTH {
            even[i] += a[i] * b[i];
        }
    }
    for i in 0..WIDTH {
        even[i] += odd[i];
    }
    fold(even)
}

/// The products of one slice with two others.
#[inline(always)]
pub(super) fn two(a: &[f32], b: &[f32], c: &[f32]) -> [f32; 2] {
    let mut left = [0.0; WIDTH];
    let mut right = [0.0; WIDTH];
    let (a, _) = a.as_chunks::<WIDTH>();
    let (b, _) = b.as_chunks::<WIDTH>();
    let (c, _) = c.as_chunks::<WIDTH>();
    for ((a, b), c) in a.iter().zip(b).zip(c) {
        for i in 0..WIDTH {
            left[i] += a[i] * b[i];
        }
        for i in 0..WIDTH {
            right[i] += a[i] * c[i];
        }
    }
    [fold(left), fold(right)]
}

/// The products of `row` with four stretches of `input`, `step` samples apart.
#[inline(always)]
pub(super) fn four(row: &[f32], input: &[f32], step: usize) -> [f32; 4] {
    let len = row.len();
    let mut sums = [[0.0; WIDTH]; 4];
    let (row, _) = row.as_chunks::<WIDTH>();
    let (a, _) = input[..len].as_chunks::<WIDTH>();
    let (b, _) = input[step..step + len].as_chunks::<WIDTH>();
    let (c, _) = input[2 * step..2 * step + len].as_chunks::<WIDTH>();
    let (d, _) = input[3 * step..3 * step + len].as_chunks::<WIDTH>();
    for ((((row, a), b), c), d) in row.iter().zip(a).zip(b).zip(c).zip(d) {
        for (sums, input) in sums.iter_mut().zip([a, b, c, d]) {
            for i in 0..WIDTH {
                sums[i] += row[i] * input[i];
            }
        }
    }
    sums.map(fold)
}
