//! Our own kernels, compiled at start for the card that is there, and how they are launched.

use std::collections::HashMap;
use std::ffi::{CString, c_void};

use cudarc::driver::{result as driver, sys};
use cudarc::nvrtc::{CompileOptions, compile_ptx_with_opts, sys as nvrtc};
use dfdx::tensor::CudaError;

use super::libraries;

/// Threads of a block.
const BLOCK: usize = 256;

/// The sources, compiled as one.
const SOURCE: &str = concat!(
    include_str!("../ops/conv_block/conv_block.cu"),
    include_str!("../ops/cross_entropy/cross_entropy.cu"),
    include_str!("../ops/dense/dense.cu"),
    include_str!("../ops/dropout/dropout.cu"),
    include_str!("../ops/gather/gather.cu"),
    include_str!("../ops/grad_reverse/grad_reverse.cu"),
    include_str!("../ops/lstm/lstm.cu"),
    include_str!("../ops/relu/relu.cu"),
    include_str!("../ops/time_pool/time_pool.cu"),
    include_str!("../optimiser/optimiser.cu"),
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
    (@ int $value:expr) => { $crate::model::cuda::Argument::Int($value as i32) };
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
        let image = CString::new(compile(capability)?).map_err(|error| error.to_string())?;
        // SAFETY: the image ends with a NUL and outlives the call.
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

    /// Runs `name` over `length` threads for each of `rows` rows of the grid.
    pub fn launch(
        &self,
        stream: sys::CUstream,
        name: &str,
        (length, rows): (usize, usize),
        arguments: &[Argument],
    ) -> Result<(), CudaError> {
        if length == 0 || rows == 0 {
            return Ok(());
        }
        let function = self.functions[name];
        let mut bits: Vec<u64> = arguments.iter().map(|argument| argument.bits()).collect();
        let mut places: Vec<*mut c_void> = bits
            .iter_mut()
            .map(|value| std::ptr::from_mut(value).cast())
            .collect();
        let grid = (length.div_ceil(BLOCK) as u32, rows as u32, 1);
        // SAFETY: each caller passes the arguments that stand beside it in the kernel's source.
        unsafe {
            driver::launch_kernel(function, grid, (BLOCK as u32, 1, 1), 0, stream, &mut places)
        }?;
        Ok(())
    }
}

/// All kernels in the assembly language of CUDA, for cards of a compute capability such as 90.
fn compile(capability: usize) -> Result<String, String> {
    let target = target(capability, &targets())?;
    let options = CompileOptions {
        // Lives as long as the program; a card is opened once.
        arch: Some(Box::leak(format!("compute_{target}").into_boxed_str())),
        ..CompileOptions::default()
    };
    let ptx = compile_ptx_with_opts(SOURCE, options).map_err(|error| format!("{error:?}"))?;
    Ok(ptx.to_src())
}

/// What to compile for: cards run what was made for older ones, so a compiler need not know the newest.
fn target(capability: usize, targets: &[usize]) -> Result<usize, String> {
    let suiting = targets.iter().copied().filter(|&own| own <= capability);
    match (suiting.max(), targets.iter().min()) {
        (Some(target), _) => Ok(target),
        // The compiler does not tell; it will where it refuses.
        (None, None) => Ok(capability),
        (None, Some(oldest)) => Err(format!(
            "the card has compute capability {}, but {} makes code for {} and above",
            dotted(capability),
            libraries::compiler_name(),
            dotted(*oldest)
        )),
    }
}

fn dotted(capability: usize) -> String {
    format!("{}.{}", capability / 10, capability % 10)
}

/// Compute capabilities that the compiler knows; none where it does not tell.
fn targets() -> Vec<usize> {
    let mut count = 0;
    // SAFETY: the number is written to a place for it.
    let status = unsafe { nvrtc::nvrtcGetNumSupportedArchs(&raw mut count) };
    let length = usize::try_from(count).unwrap_or(0);
    if status != nvrtc::nvrtcResult::NVRTC_SUCCESS || length == 0 {
        return Vec::new();
    }
    let mut targets = vec![0; length];
    // SAFETY: there is room for as many numbers as were told.
    let status = unsafe { nvrtc::nvrtcGetSupportedArchs(targets.as_mut_ptr()) };
    if status != nvrtc::nvrtcResult::NVRTC_SUCCESS {
        return Vec::new();
    }
    let numbers = targets.into_iter().map(usize::try_from);
    numbers.flatten().collect()
}

/// Why the driver does not take what the compiler made.
fn refusal(error: driver::DriverError) -> String {
    let version = libraries::driver_version();
    match (error.0, version) {
        (sys::CUresult::CUDA_ERROR_UNSUPPORTED_PTX_VERSION, Some(version)) => format!(
            "the driver knows CUDA {}.{} and refuses what {} made: update the driver, or let LD_LIBRARY_PATH \
             begin with libraries of that CUDA or an older one",
            version / 1000,
            version % 1000 / 10,
            libraries::compiler_name()
        ),
        _ => format!("{error:?}"),
    }
}

/// Names of all kernels in the source.
fn names() -> impl Iterator<Item = &'static str> {
    SOURCE
        .split("extern \"C\" __global__ void ")
        .skip(1)
        .filter_map(|rest| rest.split('(').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_made_for_the_newest_cards_that_compiler_and_card_know() {
        assert_eq!(target(90, &[75, 80, 90, 100]), Ok(90));
        assert_eq!(target(121, &[75, 80, 120, 90]), Ok(120));
        assert_eq!(target(87, &[80, 86, 89]), Ok(86));
        assert_eq!(target(90, &[]), Ok(90));
        let told = target(70, &[75, 80]).unwrap_err();
        assert!(
            told.contains("capability 7.0,") && told.contains("7.5 and above"),
            "{told}"
        );
    }

    /// Skipped, aloud, where there is no compiler or that of `tests/cuda_emulator`, which makes nothing.
    #[test]
    fn the_compiler_of_cuda_takes_every_kernel_for_every_card() {
        let name = match libraries::compiler() {
            Ok(opened) => &opened.name,
            Err(tried) => return eprintln!("skipped: {tried}"),
        };
        let targets = targets();
        for wanted in [75, 80, 86, 89, 90, 100, 120] {
            let ptx = compile(wanted).unwrap();
            if ptx == "emulated" {
                return eprintln!("not tried: {name} compiles nothing");
            }
            let target = target(wanted, &targets).unwrap();
            assert!(ptx.contains(&format!(".target sm_{target}\n")), "{wanted}");
            for kernel in names() {
                let entry = format!(".visible .entry {kernel}(");
                assert!(ptx.contains(&entry), "{wanted}: {kernel}");
            }
            let kernels = names().count();
            println!(
                "{name}: {kernels} kernels for compute capability {}",
                dotted(target)
            );
        }
        let unknown = compile(10).unwrap_err();
        assert!(unknown.contains("and above"), "{unknown}");
    }
}
