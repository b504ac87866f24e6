//! Sizes of matrix products.

/// Sizes of a product: `[rows, inner] [inner, columns]`, `batch` times.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub rows: usize,
    pub inner: usize,
    pub columns: usize,
    pub batch: usize,
}
