//! Gradients of weights: products over all frames of a batch, whose result is small.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use super::{Card, Matrix, Memory, Sizes, arguments};

/// Rows and columns of what one processor computes of a product.
const TILE: usize = 128;
/// Fewest frames that are worth a part of their own.
const PART: usize = 64;

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
    let (parts, chunk) = parts_and_chunk(card, sizes);
    if parts == 1 {
        return card.multiply(name, sizes, a.transposed(), b, c, 1.0);
    }
    let (inner, rest) = (sizes.inner / parts, sizes.inner % parts);
    let length = sizes.rows * sizes.columns;
    let partial = Memory::<f32>::new(card, chunk * parts * length)?;
    let of_parts = Sizes {
        inner,
        batch: parts,
        ..sizes
    };
    let of_rest = Sizes {
        inner: rest,
        batch: 1,
        ..sizes
    };
    for first in (0..sizes.batch).step_by(chunk) {
        let count = chunk.min(sizes.batch - first);
        for place in 0..count {
            let (a, b) = (a.of(first + place), b.of(first + place));
            let to = Matrix::new(partial.at(place * parts * length), sizes.columns, length);
            let (a_parts, b_parts) = (a.in_parts(inner), b.in_parts(inner));
            card.multiply(name, of_parts, a_parts.transposed(), b_parts, to, 0.0)?;
            if rest > 0 {
                let (a, b) = (a.after_rows(inner * parts), b.after_rows(inner * parts));
                card.multiply(name, of_rest, a.transposed(), b, to, 1.0)?;
            }
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
    match parts_and_chunk(card, sizes) {
        (1, _) => 0,
        (parts, chunk) => parts * chunk * sizes.rows * sizes.columns,
    }
}

/// Parts of each matrix, and as many matrices at a time as keep their parts in the cache.
fn parts_and_chunk(card: &Card, sizes: Sizes) -> (usize, usize) {
    let parts = parts(sizes, card.processors());
    let bytes = parts * sizes.rows * sizes.columns * size_of::<f32>();
    let in_cache = card.cache_bytes() / 2 / bytes.max(1);
    (parts, in_cache.clamp(1, sizes.batch.max(1)))
}

/// Parts that give every processor something to do at one matrix of the batch.
fn parts(sizes: Sizes, processors: usize) -> usize {
    let tiles = sizes.rows.div_ceil(TILE) * sizes.columns.div_ceil(TILE);
    if tiles == 0 || tiles >= processors {
        return 1;
    }
    (2 * processors / tiles).min(sizes.inner / PART).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_tiles_are_computed_in_parts_whatever_the_batch() {
        let sizes = |rows, inner, batch| Sizes {
            rows,
            inner,
            columns: 256,
            batch,
        };
        // The second block of the paper's network on a card with 132 processors.
        assert_eq!(parts(sizes(1280, 4800, 1), 132), 13);
        assert_eq!(parts(sizes(1280, 4800, 46), 132), 13);
        assert_eq!(parts(sizes(1280, 4800, 1), 20), 1);
        assert_eq!(parts(sizes(1280, 200, 1), 132), 3);
        assert_eq!(parts(sizes(1280, 60, 1), 132), 1);
        assert_eq!(parts(sizes(0, 4800, 1), 132), 1);
    }
}
