//! Failures that no code can return as errors: memory that the system refuses, and defects of this program. Each ends with
//! a sentence and an exit code.

use std::any::Any;
use std::os::fd::AsFd;
use std::sync::Arc;

use pipe_foundation::panics::{describe, remember_places};
use signal_hook::consts::{SIGABRT, SIGXFSZ};

/// The exit code after such a failure.
pub const CODE: u8 = 70;

/// What follows the line by which the standard library says how much memory was refused.
const OUT_OF_MEMORY: &[u8] = b"pipe: the system refused memory (or this is a defect); try fewer --jobs or a smaller --memory, or raise the limit (ulimit -v). Finished work is kept: the same command continues from here\n";

/// Has such failures explained from now on.
pub fn explain() {
    remember_places();
    // SAFETY: the action only calls write and _exit, which are async-signal-safe, and allocates nothing.
    let registered = unsafe {
        signal_hook::low_level::register(SIGABRT, || {
            let _ = rustix::io::write(std::io::stderr().as_fd(), OUT_OF_MEMORY);
            signal_hook::low_level::exit(i32::from(CODE));
        })
    };
    // Without it the process ends by the signal.
    drop(registered);
    // A file that would grow beyond its limit (ulimit -f) is then an error of the write, and no longer the end.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
}

/// What to say of a panic that nothing else reported.
pub fn internal_error(panic: &(dyn Any + Send)) -> String {
    format!(
        "internal error: {}\n  help: this is a defect of pipe, unless the system refused it memory or threads: please report it with the manifest. Finished work is kept, and the same command continues from here",
        describe(panic)
    )
}
