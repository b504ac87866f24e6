//! Gradients of weights: products over all frames of a batch, whose result is small.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use super::{Card, Matrix, Memory, Phased, Sizes, arguments};

/// Rows and columns of what one processor computes of a product.
const TILE: usize = 128;
/// Fewest frames that are worth a part of their own.
const PART: usize = 64;
/// Values of parts that are in memory at a time, where one model's are not more.
const VALUES: usize = 1 << 26;

/// `c += aᵀ b` for each matrix of the batch; `a` is `[inner, rows]`, `b` `[inner, columns]`.
///
/// A result of few tiles would leave most processors of the card idle. It is then computed in parts of the frames side
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
    let parts = parts(card.processors(), sizes, 1);
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

/// The same for frames in so many phases, of which `sizes` are those of one; see [`parts`].
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

/// As many of `models` at a time as make shares of about one size, at most `wanted`, and at least one.
pub fn even_share(models: usize, wanted: usize) -> usize {
    models
        .div_ceil(models.div_ceil(wanted.max(1)).max(1))
        .max(1)
}

/// Values of the parts that [`add_product_over_frames`] makes at a time.
pub fn values_of_parts(card: &Card, sizes: Sizes) -> usize {
    match parts(card.processors(), sizes, 1) {
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

/// Parts, a multiple of `least`, that give half of the processors something to do at one matrix of the batch: each part
/// is one more pass over the result for every model, and many models keep all processors busy anyway.
pub fn parts(processors: usize, sizes: Sizes, least: usize) -> usize {
    let tiles = sizes.rows.div_ceil(TILE) * sizes.columns.div_ceil(TILE);
    let wanted = processors / 2 / (tiles * least).max(1);
    let possible = sizes.inner / (PART * least).max(1);
    wanted.min(possible).max(1) * least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_not_larger_than_wanted() {
        assert_eq!(
            [1, 20, 40, 46, 99].map(|most| even_share(46, most)),
            [1, 16, 23, 46, 46]
        );
        assert_eq!([even_share(0, 8), even_share(3, 0)], [1, 1]);
    }

    #[test]
    fn few_tiles_are_computed_in_parts_whatever_the_batch() {
        let sizes = |rows, inner, batch| Sizes {
            rows,
            inner,
            columns: 256,
            batch,
        };
        // The first two blocks of the paper's network and its recurrent layer on a card with 132 processors.
        assert_eq!(parts(132, sizes(200, 9600, 1), 5), 15);
        assert_eq!(parts(132, sizes(1280, 4800, 1), 5), 5);
        assert_eq!(parts(132, sizes(1024, 1200, 1), 1), 4);
        assert_eq!(parts(132, sizes(1024, 1200, 46), 1), 4);
        assert_eq!(parts(132, sizes(1024, 200, 1), 1), 3);
        assert_eq!(parts(132, sizes(1024, 60, 1), 1), 1);
        assert_eq!(parts(20, sizes(2048, 1200, 1), 1), 1);
        assert_eq!(parts(132, sizes(0, 1200, 1), 1), 18);
    }
}
