//! How the work of products is shared out: among the card's SMs (streaming multiprocessors), and among models that take
//! turns.

use super::Sizes;

/// Rows and columns of a tile, which one SM computes of a product.
const TILE: usize = 128;
/// Times that every SM should have a tile to compute in one product, so that few idle at its end; more take memory
/// and save nothing.
const WAVES: usize = 16;
/// Fewest frames that are worth a part of their own.
const PART: usize = 64;

/// Tiles of one matrix of the batch.
fn tiles(sizes: Sizes) -> usize {
    sizes.rows.div_ceil(TILE) * sizes.columns.div_ceil(TILE)
}

/// Models at a time that give each SM of the card several tiles of such a product.
pub fn models_for_sms(sms: usize, sizes: Sizes) -> usize {
    (WAVES * sms).div_ceil(tiles(sizes).max(1))
}

/// Parts that a sum over `inner` is computed in, a multiple of `least`: as many as give half of the SMs something to do at
/// one matrix of the batch. Each part is one more pass over the result for every model, and many models keep all SMs busy
/// anyway.
pub fn parts(sms: usize, sizes: Sizes, least: usize) -> usize {
    let wanted = sms / 2 / (tiles(sizes) * least).max(1);
    let possible = sizes.inner / (PART * least).max(1);
    wanted.min(possible).max(1) * least
}

/// As many of `models` at a time as make shares of about one size, at most `wanted`, and at least one.
pub fn even_share(models: usize, wanted: usize) -> usize {
    models
        .div_ceil(models.div_ceil(wanted.max(1)).max(1))
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(rows: usize, inner: usize, batch: usize) -> Sizes {
        Sizes {
            rows,
            inner,
            columns: 256,
            batch,
        }
    }

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
        // The first two blocks of the paper's network and its recurrent layer on a card with 132 SMs.
        assert_eq!(parts(132, sizes(200, 9600, 1), 5), 15);
        assert_eq!(parts(132, sizes(1280, 4800, 1), 5), 5);
        assert_eq!(parts(132, sizes(1024, 1200, 1), 1), 4);
        assert_eq!(parts(132, sizes(1024, 1200, 46), 1), 4);
        assert_eq!(parts(132, sizes(1024, 200, 1), 1), 3);
        assert_eq!(parts(132, sizes(1024, 60, 1), 1), 1);
        assert_eq!(parts(20, sizes(2048, 1200, 1), 1), 1);
        assert_eq!(parts(132, sizes(0, 1200, 1), 1), 18);
    }

    #[test]
    fn small_products_take_many_models_at_a_time() {
        // A phase of the first block with 9,600 frames has 15 by 2 tiles.
        assert_eq!(models_for_sms(132, sizes(1920, 200, 1)), 71);
        assert_eq!(models_for_sms(8, sizes(0, 200, 1)), 128);
    }
}
