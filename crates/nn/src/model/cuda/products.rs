//! Products of many matrices of the same size at once, by cublasLt, or by cuBLAS where that does not take them.

use cudarc::cublas::sys::cublasOperation_t::{CUBLAS_OP_N, CUBLAS_OP_T};
use cudarc::cublas::{result::CublasError, sys};
use dfdx::tensor::CudaError;

use super::algorithms::{Operand, Product, is_aligned_16};
use super::timeline::Timed;
use super::{Card, Pointer, Sizes};

/// A batch of row-major matrices on the device.
#[derive(Clone, Copy)]
pub struct Matrix {
    start: Pointer,
    leading: usize,
    stride: usize,
    transposed: bool,
    /// Whether a call may not count on what its own sizes allow, since another call for the same values cannot.
    assume_unaligned: bool,
}

impl Matrix {
    /// Matrices of rows that begin `leading` values after each other, each matrix `stride` values after the one before.
    ///
    /// A row is never longer than `leading`, but a matrix that is only read may begin within the one before.
    pub fn new(start: Pointer, leading: usize, stride: usize) -> Self {
        Self {
            start,
            leading,
            stride,
            transposed: false,
            assume_unaligned: false,
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

    /// What comes after this many rows.
    pub fn after_rows(self, rows: usize) -> Self {
        self.moved(rows * self.leading)
    }

    /// Values of this many rows.
    pub fn values_of_rows(self, rows: usize) -> usize {
        rows * self.leading
    }

    /// With the next matrix this many values after the one before.
    fn with_stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    fn moved(self, values: usize) -> Self {
        Self {
            start: self.start + (values * size_of::<f32>()) as Pointer,
            ..self
        }
    }

    /// As cuBLAS sees it, where it is `rows` by `columns` in a product.
    fn operand(self, (rows, columns): (usize, usize)) -> Operand {
        let (rows, columns) = match self.transposed {
            true => (columns, rows),
            false => (rows, columns),
        };
        Operand {
            start: self.start,
            rows: columns,
            columns: rows,
            leading: self.leading,
            stride: self.stride,
            transposed: self.transposed,
            aligned_16: !self.assume_unaligned
                && is_aligned_16(self.start, [self.leading, self.stride]),
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

/// A batch of matrices, each starting a fixed number of values after the one before.
#[derive(Clone, Copy)]
pub struct Phased {
    /// Where the first of each is.
    pub matrix: Matrix,
    /// Values from one phase to the next.
    pub step: usize,
}

impl Phased {
    /// The matrices from a place of the batch on.
    pub fn after(self, place: usize) -> Self {
        Self {
            matrix: self.matrix.of(place),
            ..self
        }
    }

    /// The transposes, without moving a value.
    pub fn transposed(self) -> Self {
        Self {
            matrix: self.matrix.transposed(),
            ..self
        }
    }

    /// The matrices of a phase.
    fn at(self, phase: usize) -> Matrix {
        self.matrix().moved(phase * self.step)
    }

    /// All phases of the matrix at a place of the batch, as a batch.
    fn of(self, place: usize) -> Matrix {
        self.matrix().of(place).with_stride(self.step)
    }

    /// Both take the same algorithm, so what one of them may not count on, the other does not.
    fn matrix(self) -> Matrix {
        let aligned = is_aligned_16(self.matrix.start, [self.step, self.matrix.stride]);
        Matrix {
            assume_unaligned: !aligned || self.matrix.assume_unaligned,
            ..self.matrix
        }
    }
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
            if inner > 0 {
                // SAFETY: callers pass matrices that are within their memory.
                let done = unsafe { self.algorithms().multiply(self.stream(), &product) };
                if done.map_err(|error| self.note_product(error))? {
                    return Ok(());
                }
            }
            self.multiply_by_cublas(&product, sizes)
        };
        self.timeline()
            .call(self.stream(), name, work(sizes, a, b, c, beta), call)
    }

    /// `c = a b + beta c` for each matrix of the batch in each of `phases`, in as few calls as that takes.
    ///
    /// The bits of each matrix depend neither on the size of the batch nor on which calls these are.
    ///
    /// # Errors
    /// What cuBLAS says.
    pub fn multiply_phases(
        &self,
        name: &'static str,
        sizes: Sizes,
        phases: usize,
        [a, b, c]: [Phased; 3],
        beta: f32,
    ) -> Result<(), CudaError> {
        if sizes.batch >= phases {
            return (0..phases).try_for_each(|phase| {
                self.multiply(name, sizes, a.at(phase), b.at(phase), c.at(phase), beta)
            });
        }
        let of_phases = Sizes {
            batch: phases,
            ..sizes
        };
        (0..sizes.batch).try_for_each(|place| {
            self.multiply(name, of_phases, a.of(place), b.of(place), c.of(place), beta)
        })
    }

    /// All products of a batch, by an algorithm that cuBLAS chooses, by their number too.
    fn multiply_by_cublas(&self, product: &Product, sizes: Sizes) -> Result<(), CudaError> {
        let operation = |operand: &Operand| match operand.transposed {
            true => CUBLAS_OP_T,
            false => CUBLAS_OP_N,
        };
        let Product { a, b, c, beta, .. } = product;
        let [m, n, k, batch] =
            [sizes.columns, sizes.rows, sizes.inner, sizes.batch].map(|size| size as i32);
        let [ld_a, ld_b, ld_c] = [a, b, c].map(|operand| operand.leading.max(1) as i32);
        let [stride_a, stride_b, stride_c] = [a, b, c].map(|operand| operand.stride as i64);
        let alpha = 1.0f32;
        // SAFETY: as the caller's.
        let status = unsafe {
            sys::cublasSgemmStridedBatched(
                self.blas(),
                operation(a),
                operation(b),
                m,
                n,
                k,
                &raw const alpha,
                a.start as *const f32,
                ld_a,
                stride_a,
                b.start as *const f32,
                ld_b,
                stride_b,
                std::ptr::from_ref(beta),
                c.start as *mut f32,
                ld_c,
                stride_c,
                batch,
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
