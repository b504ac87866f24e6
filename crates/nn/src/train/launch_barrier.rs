//! Trainings that were started for a CUDA device and have not reached it yet: those that have wait for them.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Announced and not arrived yet.
static EXPECTED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static OWN: RefCell<Option<LaunchBarrier>> = const { RefCell::new(None) };
}

/// A training on its way to the device; it is no longer expected once this is dropped.
///
/// Trainings that are announced before the first of them starts take their first step together, so that which ones
/// compute side by side does not depend on who was faster.
pub struct LaunchBarrier(());

impl LaunchBarrier {
    /// Makes the trainings at the device wait for one more.
    pub fn announce() -> Self {
        EXPECTED.fetch_add(1, Ordering::SeqCst);
        Self(())
    }

    /// Leaves it with this thread, whose training takes it; where there is none, the thread's end drops it.
    pub fn carry(self) {
        OWN.with(|own| own.replace(Some(self)));
    }

    /// What this thread carries.
    pub(super) fn take() -> Option<Self> {
        OWN.with(RefCell::take)
    }

    /// Trainings on their way.
    #[cfg(feature = "cuda")]
    pub(super) fn expected() -> usize {
        EXPECTED.load(Ordering::SeqCst)
    }
}

impl Drop for LaunchBarrier {
    fn drop(&mut self) {
        EXPECTED.fetch_sub(1, Ordering::SeqCst);
    }
}
