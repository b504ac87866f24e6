//! What the items of a pass share: cores, memory and devices, for stages that declare what one item takes.

use std::sync::{Condvar, Mutex};

use pipe_foundation::sync::{lock, wait};

use crate::stage::Resources;

/// Lets as many items in as the machine has room for.
#[derive(Debug)]
pub struct Gate {
    left: Mutex<Left>,
    freed: Condvar,
    threads: usize,
    memory_bytes: u64,
    devices: usize,
}

#[derive(Debug)]
struct Left {
    threads: usize,
    memory_bytes: u64,
    devices: Vec<usize>,
    inside: usize,
}

/// What an item has taken; it is given back when this is dropped.
pub struct Permit<'g> {
    gate: &'g Gate,
    memory_bytes: u64,
    /// Threads it may use.
    pub threads: usize,
    /// Numbers of devices.
    pub devices: Vec<usize>,
}

impl Gate {
    /// A gate to so many threads and bytes, and to the devices with these numbers.
    pub fn new(threads: usize, memory_bytes: u64, devices: &[usize]) -> Self {
        Self {
            left: Mutex::new(Left {
                threads,
                memory_bytes,
                devices: devices.to_vec(),
                inside: 0,
            }),
            freed: Condvar::new(),
            threads,
            memory_bytes,
            devices: devices.len(),
        }
    }

    /// Waits until there is room; what asks for more than there is gets all of it, alone.
    pub fn enter(&self, wanted: Resources) -> Permit<'_> {
        let threads = wanted.threads.clamp(1, self.threads.max(1));
        let memory_bytes = wanted.memory_bytes.min(self.memory_bytes);
        let devices = wanted.devices.min(self.devices);
        let mut left = lock(&self.left);
        while left.inside > 0
            && (left.threads < threads
                || left.memory_bytes < memory_bytes
                || left.devices.len() < devices)
        {
            left = wait(&self.freed, left);
        }
        left.inside += 1;
        left.threads = left.threads.saturating_sub(threads);
        left.memory_bytes = left.memory_bytes.saturating_sub(memory_bytes);
        let devices = devices.min(left.devices.len());
        let devices = left.devices.drain(..devices).collect();
        Permit {
            gate: self,
            memory_bytes,
            threads,
            devices,
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut left = lock(&self.gate.left);
        left.inside -= 1;
        left.threads += self.threads;
        left.memory_bytes += self.memory_bytes;
        left.devices.append(&mut self.devices);
        left.devices.sort_unstable();
        drop(left);
        self.gate.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn items_never_take_more_than_there_is_and_no_device_is_lent_twice() {
        let gate = Gate::new(4, 10, &[0, 1, 2]);
        let (threads, memory) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let lent: Vec<AtomicUsize> = (0..3).map(|_| AtomicUsize::new(0)).collect();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (gate, threads, memory, lent) = (&gate, &threads, &memory, &lent);
                scope.spawn(move || {
                    for turn in 0..200 {
                        let wanted = Resources {
                            threads: 1 + (number + turn) % 6,
                            memory_bytes: ((number * 7 + turn) % 13) as u64,
                            devices: (number + turn) % 3,
                        };
                        let inside = gate.enter(wanted);
                        let bytes = inside.memory_bytes as usize;
                        assert!(
                            inside.threads + threads.fetch_add(inside.threads, Ordering::SeqCst)
                                <= 4
                        );
                        assert!(bytes + memory.fetch_add(bytes, Ordering::SeqCst) <= 10);
                        assert_eq!(inside.devices.len(), wanted.devices);
                        for &device in &inside.devices {
                            assert_eq!(lent[device].fetch_add(1, Ordering::SeqCst), 0);
                        }
                        std::thread::yield_now();
                        for &device in &inside.devices {
                            lent[device].fetch_sub(1, Ordering::SeqCst);
                        }
                        threads.fetch_sub(inside.threads, Ordering::SeqCst);
                        memory.fetch_sub(bytes, Ordering::SeqCst);
                    }
                });
            }
        });
    }

    #[test]
    fn what_asks_for_more_than_there_is_gets_all_of_it() {
        let gate = Gate::new(2, 10, &[]);
        let lent = gate.enter(Resources {
            threads: 8,
            memory_bytes: 100,
            devices: 1,
        });
        assert_eq!((lent.threads, lent.devices.len()), (2, 0));
    }
}
