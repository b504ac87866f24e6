//! A CUDA device made ready: context, dfdx's device, cuBLAS, our kernels.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use cudarc::cublas::{result as cublas, sys as cublas_sys};
use cudarc::driver::{CudaDevice, result as driver, sys};
use dfdx::tensor::{Cuda, CudaError};
use pipe_foundation::sync::{get_mut, lock};

use crate::model::DeviceError;

use super::algorithms::Algorithms;
use super::failure::{is_out_of_memory, to_device_error};
use super::kernels::{Argument, Extent, Kernels};
use super::pool::{give_back_freed_memory, kept_bytes};
use super::ring::Ring;
use super::shares::{even_share, models_for_sms};
use super::timeline::{Timed, Timeline};
use super::{Pointer, Sizes};

mod opening;

/// A device, for as long as anything on it lives.
pub struct Card {
    ordinal: usize,
    device: ManuallyDrop<Arc<CudaDevice>>,
    dfdx: ManuallyDrop<Cuda>,
    blas: cublas_sys::cublasHandle_t,
    algorithms: Algorithms,
    kernels: Kernels,
    sms: usize,
    /// Models that a convolution takes at a time; 0 for what [`Self::models_at_once`] works out.
    at_once: AtomicUsize,
    taken: AtomicUsize,
    turn: Mutex<()>,
    timeline: Timeline,
    /// What the host writes goes through it.
    ring: Mutex<Ring>,
    broken: AtomicBool,
}

// SAFETY: handles of the driver and of cuBLAS may be used from any thread that binds their context, one at a time; a
// group is behind a lock.
unsafe impl Send for Card {}
// SAFETY: as above.
unsafe impl Sync for Card {}

impl Card {
    /// Its number, as the driver counts.
    pub fn ordinal(&self) -> usize {
        self.ordinal
    }

    /// dfdx's device.
    pub fn dfdx(&self) -> &Cuda {
        &self.dfdx
    }

    /// The device itself.
    pub(super) fn device(&self) -> &Arc<CudaDevice> {
        &self.device
    }

    /// The main stream, which dfdx uses too: everything but the copies of a feed goes there.
    pub fn stream(&self) -> sys::CUstream {
        *self.device.cu_stream()
    }

    /// Number of SMs (streaming multiprocessors).
    pub fn sms(&self) -> usize {
        self.sms
    }

    /// Models that a convolution takes at a time; `of_phase` are the sizes of one of its products, for all models.
    pub(crate) fn models_at_once(&self, of_phase: Sizes) -> usize {
        let wanted = match self.at_once.load(Ordering::Relaxed) {
            0 => models_for_sms(self.sms, of_phase),
            fixed => fixed,
        };
        even_share(of_phase.batch, wanted)
    }

    /// Fixes how many models a convolution takes at a time, for measurements; 0 lets it be worked out again.
    pub fn fix_models_at_once(&self, models: usize) {
        self.at_once.store(models, Ordering::Relaxed);
    }

    /// Waits until no other group of models is at a step.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        lock(&self.turn)
    }

    pub(super) fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }

    /// Products that were not computed by an algorithm chosen by their sizes alone: they may be slow, and their last
    /// digits may depend on how many they are.
    pub fn irregular_products(&self) -> usize {
        self.algorithms.irregular()
    }

    pub(super) fn blas(&self) -> cublas_sys::cublasHandle_t {
        self.blas
    }

    /// Makes the device this thread's.
    ///
    /// # Errors
    /// Where the driver refuses.
    pub fn bind(&self) -> Result<(), CudaError> {
        let bound = self.device.bind_to_thread();
        bound.map_err(|error| self.note(error.into()))
    }

    /// Remembers, before anything on the device is dropped, whether an error leaves it unusable.
    pub(super) fn note(&self, error: CudaError) -> CudaError {
        if matches!(to_device_error("", &error), DeviceError::Sticky { .. }) {
            self.broken.store(true, Ordering::Relaxed);
        }
        error
    }

    /// As [`Self::note`], for the driver's own results.
    pub(super) fn noted<T>(&self, result: Result<T, driver::DriverError>) -> Result<T, CudaError> {
        result.map_err(|error| self.note(error.into()))
    }

    /// As [`Self::note`], for an error of cuBLAS, which does not say what ails the device.
    pub(super) fn note_product(&self, error: CudaError) -> CudaError {
        // SAFETY: the stream is the device's own.
        let synchronised = unsafe { driver::stream::synchronize(self.stream()) };
        self.note(synchronised.err().map_or(error, CudaError::from))
    }

    /// Runs a kernel over `length` threads for each of `models`, with the arguments of its source.
    ///
    /// # Errors
    /// What the driver says; of kernels before, too.
    pub fn launch(
        &self,
        name: &'static str,
        (length, models): (usize, usize),
        arguments: &[Argument],
    ) -> Result<(), CudaError> {
        self.run(name, Extent::Flat(length, models), arguments)
    }

    /// Runs a kernel over the columns of rows of each of `models`, with the arguments of its source.
    ///
    /// # Errors
    /// As [`Self::launch`].
    pub fn launch_rows(
        &self,
        name: &'static str,
        (columns, rows, models): (usize, usize, usize),
        arguments: &[Argument],
    ) -> Result<(), CudaError> {
        self.run(name, Extent::Rows(columns, rows, models), arguments)
    }

    fn run(
        &self,
        name: &'static str,
        extent: Extent,
        arguments: &[Argument],
    ) -> Result<(), CudaError> {
        self.bind()?;
        let of = Timed {
            threads: extent.threads() as f64,
            ..Timed::default()
        };
        let launch = || self.kernels.launch(self.stream(), name, extent, arguments);
        let launched = self.timeline.call(self.stream(), name, of, launch);
        launched.map_err(|error| self.note(error))
    }

    /// From here on, every kernel and product is timed.
    pub fn time_each(&self) {
        self.timeline.start();
    }

    /// What ran since [`Self::time_each`], by name, once the device has done it; timing ends.
    ///
    /// # Errors
    /// What went wrong on the device until now.
    pub fn times(&self) -> Result<BTreeMap<&'static str, Timed>, CudaError> {
        self.bind()?;
        self.timeline
            .take(self.stream())
            .map_err(|error| self.note(error))
    }

    pub(super) fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Copies values to the device, in order with the work of the main stream; they may be dropped at once, and the
    /// host does not wait for the device.
    ///
    /// # Errors
    /// What the driver says; of work before, too.
    ///
    /// # Safety
    /// There must be room for the values at `to`.
    pub(super) unsafe fn upload<T: Copy>(
        &self,
        to: Pointer,
        values: &[T],
    ) -> Result<(), CudaError> {
        self.bind()?;
        let mut ring = lock(&self.ring);
        // SAFETY: the caller's.
        self.noted(unsafe { ring.copy(self.stream(), to, values) })
    }

    /// Whether the device has met an error that only a new process clears.
    pub fn broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Nothing may be asked of the device any more: a call failed in a way that nobody could note.
    pub fn break_off(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// What an error means for the user.
    pub fn to_device_error(&self, what: &'static str, error: &CudaError) -> DeviceError {
        let device_error = to_device_error(what, error);
        match (&device_error, self.broken()) {
            (DeviceError::Sticky { .. }, _) => {
                self.broken.store(true, Ordering::Relaxed);
                device_error
            }
            // What came first is the reason; later calls only say that they failed.
            (_, true) => DeviceError::Sticky {
                reason: error.to_string(),
            },
            (_, false) => device_error,
        }
    }

    /// Whether an error says that the device has no memory left.
    pub fn is_out_of_memory(&self, error: &CudaError) -> bool {
        matches!(
            self.to_device_error("", error),
            DeviceError::OutOfMemory { .. }
        )
    }

    /// Asks for memory; where there is none left, again once what is under way is done and freed, and pieces of what was
    /// freed are together.
    pub(super) fn allocate<T>(
        &self,
        mut ask: impl FnMut() -> Result<T, CudaError>,
    ) -> Result<T, CudaError> {
        let asked = match ask() {
            Err(error) if is_out_of_memory(&error) => {
                // SAFETY: the stream is the device's own.
                self.noted(unsafe { driver::stream::synchronize(self.stream()) })?;
                give_back_freed_memory(*self.device.cu_device());
                ask()
            }
            other => other,
        };
        asked.map_err(|error| self.note(error))
    }

    /// Says that memory was taken for longer than a step.
    pub(super) fn take(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// How often memory was taken for longer than a step: what was free before the last time may not be now.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Free memory in bytes, with what this process freed and kept.
    ///
    /// # Errors
    /// Where the driver refuses.
    pub fn free_bytes(&self) -> Result<usize, CudaError> {
        self.bind()?;
        let free = self.noted(driver::mem_get_info())?.0;
        Ok(free + kept_bytes(*self.device.cu_device()))
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        // A broken device has nothing to give back, and dfdx and cudarc would panic; the process's end does that.
        if self.broken() || std::thread::panicking() || self.bind().is_err() {
            return;
        }
        // SAFETY: the stream is the device's own. Copies from the ring may be under way.
        let idle = unsafe { driver::stream::synchronize(self.stream()) };
        if self.noted(idle).is_err() {
            return;
        }
        let ring = get_mut(&mut self.ring);
        ring.release();
        // SAFETY: each is given back here and nowhere else; cuBLAS before the context that it works in.
        unsafe {
            self.algorithms.release();
            let _ = cublas::destroy_handle(self.blas);
            ManuallyDrop::drop(&mut self.dfdx);
            ManuallyDrop::drop(&mut self.device);
        }
    }
}
