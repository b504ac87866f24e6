//! A mark in a stream's work, which the host and other streams can wait for.

use cudarc::driver::sys::CUevent_flags::CU_EVENT_DISABLE_TIMING;
use cudarc::driver::sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
use cudarc::driver::{DriverError, result as driver, sys};

/// An event of the driver; each call needs the context of its card. Its owner gives it back.
pub struct Event(sys::CUevent);

// SAFETY: an event may be used from any thread that binds its context.
unsafe impl Send for Event {}

impl Event {
    /// An event that was not recorded yet: nobody waits for it.
    ///
    /// # Errors
    /// What the driver says.
    pub fn new() -> Result<Self, DriverError> {
        driver::event::create(CU_EVENT_DISABLE_TIMING).map(Self)
    }

    /// Stands for all that `stream` was given until now.
    ///
    /// # Errors
    /// What the driver says, of earlier work too.
    pub fn record(&self, stream: sys::CUstream) -> Result<(), DriverError> {
        // SAFETY: the event was made and not given back; the stream is its card's.
        unsafe { driver::event::record(self.0, stream) }
    }

    /// Makes what `stream` is given from now on wait; the host continues.
    ///
    /// # Errors
    /// What the driver says, of earlier work too.
    pub fn hold_back(&self, stream: sys::CUstream) -> Result<(), DriverError> {
        // SAFETY: as in `record`.
        unsafe { driver::stream::wait_event(stream, self.0, CU_EVENT_WAIT_DEFAULT) }
    }

    /// Makes the host wait.
    ///
    /// # Errors
    /// What went wrong on the device until then.
    pub fn wait(&self) -> Result<(), DriverError> {
        // SAFETY: the event was made and not given back.
        unsafe { sys::cuEventSynchronize(self.0) }.result()
    }

    /// Gives it back; it is not used after.
    pub fn release(&mut self) {
        let event = std::mem::replace(&mut self.0, std::ptr::null_mut());
        if !event.is_null() {
            // SAFETY: given back once. What waits for it still may: the driver keeps what it needs.
            let _ = unsafe { driver::event::destroy(event) };
        }
    }
}
