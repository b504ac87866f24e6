//! Our own kernels, compiled at start for the installed card, and how they are launched.

use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::sync::LazyLock;

use cudarc::driver::{result as driver, sys};
use dfdx::tensor::CudaError;

use crate::layers::REGISTERED;

use super::compiler::{compile, refusal};

/// Threads of a block.
const BLOCK: usize = 256;
/// Threads that go together.
const WARP: usize = 32;

/// The sources, compiled as one: those of the layers, then all others.
pub(super) static SOURCE: LazyLock<String> = LazyLock::new(|| {
    let layers = REGISTERED.iter().map(|kind| kind.kernels);
    layers.chain([OTHERS]).collect()
});

/// The sources of what is no layer.
const OTHERS: &str = concat!(
    include_str!("../ops/absolute_error/absolute_error.cu"),
    include_str!("../ops/class_loss/class_loss.cu"),
    include_str!("../ops/concordance/concordance.cu"),
    include_str!("../ops/coral/coral.cu"),
    include_str!("../ops/cross_entropy/cross_entropy.cu"),
    include_str!("../ops/dense/dense.cu"),
    include_str!("../ops/dropout/dropout.cu"),
    include_str!("../ops/entropy_weights/entropy_weights.cu"),
    include_str!("../ops/focal/focal.cu"),
    include_str!("../ops/gather/gather.cu"),
    include_str!("../ops/grad_reverse/grad_reverse.cu"),
    include_str!("../ops/group_penalty/group_penalty.cu"),
    include_str!("../ops/mmd/mmd.cu"),
    include_str!("../ops/multilinear_map/multilinear_map.cu"),
    include_str!("../ops/relu/relu.cu"),
    include_str!("../ops/row_loss/row_loss.cu"),
    include_str!("../ops/soft_cross_entropy/soft_cross_entropy.cu"),
    include_str!("../ops/squared_error/squared_error.cu"),
    include_str!("../optimiser/optimiser.cu"),
    include_str!("spread.cu"),
);

/// One argument of a kernel, by its size.
#[derive(Clone, Copy)]
pub enum Argument {
    Int(i32),
    Size(usize),
    Pointer(u64),
    Float(f32),
    Double(f64),
}

impl Argument {
    /// A number that kernels count with.
    pub fn int(value: impl TryInto<i32>) -> Self {
        match value.try_into() {
            Ok(value) => Self::Int(value),
            Err(_) => panic!("kernels count with 32 bits"),
        }
    }

    /// Its bytes at the start of eight: the lower ones come first on every machine that CUDA runs on.
    fn bits(self) -> u64 {
        match self {
            Self::Int(value) => u64::from(value.cast_unsigned()),
            Self::Size(value) => value as u64,
            Self::Pointer(value) => value,
            Self::Float(value) => u64::from(value.to_bits()),
            Self::Double(value) => value.to_bits(),
        }
    }
}

/// Kernel arguments: `&memory` an address, `int n`, `size n`, `float x`, `double x`, `at p` an address.
macro_rules! arguments {
    ($($kind:ident $value:expr),* $(,)?) => {
        &[$($crate::model::cuda::arguments!(@ $kind $value)),*]
    };
    (@ of $value:expr) => { $crate::model::cuda::Argument::Pointer($value.at(0)) };
    (@ at $value:expr) => { $crate::model::cuda::Argument::Pointer($value) };
    (@ int $value:expr) => { $crate::model::cuda::Argument::int($value) };
    (@ size $value:expr) => { $crate::model::cuda::Argument::Size($value) };
    (@ float $value:expr) => { $crate::model::cuda::Argument::Float($value) };
    (@ double $value:expr) => { $crate::model::cuda::Argument::Double($value) };
}
pub(crate) use arguments;

/// The compiled kernels by name.
pub struct Kernels {
    functions: HashMap<&'static str, sys::CUfunction>,
}

// SAFETY: handles of the driver may be used from any thread that binds their context.
unsafe impl Send for Kernels {}
// SAFETY: they are only read.
unsafe impl Sync for Kernels {}

impl Kernels {
    /// Compiles all kernels for a compute capability such as 90; the context must be bound.
    ///
    /// # Errors
    /// What the compiler or the driver says.
    pub fn new(capability: usize) -> Result<Self, String> {
        let image = compile(&SOURCE, capability)?;
        // SAFETY: the image outlives the call, and its head or a NUL marks its end for the driver.
        let module = unsafe { driver::module::load_data(image.as_ptr().cast::<c_void>()) }
            .map_err(refusal)?;
        let mut functions = HashMap::new();
        for name in names() {
            let c_name = CString::new(name).map_err(|error| error.to_string())?;
            // SAFETY: the module was loaded and is never unloaded.
            let function = unsafe { driver::module::get_function(module, c_name) }
                .map_err(|error| format!("{name}: {error:?}"))?;
            functions.insert(name, function);
        }
        Ok(Self { functions })
    }

    /// Runs `name` over the threads of `extent`.
    pub fn launch(
        &self,
        stream: sys::CUstream,
        name: &str,
        extent: Extent,
        arguments: &[Argument],
    ) -> Result<(), CudaError> {
        if extent.threads() == 0 {
            return Ok(());
        }
        let function = self.functions[name];
        let mut bits: Vec<u64> = arguments.iter().map(|argument| argument.bits()).collect();
        let mut places: Vec<*mut c_void> = bits
            .iter_mut()
            .map(|value| std::ptr::from_mut(value).cast())
            .collect();
        let (grid, block) = extent.grid_and_block();
        // SAFETY: each caller passes the arguments that the kernel's source lists.
        unsafe { driver::launch_kernel(function, grid, block, 0, stream, &mut places) }?;
        Ok(())
    }
}

/// What a kernel runs over; the last number is blockIdx.y's, mostly a model's.
#[derive(Clone, Copy)]
pub enum Extent {
    /// A thread for each of this many values.
    Flat(usize, usize),
    /// Columns and rows: threads side by side take the columns of a row, threads one below the other rows.
    Rows(usize, usize, usize),
}

impl Extent {
    /// Threads that have something to do.
    pub fn threads(self) -> usize {
        match self {
            Self::Flat(length, models) => length * models,
            Self::Rows(columns, rows, models) => columns * rows * models,
        }
    }

    fn grid_and_block(self) -> ((u32, u32, u32), (u32, u32, u32)) {
        let (across, blocks, models) = match self {
            Self::Flat(length, models) => {
                // A thread's number stays within 32 bits, those beyond the last value included.
                assert!(length <= i32::MAX as usize - BLOCK, "{length} threads");
                (BLOCK, length.div_ceil(BLOCK), models)
            }
            Self::Rows(columns, rows, models) => {
                let across = columns.next_multiple_of(WARP).min(BLOCK);
                (across, rows.div_ceil(BLOCK / across), models)
            }
        };
        let block = (across as u32, (BLOCK / across) as u32, 1);
        ((blocks as u32, models as u32, 1), block)
    }
}

/// Names of all kernels in the source.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SOURCE
        .split("extern \"C\" __global__ void ")
        .skip(1)
        .filter_map(|rest| rest.split('(').next())
}
