//! How products are computed: by algorithms of cublasLt that are chosen for a product alone, however many share it.
//!
//! Algorithms differ in the order of their additions, so in the last digits. The functions of cuBLAS choose one by all
//! sizes, the number of products side by side included: then a model would learn other digits together with others than
//! alone.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cudarc::cublaslt::result::{self, CublasError};
use cudarc::cublaslt::sys;
use cudarc::cublaslt::sys::cublasLtMatmulPreferenceAttributes_t as Preference;
use cudarc::cublaslt::sys::cublasLtMatrixLayoutAttribute_t as LayoutAttribute;
use cudarc::driver::sys::CUstream;
use dfdx::tensor::CudaError;
use pipe_foundation::sync::lock;

mod operand;

pub use operand::{Operand, is_aligned_16};

/// Products side by side that an algorithm is chosen for: enough that the large tiles, which many models need, are
/// preferred.
const SUPPOSED_BATCH: usize = 8;

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
    /// The matrices must be within memory of the device.
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
        preference.set(Preference::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, 0u64)?;
        let sequence = sys::cublasLtReductionScheme_t::CUBLASLT_REDUCTION_SCHEME_NONE as u32;
        preference.set(
            Preference::CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
            sequence,
        )?;
        for (attribute, operand) in [
            (Preference::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, a),
            (Preference::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, b),
            (Preference::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, c),
            (Preference::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, c),
        ] {
            preference.set(attribute, operand.alignment_bytes() as u32)?;
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

/// How the matrices of a batch are laid out.
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
    fn set<T>(&self, attribute: Preference, value: T) -> Result<(), CublasError> {
        // SAFETY: they live; the size is checked on the other side.
        unsafe { result::set_matmul_pref_attribute(self.0, attribute, at(&value), size_of::<T>()) }
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
    let mapped = match error.0 {
        sys::cublasStatus_t::CUBLAS_STATUS_ALLOC_FAILED => Status::CUBLAS_STATUS_ALLOC_FAILED,
        sys::cublasStatus_t::CUBLAS_STATUS_EXECUTION_FAILED => {
            Status::CUBLAS_STATUS_EXECUTION_FAILED
        }
        _ => return Ok(()),
    };
    Err(CudaError::Blas(Error(mapped)))
}

fn at<T>(value: &T) -> *const c_void {
    std::ptr::from_ref(value).cast()
}
