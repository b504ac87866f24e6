//! Pinned memory through which values go to the device, so that the host never waits for the work before them.
//!
//! From pageable memory the driver may wait for the stream before it copies. Here values are put into one segment after
//! the other, and the host waits only where it comes round to a segment that the device has still to read.

use cudarc::driver::{DriverError, sys};
use dfdx::tensor::CudaError;

use super::Pointer;
use super::event::Event;
use super::pinned::Pinned;

/// Bytes of a segment; larger arrays go in pieces.
pub const SEGMENT: usize = 1 << 20;
/// Segments of a ring.
pub const SEGMENTS: usize = 4;
/// Arrays begin at multiples of this many bytes.
const ALIGNMENT: usize = 64;

/// A ring of segments. Copies go on one stream, always the same.
pub struct Ring {
    pinned: Pinned,
    /// For each segment, what comes after the last copy from it.
    read: Vec<Event>,
    current: usize,
    /// Bytes of the current segment that are taken.
    filled: usize,
}

impl Ring {
    /// An empty ring; the context must be bound.
    ///
    /// # Errors
    /// Where the host has no memory to pin.
    pub fn new() -> Result<Self, CudaError> {
        let events: Result<_, DriverError> = (0..SEGMENTS).map(|_| Event::new()).collect();
        Ok(Self {
            read: events?,
            pinned: Pinned::new(SEGMENT * SEGMENTS)?,
            current: 0,
            filled: 0,
        })
    }

    /// Has `stream` copy values to the device; they may be dropped at once.
    ///
    /// # Errors
    /// What the driver says, of earlier work too.
    ///
    /// # Safety
    /// There must be room for the values at `to`.
    pub unsafe fn copy<T: Copy>(
        &mut self,
        stream: sys::CUstream,
        to: Pointer,
        values: &[T],
    ) -> Result<(), DriverError> {
        let from: *const u8 = values.as_ptr().cast();
        let all = size_of_val(values);
        let mut done = 0;
        while done < all {
            if self.filled == SEGMENT {
                self.turn(stream)?;
            }
            let bytes = (all - done).min(SEGMENT - self.filled);
            let at = self.current * SEGMENT + self.filled;
            self.filled = (self.filled + bytes).next_multiple_of(ALIGNMENT);
            // SAFETY: this part of the segment was not used since the segment was waited for, and is not used again
            // before the next time; `from` and `to` have `all` bytes.
            unsafe {
                self.pinned.write(at, from.add(done), bytes);
                self.pinned.send(at, bytes, to + done as u64, stream)?;
            }
            done += bytes;
        }
        Ok(())
    }

    /// Goes on with the next segment once the device has read it.
    fn turn(&mut self, stream: sys::CUstream) -> Result<(), DriverError> {
        let next = (self.current + 1) % SEGMENTS;
        self.read[self.current].record(stream)?;
        self.read[next].wait()?;
        self.current = next;
        self.filled = 0;
        Ok(())
    }

    /// Gives everything back once no copy is under way; it is not used after.
    pub fn release(&mut self) {
        self.pinned.release();
        self.read.iter_mut().for_each(Event::release);
    }
}
