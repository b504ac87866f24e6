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
        // SAFETY: callers pass matrices that lie within their memory.
        let product = || unsafe {
            sys::cublasSgemmStridedBatched(
                self.blas(),
                operation(&b),
                operation(&a),
                sizes.columns as i32,
                sizes.rows as i32,
                sizes.inner as i32,
                &raw const alpha,
                b.start as *const f32,
                b.columns.max(1) as i32,
                b.stride as i64,
                a.start as *const f32,
                a.columns.max(1) as i32,
                a.stride as i64,
                &raw const beta,
                c.start as *mut f32,
                c.columns.max(1) as i32,
                c.stride as i64,
                sizes.batch as i32,
            )
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
