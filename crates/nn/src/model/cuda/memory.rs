//! Memory of the device that is given back without a panic, whatever state the device is in.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use cudarc::driver::result as driver;
use dfdx::tensor::CudaError;

use super::{Card, Pointer};

/// An array on the device.
pub struct Memory<T = f32> {
    card: Arc<Card>,
    start: Pointer,
    length: usize,
    element: PhantomData<T>,
}

impl<T: Copy> Memory<T> {
    /// Room for `length` values that hold anything.
    ///
    /// # Errors
    /// Where the device has no memory left.
    pub fn new(card: &Arc<Card>, length: usize) -> Result<Self, CudaError> {
        card.bind()?;
        let bytes = (length * size_of::<T>()).max(1);
        let start = card.allocate(|| {
            // SAFETY: the context is bound, and what is read from the memory is always written before.
            Ok(unsafe { driver::malloc_async(card.stream(), bytes) }?)
        })?;
        Ok(Self {
            card: Arc::clone(card),
            start,
            length,
            element: PhantomData,
        })
    }

    /// `length` values whose bytes are zero.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn zeros(card: &Arc<Card>, length: usize) -> Result<Self, CudaError> {
        let mut memory = Self::new(card, length)?;
        memory.clear()?;
        Ok(memory)
    }

    /// A copy of `values`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of(card: &Arc<Card>, values: &[T]) -> Result<Self, CudaError> {
        let mut memory = Self::new(card, values.len())?;
        memory.write(0, values)?;
        Ok(memory)
    }

    /// Makes every byte zero.
    ///
    /// # Errors
    /// Where the device refuses.
    pub fn clear(&mut self) -> Result<(), CudaError> {
        self.card.bind()?;
        let bytes = self.length * size_of::<T>();
        if bytes > 0 {
            // SAFETY: the range is the allocation.
            let done = unsafe { driver::memset_d8_async(self.start, 0, bytes, self.card.stream()) };
            done.map_err(|error| self.card.note(error.into()))?;
        }
        Ok(())
    }

    /// Copies `values` to the place `at`, in order with the work before; they may be dropped at once.
    ///
    /// # Errors
    /// Where the device refuses.
    pub fn write(&mut self, at: usize, values: &[T]) -> Result<(), CudaError> {
        assert!(at + values.len() <= self.length, "a write past the end");
        // SAFETY: the range was checked.
        unsafe { self.card.upload(self.at(at), values) }
    }

    /// All values, once everything before is done.
    ///
    /// # Errors
    /// What went wrong on the device until now.
    pub fn read(&self) -> Result<Vec<T>, CudaError>
    where
        T: Default,
    {
        self.read_range(0..self.length)
    }

    /// The values of a range, once everything before is done.
    ///
    /// # Errors
    /// What went wrong on the device until now.
    pub fn read_range(&self, range: Range<usize>) -> Result<Vec<T>, CudaError>
    where
        T: Default,
    {
        assert!(range.end <= self.length, "a read past the end");
        let mut values = vec![T::default(); range.len()];
        self.card.bind()?;
        if !values.is_empty() {
            // SAFETY: the range was checked.
            let done = unsafe { driver::memcpy_dtoh_sync(&mut values, self.at(range.start)) };
            done.map_err(|error| self.card.note(error.into()))?;
        }
        Ok(values)
    }

    /// Address of the value at `at`.
    pub fn at(&self, at: usize) -> Pointer {
        self.start + (at * size_of::<T>()) as u64
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.length
    }
}

impl<T> Drop for Memory<T> {
    fn drop(&mut self) {
        // A broken device has nothing to give back; the process's end does that.
        if !self.card.broken() && self.card.bind().is_ok() {
            // SAFETY: allocated on this stream and not used after.
            let _ = unsafe { driver::free_async(self.start, self.card.stream()) };
        }
    }
}
