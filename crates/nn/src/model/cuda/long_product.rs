//! Gradients of weights: products over all frames of a batch, whose result is small.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use super::shares::{even_share, parts};
use super::{Card, Matrix, Memory, Phased, Sizes, arguments};

/// Values of parts that are in memory at a time, where one model's are not more.
const VALUES: usize = 1 << 26;

/// `c += aᵀ b` for each matrix of the batch; `a` is `[inner, rows]`, `b` `[inner, columns]`.
///
/// A result of few tiles would leave most SMs of the card idle. It is then computed in parts of the frames side
/// by side, which are added in their order, so that the same bits come each time. How many parts there are does not
/// depend on the number of models, so that a model's sums do not either.
///
/// # Errors
/// What cuBLAS or the driver says.
pub fn add_product_over_frames(
    card: &Arc<Card>,
    name: &'static str,
    sizes: Sizes,
    a: Matrix,
    b: Matrix,
    c: Matrix,
) -> Result<(), CudaError> {
    let parts = parts(card.sms(), sizes, 1);
    if parts == 1 {
        return card.multiply(name, sizes, a.transposed(), b, c, 1.0);
    }
    let (inner, left) = (sizes.inner / parts, sizes.inner % parts);
    let of = |inner| Sizes { inner, ..sizes };
    let phased = |matrix: Matrix| Phased {
        step: matrix.values_of_rows(inner),
        matrix,
    };
    let rest = Rest {
        sizes: of(left),
        factors: [a, b].map(|matrix| matrix.after_rows(inner * parts)),
    };
    let factors = [phased(a), phased(b)];
    add_parts(card, name, of(inner), parts, factors, Some(rest), c)
}

/// The same for frames in this many phases, of which `sizes` are those of one; see [`parts`].
///
/// # Errors
/// What cuBLAS or the driver says.
pub fn add_product_over_phases(
    card: &Arc<Card>,
    name: &'static str,
    sizes: Sizes,
    phases: usize,
    factors: [Phased; 2],
    c: Matrix,
) -> Result<(), CudaError> {
    add_parts(card, name, sizes, phases, factors, None, c)
}

/// Frames that belong to no part.
struct Rest {
    sizes: Sizes,
    factors: [Matrix; 2],
}

/// Adds the products of all parts, each of `sizes`, in their order; the rest counts with the first.
fn add_parts(
    card: &Arc<Card>,
    name: &'static str,
    sizes: Sizes,
    parts: usize,
    [a, b]: [Phased; 2],
    rest: Option<Rest>,
    c: Matrix,
) -> Result<(), CudaError> {
    let length = sizes.rows * sizes.columns;
    let chunk = models_at_once(sizes, parts);
    let partial = Memory::<f32>::new(card, chunk * parts * length)?;
    let to = Phased {
        matrix: Matrix::new(partial.at(0), sizes.columns, parts * length),
        step: length,
    };
    for first in (0..sizes.batch).step_by(chunk) {
        let count = chunk.min(sizes.batch - first);
        let of = |sizes: Sizes| Sizes {
            batch: count,
            ..sizes
        };
        let factors = [a.after(first).transposed(), b.after(first), to];
        card.multiply_phases(name, of(sizes), parts, factors, 0.0)?;
        if let Some(rest) = rest.as_ref().filter(|rest| rest.sizes.inner > 0) {
            let [a, b] = rest.factors.map(|matrix| matrix.of(first));
            card.multiply(name, of(rest.sizes), a.transposed(), b, to.matrix, 1.0)?;
        }
        card.launch(
            "add_parts",
            (length, count),
            arguments![at c.of(first).start(), of partial, int length, int parts, size c.stride()],
        )?;
    }
    Ok(())
}

/// Values of the parts that [`add_product_over_frames`] makes at a time.
pub fn values_of_parts(card: &Card, sizes: Sizes) -> usize {
    match parts(card.sms(), sizes, 1) {
        1 => 0,
        parts => values_of(sizes, parts),
    }
}

/// The same of [`add_product_over_phases`].
pub fn values_of(sizes: Sizes, parts: usize) -> usize {
    models_at_once(sizes, parts) * parts * sizes.rows * sizes.columns
}

/// Models whose parts are in memory at a time.
fn models_at_once(sizes: Sizes, parts: usize) -> usize {
    let own = parts * sizes.rows * sizes.columns;
    even_share(sizes.batch, VALUES / own.max(1))
}
