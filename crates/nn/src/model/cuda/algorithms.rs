//! How products are computed: by algorithms of cublasLt that are chosen for a product alone, however many share it.
//!
//! Algorithms differ in the order of their additions, so in the last digits. The functions of cuBLAS choose one by all
//! sizes, the number of products side by side included: then a model would learn other digits beside others than alone.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cudarc::cublaslt::result::{self, CublasError};
use cudarc::cublaslt::sys;
use cudarc::cublaslt::sys::cublasLtMatmulPreferenceAttributes_t as Wish;
use cudarc::cublaslt::sys::cublasLtMatrixLayoutAttribute_t as LayoutAttribute;
use cudarc::driver::sys::CUstream;
use dfdx::tensor::CudaError;
use pipe_foundation::sync::lock;

use super::Pointer;

/// Products side by side that an algorithm is chosen for: enough that the large tiles, which many models need, are
/// preferred.
const SUPPOSED_BATCH: usize = 8;
/// Alignment that loads of four values need, in bytes.
const ALIGNMENT: usize = 16;
/// Sizes up to this one count as they are; larger ones in eighths of a power of two, since batches differ in frames.
const EXACT: usize = 256;

/// A batch of matrices as cublasLt sees them, column by column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operand {
    pub start: Pointer,
    pub rows: usize,
    pub columns: usize,
    /// Values from one column to the next.
    pub leading: usize,
    /// Values from one matrix to the next.
    pub stride: usize,
    pub transposed: bool,
    /// Whether every matrix and column begins at a multiple of 16 bytes, where four values can be loaded at once, in any
    /// company: places of models differ by multiples of these sizes.
    pub aligned_16: bool,
}

/// Whether what begins at `start`, and again and again after so many values, begins at multiples of 16 bytes.
pub fn is_aligned_16(start: Pointer, steps: [usize; 2]) -> bool {
    let steps = steps.map(|values| values * size_of::<f32>());
    [start as usize, steps[0], steps[1]]
        .iter()
        .all(|at| at.is_multiple_of(ALIGNMENT))
}

impl Operand {
    /// With sizes by class, at no place: what an algorithm is chosen for.
    fn kind(&self) -> Self {
        let (rows, columns) = (size_class(self.rows), size_class(self.columns));
        let leading = self.leading.max(rows);
        Self {
            rows,
            columns,
            leading,
            stride: columns * leading,
            ..self.placeless()
        }
    }

    /// The same with the very sizes. Which matrices share memory, and so how far apart they are, differs from call to
    /// call; nothing is chosen by that.
    fn sizes(&self) -> Self {
        Self {
            stride: self.columns * self.leading,
            ..self.placeless()
        }
    }

    /// At no place.
    fn placeless(&self) -> Self {
        Self { start: 0, ..*self }
    }
}

/// The size that stands for all that are about as large.
fn size_class(size: usize) -> usize {
    match size {
        0..=EXACT => size,
        _ => size.next_multiple_of(1 << (size.ilog2() - 3)),
    }
}

/// `c = a b + beta c`, `batch` times.
pub struct Product {
    pub a: Operand,
    pub b: Operand,
    pub c: Operand,
    pub beta: f32,
    pub batch: usize,
}

/// The algorithms chosen so far, on one device.
pub struct Algorithms {
    handle: sys::cublasLtHandle_t,
    /// By whether the factors are transposed.
    descriptions: [[sys::cublasLtMatmulDesc_t; 2]; 2],
    chosen: Mutex<HashMap<[Operand; 3], Option<sys::cublasLtMatmulAlgo_t>>>,
    irregular: AtomicUsize,
}

impl Algorithms {
    /// For the device of the bound context; with `tf32`, factors are rounded to ten bits of mantissa.
    ///
    /// # Errors
    /// What cublasLt says.
    pub fn new(tf32: bool) -> Result<Self, CublasError> {
        let compute = match tf32 {
            true => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32,
            false => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F,
        };
        let mut own = Self {
            handle: result::create_handle()?,
            descriptions: [[std::ptr::null_mut(); 2]; 2],
            chosen: Mutex::new(HashMap::new()),
            irregular: AtomicUsize::new(0),
        };
        for (of_a, of_b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let made = result::create_matmul_desc(compute, sys::cudaDataType_t::CUDA_R_32F)?;
            own.descriptions[of_a][of_b] = made;
            use sys::cublasLtMatmulDescAttributes_t as Attribute;
            for (attribute, transposed) in [
                (Attribute::CUBLASLT_MATMUL_DESC_TRANSA, of_a),
                (Attribute::CUBLASLT_MATMUL_DESC_TRANSB, of_b),
            ] {
                let value = transposed as i32;
                // SAFETY: the attribute is such a number: CUBLAS_OP_N is 0, CUBLAS_OP_T 1.
                unsafe {
                    result::set_matmul_desc_attribute(made, attribute, at(&value), size_of::<i32>())
                }?;
            }
        }
        Ok(own)
    }

    /// Multiplies, in the order of `stream`; false where cublasLt has no algorithm or does not take it.
    ///
    /// # Errors
    /// What may pass, such as too little memory: another algorithm would give other digits, just this once.
    ///
    /// # Safety
    /// The matrices must lie within memory of the device.
    pub unsafe fn multiply(&self, stream: CUstream, product: &Product) -> Result<bool, CudaError> {
        let operands = [&product.a, &product.b, &product.c];
        // What suits a kind should suit all of it; if not, what is chosen for the very sizes does.
        let attempts = [
            (operands.map(Operand::kind), true),
            (operands.map(Operand::sizes), true),
            (operands.map(Operand::placeless), false),
        ];
        let mut regular = true;
        for (kinds, by_sizes) in attempts {
            regular &= by_sizes;
            let Some(algorithm) = self.chosen(kinds)? else {
                continue;
            };
            // SAFETY: as the caller promises.
            match unsafe { self.run(stream, product, &algorithm) } {
                Ok(()) => {
                    self.count(regular);
                    return Ok(true);
                }
                Err(error) => unless_refused(error)?,
            }
            // An algorithm may refuse one number of products and take another.
            regular = false;
        }
        self.count(false);
        Ok(false)
    }

    fn count(&self, regular: bool) {
        self.irregular
            .fetch_add(usize::from(!regular), Ordering::Relaxed);
    }

    /// Products that were not computed by what was chosen by their sizes alone.
    pub fn irregular(&self) -> usize {
        self.irregular.load(Ordering::Relaxed)
    }

    /// The algorithm for products like these, if there is one.
    fn chosen(&self, kinds: [Operand; 3]) -> Result<Option<sys::cublasLtMatmulAlgo_t>, CudaError> {
        let mut chosen = lock(&self.chosen);
        if let Some(algorithm) = chosen.get(&kinds) {
            return Ok(*algorithm);
        }
        let algorithm = match self.choose(kinds) {
            Ok(algorithm) => algorithm,
            Err(CublasError(sys::cublasStatus_t::CUBLAS_STATUS_NOT_SUPPORTED)) => None,
            // What went wrong says nothing of the next time.
            Err(error) => return unless_refused(error).map(|()| None),
        };
        chosen.insert(kinds, algorithm);
        Ok(algorithm)
    }

    fn description(&self, a: &Operand, b: &Operand) -> sys::cublasLtMatmulDesc_t {
        self.descriptions[usize::from(a.transposed)][usize::from(b.transposed)]
    }

    /// The algorithm that cublasLt holds for the fastest of those that add each value's sum in one sequence.
    fn choose(
        &self,
        kinds: [Operand; 3],
    ) -> Result<Option<sys::cublasLtMatmulAlgo_t>, CublasError> {
        let [a, b, c] = &kinds;
        let of = |operand| Layout::new(operand, SUPPOSED_BATCH);
        let (of_a, of_b, of_c) = (of(a)?, of(b)?, of(c)?);
        let preference = MatmulPreference(result::create_matmul_pref()?);
        // Without parts there is nothing to keep for a second pass.
        preference.set(Wish::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, 0u64)?;
        let sequence = sys::cublasLtReductionScheme_t::CUBLASLT_REDUCTION_SCHEME_NONE as u32;
        preference.set(Wish::CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, sequence)?;
        for (wish, operand) in [
            (Wish::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, a),
            (Wish::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, b),
            (Wish::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, c),
            (Wish::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, c),
        ] {
            let bytes = if operand.aligned_16 {
                ALIGNMENT
            } else {
                size_of::<f32>()
            };
            preference.set(wish, bytes as u32)?;
        }
        let mut found = sys::cublasLtMatmulHeuristicResult_t {
            algo: sys::cublasLtMatmulAlgo_t::default(),
            workspaceSize: 0,
            state: sys::cublasStatus_t::CUBLAS_STATUS_NOT_SUPPORTED,
            wavesCount: 0.0,
            reserved: [0; 4],
        };
        let mut count = 0;
        // SAFETY: all are alive, and there is room for one result.
        let status = unsafe {
            sys::cublasLtMatmulAlgoGetHeuristic(
                self.handle,
                self.description(a, b),
                of_a.0,
                of_b.0,
                of_c.0,
                of_c.0,
                preference.0,
                1,
                &raw mut found,
                &raw mut count,
            )
        };
        status.result()?;
        let well = found.state == sys::cublasStatus_t::CUBLAS_STATUS_SUCCESS;
        Ok((count > 0 && well).then_some(found.algo))
    }

    /// # Safety
    /// As [`Self::multiply`].
    unsafe fn run(
        &self,
        stream: CUstream,
        product: &Product,
        algorithm: &sys::cublasLtMatmulAlgo_t,
    ) -> Result<(), CublasError> {
        let Product { a, b, c, .. } = product;
        let of = |operand| Layout::new(operand, product.batch);
        let (of_a, of_b, of_c) = (of(a)?, of(b)?, of(c)?);
        let alpha = 1.0f32;
        // SAFETY: the caller's, for the matrices; all else is alive.
        unsafe {
            result::matmul(
                self.handle,
                self.description(a, b),
                at(&alpha),
                at(&product.beta),
                a.start as *const c_void,
                of_a.0,
                b.start as *const c_void,
                of_b.0,
                c.start as *const c_void,
                of_c.0,
                c.start as *mut c_void,
                of_c.0,
                algorithm,
                std::ptr::null_mut(),
                0,
                stream.cast(),
            )
        }
    }

    /// Gives everything back to cublasLt.
    ///
    /// # Safety
    /// Nothing may be asked of it afterwards.
    pub unsafe fn release(&mut self) {
        let made = self.descriptions.as_flattened().iter();
        for &description in made.filter(|own| !own.is_null()) {
            // SAFETY: made once, and given back here.
            let _ = unsafe { result::destroy_matmul_desc(description) };
        }
        // SAFETY: as above.
        let _ = unsafe { result::destroy_handle(self.handle) };
    }
}

/// How the matrices of a batch lie.
struct Layout(sys::cublasLtMatrixLayout_t);

impl Layout {
    fn new(operand: &Operand, batch: usize) -> Result<Self, CublasError> {
        let (rows, columns) = (operand.rows as u64, operand.columns as u64);
        let kind = sys::cudaDataType_t::CUDA_R_32F;
        let made = result::create_matrix_layout(kind, rows, columns, operand.leading as i64)?;
        let own = Self(made);
        let (count, stride) = (batch as i32, operand.stride as i64);
        own.set(LayoutAttribute::CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, count)?;
        let attribute = LayoutAttribute::CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET;
        own.set(attribute, stride)?;
        Ok(own)
    }

    fn set<T>(&self, attribute: LayoutAttribute, value: T) -> Result<(), CublasError> {
        // SAFETY: the layout lives; the size is checked on the other side.
        let status = unsafe {
            sys::cublasLtMatrixLayoutSetAttribute(self.0, attribute, at(&value), size_of::<T>())
        };
        status.result()
    }
}

impl Drop for Layout {
    fn drop(&mut self) {
        // SAFETY: made once, and not used after.
        let _ = unsafe { result::destroy_matrix_layout(self.0) };
    }
}

/// What an algorithm must be able to do.
struct MatmulPreference(sys::cublasLtMatmulPreference_t);

impl MatmulPreference {
    fn set<T>(&self, wish: Wish, value: T) -> Result<(), CublasError> {
        // SAFETY: they live; the size is checked on the other side.
        unsafe { result::set_matmul_pref_attribute(self.0, wish, at(&value), size_of::<T>()) }
    }
}

impl Drop for MatmulPreference {
    fn drop(&mut self) {
        // SAFETY: made once, and not used after.
        let _ = unsafe { result::destroy_matmul_pref(self.0) };
    }
}

/// The error of a product that may be taken another time; none where it is refused for what it is.
fn unless_refused(error: CublasError) -> Result<(), CudaError> {
    use cudarc::cublas::{result::CublasError as Error, sys::cublasStatus_t as Status};
    let passing = match error.0 {
        sys::cublasStatus_t::CUBLAS_STATUS_ALLOC_FAILED => Status::CUBLAS_STATUS_ALLOC_FAILED,
        sys::cublasStatus_t::CUBLAS_STATUS_EXECUTION_FAILED => {
            Status::CUBLAS_STATUS_EXECUTION_FAILED
        }
        _ => return Ok(()),
    };
    Err(CudaError::Blas(Error(passing)))
}

fn at<T>(value: &T) -> *const c_void {
    std::ptr::from_ref(value).cast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_one_class_are_within_an_eighth() {
        assert_eq!([0, 1, 32, 255, 256].map(size_class), [0, 1, 32, 255, 256]);
        assert_eq!(size_class(257), 288);
        assert_eq!(size_class(1280), 1280);
        for size in (1..20_000).step_by(7) {
            let class = size_class(size);
            assert!(
                class >= size && 8 * (class - size) <= size,
                "{size}: {class}"
            );
            assert_eq!(size_class(class), class);
        }
    }

    #[test]
    fn a_kind_forgets_the_place_and_the_batch() {
        let operand = |start, columns, leading| Operand {
            start,
            rows: leading,
            columns,
            leading,
            stride: leading * columns,
            transposed: false,
            aligned_16: is_aligned_16(start, [leading, leading * columns]),
        };
        let kind = operand(4096, 5000, 64).kind();
        assert_eq!(kind, operand(1 << 20, 5100, 64).kind());
        assert_ne!(kind, operand(4096, 5000, 68).kind());
        assert_ne!(kind, operand(4100, 5000, 64).kind(), "four values at once");
        // Columns of odd length begin anywhere: then nothing counts on where the first one does.
        let odd = operand(4096, 5000, 63).kind();
        assert_eq!(odd, operand(4100, 5000, 63).kind());
        assert!(!odd.aligned_16);
        // Sizes of the operands of a product fit together, whatever their columns are padded to.
        let long = operand(0, 600, 1000).kind();
        assert_eq!((long.rows, long.leading), (1024, 1024));
    }
}
