//! How batches get to the device: through pinned memory and on a stream of their own, while the step before computes.
//!
//! A feed has a few slots, each with pinned memory and as much memory on the device. The host writes a batch into a
//! slot, has it copied, makes the main stream wait for the copy and continues. When the last that reads the batch is on
//! its way, the main stream records that the slot is done with; the host waits for that before it writes the slot
//! again.

use std::sync::{Arc, Mutex, MutexGuard};

use cudarc::driver::result::stream::{self as streams, StreamKind};
use cudarc::driver::{DriverError, sys};
use dfdx::tensor::CudaError;
use pipe_foundation::sync::{get_mut, lock};

use super::event::Event;
use super::pinned::Pinned;
use super::{Card, Memory, Pointer};

/// Batches that are on their way or in use at once: as far the host runs ahead.
const SLOTS: usize = 3;
/// Tables and features begin at multiples of this many bytes, as memory of the device does.
const ALIGNMENT: usize = 256;
/// A slot grows by multiples of this many bytes.
const GROWTH: usize = 4096;

/// The way of a group's batches.
pub struct Feed {
    card: Arc<Card>,
    /// The stream of the copies; it does not wait for the main stream by itself.
    stream: sys::CUstream,
    slots: Mutex<Slots>,
}

// SAFETY: a stream may be used from any thread that binds its context, as each call does.
unsafe impl Send for Feed {}
// SAFETY: as above; the slots are behind a lock.
unsafe impl Sync for Feed {}

#[derive(Default)]
struct Slots {
    all: Vec<Slot>,
    next: usize,
}

struct Slot {
    /// Where the host writes and where the batch goes; missing before the first batch and where memory ran out.
    pinned: Option<Pinned>,
    memory: Option<Memory<u8>>,
    /// Comes after the copy.
    ready: Event,
    /// Comes after the last use, and after the memory is allocated.
    done: Event,
    /// Whether a batch in use is here.
    held: bool,
    /// Whether the events say how far the device is; after a failure they may not.
    certain: bool,
}

/// A batch on the device, for as long as this lives.
pub struct DeviceBatch {
    feed: Arc<Feed>,
    slot: usize,
    tables: Pointer,
    features: Pointer,
}

impl DeviceBatch {
    /// Address of the tables.
    pub fn tables(&self) -> Pointer {
        self.tables
    }

    /// Address of the features that came with them.
    pub fn features(&self) -> Pointer {
        self.features
    }
}

impl Drop for DeviceBatch {
    fn drop(&mut self) {
        let card = &self.feed.card;
        let mut slots = self.feed.lock();
        let slot = &mut slots.all[self.slot];
        slot.held = false;
        // A broken device does nothing any more; nobody feeds it again.
        let recorded = !card.broken()
            && card.bind().is_ok()
            && card.noted(slot.done.record(card.stream())).is_ok();
        slot.certain &= recorded;
    }
}

impl Feed {
    /// A feed without memory yet.
    ///
    /// # Errors
    /// What the driver says.
    pub fn new(card: &Arc<Card>) -> Result<Arc<Self>, CudaError> {
        card.bind()?;
        let stream = card.noted(streams::create(StreamKind::NonBlocking))?;
        Ok(Arc::new(Self {
            card: Arc::clone(card),
            stream,
            slots: Mutex::default(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        lock(&self.slots)
    }

    /// Brings a batch to the device: its tables, and the values of `features` one after the other. Work that the card's
    /// main stream is given from now on finds them there.
    ///
    /// # Errors
    /// Where the device has no memory left; another batch may then be tried.
    pub fn load(
        self: &Arc<Self>,
        tables: &[i32],
        features: &[&[f32]],
    ) -> Result<DeviceBatch, CudaError> {
        self.card.bind()?;
        let mut slots = self.lock();
        let place = self.card.noted(slots.free())?;
        let slot = &mut slots.all[place];
        let before = size_of_val(tables).next_multiple_of(ALIGNMENT);
        let values: usize = features.iter().map(|own| size_of_val(*own)).sum();
        let start = slot.prepare(&self.card, self.stream, before + values)?;
        let sent = slot.send(&self.card, self.stream, start, before, (tables, features));
        self.card.noted(sent)?;
        slot.held = true;
        Ok(DeviceBatch {
            feed: Arc::clone(self),
            slot: place,
            tables: start,
            features: start + before as u64,
        })
    }
}

impl Slots {
    /// The slot whose turn it is; another where that is in use.
    fn free(&mut self) -> Result<usize, DriverError> {
        let count = self.all.len().max(SLOTS);
        let mut places = (0..count).map(|ahead| (self.next + ahead) % count);
        let usable = places.find(|&place| self.all.get(place).is_none_or(|slot| !slot.held));
        let place = usable.unwrap_or(count);
        while self.all.len() <= place {
            self.all.push(Slot::new()?);
        }
        self.next = (place + 1) % count.max(place + 1);
        Ok(place)
    }
}

impl Slot {
    fn new() -> Result<Self, DriverError> {
        Ok(Self {
            pinned: None,
            memory: None,
            ready: Event::new()?,
            done: Event::new()?,
            held: false,
            certain: true,
        })
    }

    /// Waits until nobody reads the slot and makes room for this many bytes; gives the address on the device.
    fn prepare(
        &mut self,
        card: &Arc<Card>,
        copies: sys::CUstream,
        bytes: usize,
    ) -> Result<Pointer, CudaError> {
        card.noted(self.wait_for_last_batch(card, copies))?;
        let room = (self.pinned.as_ref().map_or(0, Pinned::bytes))
            .min(self.memory.as_ref().map_or(0, Memory::len));
        if let Some(memory) = &self.memory
            && room >= bytes
        {
            return Ok(memory.at(0));
        }
        // A quarter more, so that batches of about one size do not grow it again and again.
        let room = (bytes + bytes / 4).max(1).next_multiple_of(GROWTH);
        // Both have been waited for, so nothing reads them. The old memory goes before the new is asked for.
        card.take();
        self.memory = None;
        if let Some(mut old) = self.pinned.take() {
            old.release();
        }
        self.pinned = Some(Pinned::new(room).map_err(|error| card.note(error))?);
        let memory = self.memory.insert(Memory::new(card, room)?);
        // The memory is allocated once the main stream gets to this: it may have had another use before.
        let recorded = self.done.record(card.stream());
        self.certain = recorded.is_ok();
        card.noted(recorded)?;
        Ok(memory.at(0))
    }

    /// Waits for the last batch in this slot.
    fn wait_for_last_batch(
        &mut self,
        card: &Card,
        copies: sys::CUstream,
    ) -> Result<(), DriverError> {
        if self.certain {
            return self.done.wait();
        }
        // SAFETY: both streams are the card's, and neither was destroyed.
        unsafe {
            streams::synchronize(copies)?;
            streams::synchronize(card.stream())?;
        }
        self.certain = true;
        Ok(())
    }

    /// Writes a batch and has it copied to `start`; the main stream waits for it.
    fn send(
        &mut self,
        card: &Card,
        copies: sys::CUstream,
        start: Pointer,
        before: usize,
        (tables, features): (&[i32], &[&[f32]]),
    ) -> Result<(), DriverError> {
        let Some(pinned) = &mut self.pinned else {
            return Ok(());
        };
        let mut bytes = before;
        // SAFETY: `prepare` waited for the last copy from here; each slice is as long as it says.
        unsafe {
            pinned.write(0, tables.as_ptr().cast(), size_of_val(tables));
            for values in features {
                pinned.write(bytes, values.as_ptr().cast(), size_of_val(*values));
                bytes += size_of_val(*values);
            }
        }
        self.certain = false;
        self.done.hold_back(copies)?;
        // SAFETY: `prepare` made room for that many bytes, and waits before the slot is written again.
        unsafe { pinned.send(0, bytes, start, copies) }?;
        self.ready.record(copies)?;
        self.ready.hold_back(card.stream())?;
        self.certain = true;
        Ok(())
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // A broken device has nothing to give back; the process's end does that.
        if self.card.broken() || self.card.bind().is_err() {
            return;
        }
        // SAFETY: the stream was made with the feed. After a failure a copy may be under way that nobody waits for.
        let idle = unsafe { streams::synchronize(self.stream) };
        if self.card.noted(idle).is_err() {
            return;
        }
        let slots = get_mut(&mut self.slots);
        for slot in &mut slots.all {
            if let Some(pinned) = &mut slot.pinned {
                pinned.release();
            }
            slot.ready.release();
            slot.done.release();
        }
        // SAFETY: nothing is under way on it, and it is not used after.
        let _ = unsafe { streams::destroy(self.stream) };
    }
}
