//! Signals that ask the run to stop; the second one ends it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pipe_engine::cache::Cache;
use pipe_engine::termination;
use signal_hook::consts::SIGHUP;

/// Tells whether the user has asked to stop, and how.
#[derive(Clone, Default)]
pub struct Signals {
    asked: Arc<AtomicBool>,
    which: Arc<AtomicUsize>,
}

impl Signals {
    /// Listens from now on.
    pub fn listen() -> Self {
        let signals = Self::default();
        for signal in termination::signals() {
            // In this order: a second signal finds the flag set and ends the process with the usual code. If the
            // system refuses, the signal keeps its default, which ends the process too. A closing terminal may send
            // SIGHUP twice, by itself and by its shell, so that one never counts as the second.
            if signal != SIGHUP {
                let _ = signal_hook::flag::register_conditional_shutdown(
                    signal,
                    128 + signal,
                    signals.asked.clone(),
                );
            }
            let _ =
                signal_hook::flag::register_usize(signal, signals.which.clone(), signal as usize);
            let _ = signal_hook::flag::register(signal, signals.asked.clone());
        }
        signals
    }

    /// As [`Signals::listen`]; a signal also ends the reading of long files for `cache`.
    pub fn listen_for(cache: &Cache) -> Self {
        let signals = Self::listen();
        let heard = signals.clone();
        cache.interruption.heed(move || heard.asked());
        signals
    }

    /// True once a signal came.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// The exit code that reports the signal, 128 more than its number: 129 to 131, or 143.
    pub fn exit_code(&self) -> u8 {
        128 + self.which.load(Ordering::Relaxed) as u8
    }
}
