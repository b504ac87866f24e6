//! How long each kernel and each kind of product takes on the device, for whoever measures.

use std::collections::BTreeMap;
use std::sync::Mutex;

use cudarc::driver::{result as driver, sys};
use dfdx::tensor::CudaError;
use pipe_foundation::sync::lock;

/// What calls of one name took and had to do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timed {
    /// Calls.
    pub calls: usize,
    /// Time on the device, from event to event.
    pub seconds: f64,
    /// Threads that had something to do; none for products.
    pub threads: f64,
    /// Additions and multiplications of products.
    pub operations: f64,
    /// Bytes of the matrices of products, each counted once, twice where it is read and written.
    pub bytes: f64,
}

/// The calls since measuring began; nothing where nobody measures.
#[derive(Default)]
pub struct Timeline(Mutex<Option<Vec<Span>>>);

/// One call, between two events.
struct Span {
    name: &'static str,
    of: Timed,
    events: [sys::CUevent; 2],
}

// SAFETY: events of the driver may be used from any thread that binds their context.
unsafe impl Send for Span {}

impl Timeline {
    /// Begins to measure.
    pub fn start(&self) {
        let mut spans = lock(&self.0);
        spans.get_or_insert_default();
    }

    /// Carries out a call, between two events where somebody measures.
    pub fn call(
        &self,
        stream: sys::CUstream,
        name: &'static str,
        of: Timed,
        call: impl FnOnce() -> Result<(), CudaError>,
    ) -> Result<(), CudaError> {
        let mut spans = lock(&self.0);
        let Some(spans) = spans.as_mut() else {
            drop(spans);
            return call();
        };
        let mark = || -> Result<_, CudaError> {
            let event = driver::event::create(sys::CUevent_flags::CU_EVENT_DEFAULT)?;
            // SAFETY: the event was just made, and the stream is the card's.
            unsafe { driver::event::record(event, stream) }?;
            Ok(event)
        };
        let before = mark()?;
        call()?;
        let events = [before, mark()?];
        spans.push(Span { name, of, events });
        Ok(())
    }

    /// Ends measuring: what was called, by name, once the device has done it.
    pub fn take(&self, stream: sys::CUstream) -> Result<BTreeMap<&'static str, Timed>, CudaError> {
        let spans = lock(&self.0).take();
        // SAFETY: the stream is the card's.
        unsafe { driver::stream::synchronize(stream) }?;
        let mut all = BTreeMap::<_, Timed>::new();
        for span in spans.unwrap_or_default() {
            let [before, after] = span.events;
            // SAFETY: both events were recorded and, as the stream is done, reached; they are not used again.
            let milliseconds = unsafe {
                let elapsed = driver::event::elapsed(before, after)?;
                driver::event::destroy(before)?;
                driver::event::destroy(after)?;
                elapsed
            };
            let sum = all.entry(span.name).or_default();
            sum.calls += 1;
            sum.seconds += f64::from(milliseconds) / 1e3;
            sum.threads += span.of.threads;
            sum.operations += span.of.operations;
            sum.bytes += span.of.bytes;
        }
        Ok(all)
    }
}
