//! dfdx's tape on the device: values that our own kernels fill, and the names under which gradients are kept.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Arc;

use cudarc::driver::{DevicePtr, DeviceSlice, result as driver};
use dfdx::prelude::{Backward, OwnedTape, PutTape, Rank0, Tape as _, Tensor, ZerosTensor};
use dfdx::tensor::{Cuda, CudaError};

use super::{Card, Memory, Pointer};

/// Gradients by name.
pub type Gradients = dfdx::prelude::Gradients<f32, Cuda>;

/// The name of a gradient on the tape. dfdx hides the values of its tensors, so ours are in [`Memory`] next to it.
///
/// dfdx makes a gradient as long as the tensor that names it. This one has a single value, so that a name takes no memory
/// worth counting, and its gradient gets its length when it is asked for.
pub struct Handle {
    card: Arc<Card>,
    length: usize,
    tensor: ManuallyDrop<Tensor<(usize,), f32, Cuda>>,
}

// SAFETY: what keeps it from being sent is the raw stream in dfdx's device, which any thread may use that binds the
// context, as each call does; a group and its handles are behind one lock.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Handle {
    /// A name for the gradient of `length` values.
    pub fn new(card: &Arc<Card>, length: usize) -> Result<Self, CudaError> {
        let tensor = card.allocate(|| card.dfdx().try_zeros_like(&(1,)))?;
        Ok(Self {
            card: Arc::clone(card),
            length: length.max(1),
            tensor: ManuallyDrop::new(tensor),
        })
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Where the gradient is; made of zeros where it did not exist.
    pub fn gradient(&self, gradients: &mut Gradients) -> Result<Pointer, CudaError> {
        let card = &self.card;
        card.allocate(|| {
            let own = &mut **gradients.get_or_alloc_mut(&*self.tensor)?;
            if own.len() != self.length {
                let zeros = card.device().alloc_zeros(self.length)?;
                let single = std::mem::replace(own, zeros).leak();
                // SAFETY: the memory came from this stream, and nothing else refers to it.
                unsafe { driver::free_async(single, card.stream()) }?;
            }
            Ok(*own.device_ptr())
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Giving memory back to a broken device panics, and a second panic ends the process.
        if !self.card.broken() && !std::thread::panicking() {
            // SAFETY: dropped here and nowhere else.
            unsafe { ManuallyDrop::drop(&mut self.tensor) };
        }
    }
}

/// Values on the device with a name on the tape: `[models, rows, columns]`.
#[derive(Clone)]
pub struct Value {
    pub values: Arc<Memory>,
    pub handle: Arc<Handle>,
    pub models: usize,
    pub rows: usize,
    pub columns: usize,
}

impl Value {
    /// Names what a kernel has filled.
    pub fn new(
        tape: &Tape,
        values: Memory,
        (models, rows, columns): (usize, usize, usize),
    ) -> Result<Self, CudaError> {
        Ok(Self {
            handle: Arc::new(Handle::new(&tape.card, models * rows * columns)?),
            values: Arc::new(values),
            models,
            rows,
            columns,
        })
    }

    /// Values of one model.
    pub fn length(&self) -> usize {
        self.rows * self.columns
    }

    /// Values of all models.
    pub fn all(&self) -> usize {
        self.models * self.length()
    }
}

/// What the backward operations of one tape met first.
type Failure = Rc<RefCell<Option<CudaError>>>;

/// A tape in the making.
pub struct Tape {
    card: Arc<Card>,
    tape: OwnedTape<f32, Cuda>,
    failure: Failure,
}

impl Tape {
    /// A tape without operations.
    pub fn new(card: &Arc<Card>) -> Self {
        Self {
            card: Arc::clone(card),
            tape: OwnedTape::default(),
            failure: Failure::default(),
        }
    }

    /// The device.
    pub fn card(&self) -> &Arc<Card> {
        &self.card
    }

    /// Adds a backward operation. Its error does not end dfdx's walk, which would drop gradients of a device that may
    /// be broken; it keeps the operations before from running and comes out of [`Self::backward`].
    pub fn record(
        &mut self,
        operation: impl FnOnce(&mut Gradients) -> Result<(), CudaError> + 'static,
    ) {
        let failure = Rc::clone(&self.failure);
        self.tape.add_backward_op(move |gradients| {
            if failure.borrow().is_none()
                && let Err(error) = operation(gradients)
            {
                failure.replace(Some(error));
            }
            Ok(())
        });
    }

    /// Walks the tape backward from a loss whose own gradient is 1.
    pub fn backward(self) -> Result<Walked, CudaError> {
        let Self {
            card,
            tape,
            failure,
        } = self;
        let root = card.allocate(|| card.dfdx().try_zeros());
        let root: Tensor<Rank0, f32, Cuda> = root?;
        let gradients = root.put_tape(tape).try_backward();
        let gradients = gradients.map_err(|error| card.note(error))?;
        let walked = Walked {
            card,
            gradients: ManuallyDrop::new(gradients),
        };
        match failure.take() {
            Some(error) => Err(error),
            None => Ok(walked),
        }
    }
}

/// The gradients of a walked tape.
pub struct Walked {
    card: Arc<Card>,
    pub gradients: ManuallyDrop<Gradients>,
}

impl Drop for Walked {
    fn drop(&mut self) {
        if !self.card.broken() && !std::thread::panicking() {
            // SAFETY: dropped here and nowhere else.
            unsafe { ManuallyDrop::drop(&mut self.gradients) };
        }
    }
}
