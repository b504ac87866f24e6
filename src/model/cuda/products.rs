//! Products of many matrices of the same size at once, by cublasLt, or one by one by cuBLAS.

use cudarc::cublas::sys::cublasOperation_t::{CUBLAS_OP_N, CUBLAS_OP_T};
use cudarc::cublas::{result::CublasError, sys};
use dfdx::tensor::CudaError;

use super::algorithms::{Operand, Product};
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

    /// As cuBLAS sees it, where it stands for `rows` by `columns` in a product.
    fn operand(self, (rows, columns): (usize, usize)) -> Operand {
        let (rows, columns) = match self.transposed {
            true => (columns, rows),
            false => (rows, columns),
        };
        Operand {
            start: self.start,
            rows: columns,
            columns: rows,
            leading: self.columns,
            stride: self.stride,
            transposed: self.transposed,
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
    /// The bits of each matrix do not depend on how many there are.
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
        let Sizes {
            rows,
            inner,
            columns,
            batch,
        } = sizes;
        if rows == 0 || columns == 0 || batch == 0 {
            return Ok(());
        }
        self.bind()?;
        // cuBLAS counts down columns: what is row-major here is a transpose there, so the factors change places.
        let product = Product {
            a: b.operand((inner, columns)),
            b: a.operand((rows, inner)),
            c: c.operand((rows, columns)),
            beta,
            batch,
        };
        let call = || {
            // SAFETY: callers pass matrices that lie within their memory.
            if inner > 0 && unsafe { self.algorithms().multiply(self.stream(), &product) } {
                return Ok(());
            }
            (0..batch).try_for_each(|place| self.multiply_one(&product, sizes, place))
        };
        self.timeline()
            .call(self.stream(), name, work(sizes, a, b, c, beta), call)
    }

    /// The product at one place of a batch, by an algorithm that cuBLAS chooses.
    fn multiply_one(&self, product: &Product, sizes: Sizes, place: usize) -> Result<(), CudaError> {
        let operation = |operand: &Operand| match operand.transposed {
            true => CUBLAS_OP_T,
            false => CUBLAS_OP_N,
        };
        let start = |operand: &Operand| {
            operand.start + (place * operand.stride * size_of::<f32>()) as Pointer
        };
        let Product { a, b, c, beta, .. } = product;
        let [m, n, k] = [sizes.columns, sizes.rows, sizes.inner].map(|size| size as i32);
        let [ld_a, ld_b, ld_c] = [a, b, c].map(|operand| operand.leading.max(1) as i32);
        let alpha = 1.0f32;
        // SAFETY: as the caller's.
        let status = unsafe {
            sys::cublasSgemm_v2(
                self.blas(),
                operation(a),
                operation(b),
                m,
                n,
                k,
                &raw const alpha,
                start(a) as *const f32,
                ld_a,
                start(b) as *const f32,
                ld_b,
                std::ptr::from_ref(beta),
                start(c) as *mut f32,
                ld_c,
            )
        };
        match status {
            sys::cublasStatus_t::CUBLAS_STATUS_SUCCESS => Ok(()),
            other => Err(self.note_product(CudaError::Blas(CublasError(other)))),
        }
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
