//! Products of many matrices of the same size at once, by cuBLAS.

use cudarc::cublas::sys::cublasOperation_t::{CUBLAS_OP_N, CUBLAS_OP_T};
use cudarc::cublas::{result::CublasError, sys};
use dfdx::tensor::CudaError;

use super::timeline::Timed;
use super::{Card, Pointer};

/// A batch of row-major matrices on the device.
#[derive(Clone, Copy)]
pub struct Matrix {
    start: Pointer,
    columns: usize,
    stride: usize,
    transposed: bool,
}

impl Matrix {
    /// Matrices of rows `columns` long, each `stride` values after the one before.
    pub fn new(start: Pointer, columns: usize, stride: usize) -> Self {
        Self {
            start,
            columns,
            stride,
            transposed: false,
        }
    }

    /// Address of the first matrix.
    pub fn start(self) -> Pointer {
        self.start
    }

    /// Values from one matrix to the next.
    pub fn stride(self) -> usize {
        self.stride
    }

    /// The matrix at a place of the batch, alone.
    pub fn of(self, place: usize) -> Self {
        self.moved(place * self.stride)
    }

    /// What comes after so many rows.
    pub fn after_rows(self, rows: usize) -> Self {
        self.moved(rows * self.columns)
    }

    /// One matrix as a batch of so many rows each.
    pub fn in_parts(self, rows: usize) -> Self {
        Self {
            stride: rows * self.columns,
            ..self
        }
    }

    fn moved(self, values: usize) -> Self {
        Self {
            start: self.start + (values * size_of::<f32>()) as Pointer,
            ..self
        }
    }

    /// The transposes, without moving a value.
    pub fn transposed(self) -> Self {
        Self {
            transposed: !self.transposed,
            ..self
        }
    }
}

/// Sizes of a product: `[rows, inner] [inner, columns]`, `batch` times.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub rows: usize,
    pub inner: usize,
    pub columns: usize,
    pub batch: usize,
}

impl Card {
    /// `c = a b + beta c` for each matrix of the batch; `name` is what measurements call it.
    ///
    /// # Errors
    /// What cuBLAS says.
    pub fn multiply(
        &self,
        name: &'static str,
        sizes: Sizes,
        a: Matrix,
        b: Matrix,
        c: Matrix,
        beta: f32,
    ) -> Result<(), CudaError> {
        if sizes.rows == 0 || sizes.columns == 0 || sizes.batch == 0 {
            return Ok(());
        }
        self.bind()?;
        let operation = |matrix: &Matrix| match matrix.transposed {
            true => CUBLAS_OP_T,
            false => CUBLAS_OP_N,
        };
        let alpha = 1.0f32;
        // cuBLAS counts down columns: what is row-major here is a transpose there, so the factors change places.
        let (of_b, of_a) = (operation(&b), operation(&a));
        let [m, n, k] = [sizes.columns, sizes.rows, sizes.inner].map(|size| size as i32);
        let [ld_b, ld_a, ld_c] = [&b, &a, &c].map(|matrix| matrix.columns.max(1) as i32);
        let (from_b, from_a, to) = (
            b.start as *const f32,
            a.start as *const f32,
            c.start as *mut f32,
        );
        let (alpha, beta_at) = (&raw const alpha, &raw const beta);
        let product = || match sizes.batch {
            // For one product cuBLAS has more ways to choose from.
            // SAFETY: as below.
            1 => unsafe {
                sys::cublasSgemm_v2(
                    self.blas(),
                    of_b,
                    of_a,
                    m,
                    n,
                    k,
                    alpha,
                    from_b,
                    ld_b,
                    from_a,
                    ld_a,
                    beta_at,
                    to,
                    ld_c,
                )
            },
            // SAFETY: callers pass matrices that lie within their memory.
            batch => unsafe {
                sys::cublasSgemmStridedBatched(
                    self.blas(),
                    of_b,
                    of_a,
                    m,
                    n,
                    k,
                    alpha,
                    from_b,
                    ld_b,
                    b.stride as i64,
                    from_a,
                    ld_a,
                    a.stride as i64,
                    beta_at,
                    to,
                    ld_c,
                    c.stride as i64,
                    batch as i32,
                )
            },
        };
        let call = || match product() {
            sys::cublasStatus_t::CUBLAS_STATUS_SUCCESS => Ok(()),
            other => Err(self.note_product(CudaError::Blas(CublasError(other)))),
        };
        self.timeline()
            .call(self.stream(), name, work(sizes, a, b, c, beta), call)
    }
}

/// What a product has to do; a matrix that all products of a batch share counts once.
fn work(sizes: Sizes, a: Matrix, b: Matrix, c: Matrix, beta: f32) -> Timed {
    let Sizes {
        rows,
        inner,
        columns,
        batch,
    } = sizes;
    let times = |matrix: Matrix| if matrix.stride == 0 { 1 } else { batch };
    let passes = if beta == 0.0 { 1 } else { 2 };
    let values =
        rows * inner * times(a) + inner * columns * times(b) + rows * columns * times(c) * passes;
    Timed {
        operations: 2.0 * (rows * inner * columns * batch) as f64,
        bytes: (values * size_of::<f32>()) as f64,
        ..Timed::default()
    }
}
