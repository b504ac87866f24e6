//! How products are computed: by algorithms of cublasLt that are chosen for a product alone, however many share it.
//!
//! Algorithms differ in the order of their additions, so in the last digits. The functions of cuBLAS choose one by all
//! sizes, the number of products side by side included: then a model would learn other digits together with others than
//! alone.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cudarc::cublaslt::result::{self, CublasError};
use cudarc::cublaslt::sys;
use cudarc::cublaslt::sys::cublasLtMatmulPreferenceAttributes_t as Preference;
use cudarc::driver::result as driver;
use cudarc::driver::sys::CUstream;
use dfdx::tensor::CudaError;
use pipe_foundation::sync::{get_mut, lock};

use super::Pointer;

mod layout;
mod operand;

use layout::{Layout, at};
pub use operand::{Operand, is_aligned_16};

/// Products side by side that an algorithm is chosen for: enough that the large tiles, which many models need, are
/// preferred.
const SUPPOSED_BATCH: usize = 8;
/// Products whose layouts are kept. Batches differ in frames, so there may be many; then all are made anew.
const KEPT_PRODUCTS: usize = 8192;

/// What cublasLt may use beside the matrices, by compute capability in tenths: what NVIDIA recommends for cuBLAS
/// (documentation of `cublasSetWorkspace`). Always as much, since the choice of an algorithm depends on it.
fn workspace_bytes(capability: usize) -> usize {
    match capability {
        90.. => 32 << 20,
        _ => 4 << 20,
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

/// What is known of the algorithm for products of one kind.
#[derive(Clone, Copy)]
enum Choice {
    Algorithm(sys::cublasLtMatmulAlgo_t),
    /// cublasLt has none.
    Nothing,
    /// cublasLt chose one and then did not take it.
    Refused,
}

/// All that it takes to compute products of one shape.
struct Prepared {
    /// What the algorithm was chosen for.
    kinds: [Operand; 3],
    algorithm: sys::cublasLtMatmulAlgo_t,
    layouts: [Layout; 3],
    /// Whether no algorithm was refused before this one.
    regular: bool,
}

/// Which products these are: their operands at no place, and how many are side by side.
type Shape = ([Operand; 3], usize);

/// What was chosen and made so far.
#[derive(Default)]
struct Known {
    choices: HashMap<[Operand; 3], Choice>,
    /// None for products that cublasLt does not compute.
    prepared: HashMap<Shape, Option<Arc<Prepared>>>,
}

/// The algorithms chosen so far, on one device.
pub struct Algorithms {
    handle: sys::cublasLtHandle_t,
    /// By whether the factors are transposed.
    descriptions: [[sys::cublasLtMatmulDesc_t; 2]; 2],
    /// What algorithms may use while they run, in the order of the one stream that computes.
    workspace: Pointer,
    workspace_bytes: usize,
    known: Mutex<Known>,
    irregular: AtomicUsize,
}

impl Algorithms {
    /// For the device of the bound context, of this compute capability in tenths; with `tf32`, factors are rounded to ten
    /// bits of mantissa.
    ///
    /// # Errors
    /// What cublasLt says, or the driver where there is no memory for the workspace.
    pub fn new(tf32: bool, capability: usize) -> Result<Self, CudaError> {
        let compute = match tf32 {
            true => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32,
            false => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F,
        };
        let workspace_bytes = workspace_bytes(capability);
        // SAFETY: the context is bound. Algorithms write there before they read.
        let workspace = unsafe { driver::malloc_sync(workspace_bytes) }?;
        let mut own = Self {
            handle: result::create_handle().map_err(of_cublas)?,
            descriptions: [[std::ptr::null_mut(); 2]; 2],
            workspace,
            workspace_bytes,
            known: Mutex::default(),
            irregular: AtomicUsize::new(0),
        };
        for (of_a, of_b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let made = result::create_matmul_desc(compute, sys::cudaDataType_t::CUDA_R_32F)
                .map_err(of_cublas)?;
            own.descriptions[of_a][of_b] = made;
            use sys::cublasLtMatmulDescAttributes_t as Attribute;
            for (attribute, transposed) in [
                (Attribute::CUBLASLT_MATMUL_DESC_TRANSA, of_a),
                (Attribute::CUBLASLT_MATMUL_DESC_TRANSB, of_b),
            ] {
                let value = transposed as i32;
                // SAFETY: the attribute is such a number: CUBLAS_OP_N is 0, CUBLAS_OP_T 1.
                let set = unsafe {
                    result::set_matmul_desc_attribute(made, attribute, at(&value), size_of::<i32>())
                };
                set.map_err(of_cublas)?;
            }
        }
        Ok(own)
    }

    /// The workspace and its size in bytes, for other functions of cuBLAS in the same stream.
    pub fn workspace(&self) -> (Pointer, usize) {
        (self.workspace, self.workspace_bytes)
    }

    /// Multiplies, in the order of `stream`; false where cublasLt has no algorithm or does not take it.
    ///
    /// A refusal is remembered, so that it costs one call for all products of a kind.
    ///
    /// # Errors
    /// What may pass, such as too little memory: another algorithm would give other digits, just this once.
    ///
    /// # Safety
    /// The matrices must be within memory of the device.
    pub unsafe fn multiply(&self, stream: CUstream, product: &Product) -> Result<bool, CudaError> {
        let operands = [&product.a, &product.b, &product.c].map(Operand::placeless);
        let shape = (operands, product.batch);
        while let Some(prepared) = self.prepared(&shape)? {
            // SAFETY: as the caller promises.
            match unsafe { self.run(stream, product, &prepared) } {
                Ok(()) => {
                    self.count(prepared.regular);
                    return Ok(true);
                }
                Err(error) => unless_refused(error)?,
            }
            let mut known = lock(&self.known);
            known.choices.insert(prepared.kinds, Choice::Refused);
            // All that were to be computed by it.
            known.prepared.clear();
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

    /// How products of a shape are computed; none where cublasLt does not.
    fn prepared(&self, shape: &Shape) -> Result<Option<Arc<Prepared>>, CudaError> {
        let mut known = lock(&self.known);
        if let Some(prepared) = known.prepared.get(shape) {
            return Ok(prepared.clone());
        }
        let prepared = self.prepare(&mut known.choices, shape)?.map(Arc::new);
        if known.prepared.len() >= KEPT_PRODUCTS {
            known.prepared.clear();
        }
        known.prepared.insert(*shape, prepared.clone());
        Ok(prepared)
    }

    fn prepare(
        &self,
        choices: &mut HashMap<[Operand; 3], Choice>,
        (operands, batch): &Shape,
    ) -> Result<Option<Prepared>, CudaError> {
        let mut regular = true;
        // What suits a kind should suit all of it; if not, what is chosen for the very sizes does.
        for kinds in [
            operands.map(|own| own.kind()),
            operands.map(|own| own.sizes()),
        ] {
            match self.choice(choices, kinds)? {
                Choice::Algorithm(algorithm) => {
                    let [a, b, c] = operands;
                    let of = |operand| Layout::new(operand, *batch).map_err(of_cublas);
                    return Ok(Some(Prepared {
                        kinds,
                        algorithm,
                        layouts: [of(a)?, of(b)?, of(c)?],
                        regular,
                    }));
                }
                Choice::Nothing => {}
                // An algorithm may refuse one number of products and take another.
                Choice::Refused => regular = false,
            }
        }
        Ok(None)
    }

    /// The algorithm for products like these, if there is one.
    fn choice(
        &self,
        choices: &mut HashMap<[Operand; 3], Choice>,
        kinds: [Operand; 3],
    ) -> Result<Choice, CudaError> {
        if let Some(choice) = choices.get(&kinds) {
            return Ok(*choice);
        }
        let choice = match self.choose(kinds) {
            Ok(algorithm) => algorithm.map_or(Choice::Nothing, Choice::Algorithm),
            Err(CublasError(sys::cublasStatus_t::CUBLAS_STATUS_NOT_SUPPORTED)) => Choice::Nothing,
            // What went wrong says nothing of the next time.
            Err(error) => return unless_refused(error).map(|()| Choice::Nothing),
        };
        choices.insert(kinds, choice);
        Ok(choice)
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
        preference.set(
            Preference::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
            self.workspace_bytes as u64,
        )?;
        // A sum that is split into parts is added up in an order that depends on more than the algorithm.
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
        prepared: &Prepared,
    ) -> Result<(), CublasError> {
        let Product { a, b, c, .. } = product;
        let [of_a, of_b, of_c] = &prepared.layouts;
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
                &raw const prepared.algorithm,
                self.workspace as *mut c_void,
                self.workspace_bytes,
                stream.cast(),
            )
        }
    }

    /// Gives everything back to cublasLt and the device.
    ///
    /// # Safety
    /// Nothing may be asked of it afterwards, and nothing that was asked may be under way.
    pub unsafe fn release(&mut self) {
        *get_mut(&mut self.known) = Known::default();
        let made = self.descriptions.as_flattened().iter();
        for &description in made.filter(|own| !own.is_null()) {
            // SAFETY: made once, and given back here.
            let _ = unsafe { result::destroy_matmul_desc(description) };
        }
        // SAFETY: as above.
        let _ = unsafe { result::destroy_handle(self.handle) };
        // SAFETY: allocated once, and nothing that uses it is under way.
        let _ = unsafe { driver::free_sync(self.workspace) };
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

/// An error of cublasLt while a device is opened.
fn of_cublas(error: CublasError) -> CudaError {
    match unless_refused(error) {
        Err(error) => error,
        Ok(()) => CudaError::Blas(cudarc::cublas::result::CublasError(
            cudarc::cublas::sys::cublasStatus_t::CUBLAS_STATUS_NOT_INITIALIZED,
        )),
    }
}
