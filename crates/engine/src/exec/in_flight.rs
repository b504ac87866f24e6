//! How many items are in flight at once: as many as their estimates of memory allow, and one always.

use std::cell::Cell;
use std::sync::{Condvar, Mutex};

use pipe_foundation::sync::{lock, wait};

/// The memory that the items of a pass may take together.
#[derive(Debug)]
pub struct ItemMemory {
    limit_bytes: u64,
    taken: Mutex<Taken>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Taken {
    bytes: u64,
    waiting: usize,
}

/// One item; what it takes is given back when this is dropped.
pub struct InFlight<'m> {
    memory: &'m ItemMemory,
    /// Whether it waits for room. An item that its thread began while another of its items waits for tasks does not: it
    /// might wait for itself.
    waits: bool,
    bytes: Cell<Option<u64>>,
}

impl ItemMemory {
    /// So many bytes, of which nothing is taken.
    pub fn new(limit_bytes: u64) -> Self {
        Self {
            limit_bytes,
            taken: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// An item that has not taken anything yet.
    pub fn item(&self, waits: bool) -> InFlight<'_> {
        InFlight {
            memory: self,
            waits,
            bytes: Cell::new(None),
        }
    }
}

impl InFlight<'_> {
    /// Takes what the item is estimated to need, once, and waits until there is room for it beside the others.
    pub fn take(&self, estimate: impl FnOnce() -> u64) {
        if self.bytes.get().is_some() {
            return;
        }
        let bytes = estimate();
        self.bytes.set(Some(bytes));
        if bytes == 0 {
            return;
        }
        let ItemMemory {
            limit_bytes,
            taken,
            freed,
        } = self.memory;
        let mut taken = lock(taken);
        while self.waits && taken.bytes > 0 && taken.bytes.saturating_add(bytes) > *limit_bytes {
            taken.waiting += 1;
            taken = wait(freed, taken);
            taken.waiting -= 1;
        }
        taken.bytes = taken.bytes.saturating_add(bytes);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let bytes = self.bytes.get().unwrap_or_default();
        if bytes == 0 {
            return;
        }
        let mut taken = lock(&self.memory.taken);
        taken.bytes = taken.bytes.saturating_sub(bytes);
        if taken.waiting > 0 {
            self.memory.freed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn items_take_no_more_than_there_is_and_one_alone_always_runs() {
        let memory = ItemMemory::new(10);
        let together = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for thread in 0..6_u64 {
                let (memory, together) = (&memory, &together);
                scope.spawn(move || {
                    for turn in 0..200 {
                        let bytes = (thread * 5 + turn) % 14;
                        let item = memory.item(true);
                        item.take(|| bytes);
                        item.take(|| unreachable!("it has taken its part"));
                        let others = together.fetch_add(bytes, Ordering::SeqCst);
                        assert!(bytes == 0 || others == 0 || others + bytes <= 10);
                        std::thread::yield_now();
                        together.fetch_sub(bytes, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(lock(&memory.taken).bytes, 0);
    }

    #[test]
    fn an_item_within_another_waits_for_nothing() {
        let memory = ItemMemory::new(10);
        let (outer, inner) = (memory.item(true), memory.item(false));
        outer.take(|| 10);
        inner.take(|| 10);
        assert_eq!(lock(&memory.taken).bytes, 20);
    }
}
