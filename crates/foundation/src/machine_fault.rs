//! Errors of the system that no file is to blame for: out of file descriptors, memory, processes or space, or a disk
//! that fails.

use std::io::{Error, ErrorKind};

use miette::Diagnostic;
use rustix::io::Errno;

/// The machine failed in the middle of the work; nothing that it was at may be taken for bad.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Diagnostic)]
#[error("{what}: {reason}")]
#[diagnostic(
    code(run::machine_fault),
    help(
        "the machine failed, not the data, so nothing was set aside: free up file descriptors (`ulimit -n`), memory or disk space, or check the disk, and run again; finished work is kept"
    )
)]
pub struct MachineFault {
    /// What the run was at: a file or an utterance.
    pub what: String,
    /// What the system said.
    pub reason: String,
}

impl MachineFault {
    /// The fault that `error` reports, met at `what`; none where it is about the file itself, such as missing
    /// permissions.
    pub fn of(what: &str, error: &Error) -> Option<Self> {
        is_machine_fault(error).then(|| Self {
            what: what.into(),
            reason: error.to_string(),
        })
    }
}

/// Whether every other file might fail in the same way.
pub fn is_machine_fault(error: &Error) -> bool {
    const FAULTS: [Errno; 11] = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOMEM,
        Errno::AGAIN,
        Errno::IO,
        Errno::NOSPC,
        Errno::FBIG,
        Errno::DQUOT,
        Errno::STALE,
        Errno::NOTCONN,
        Errno::TIMEDOUT,
    ];
    let known = Errno::from_io_error(error).is_some_and(|errno| FAULTS.contains(&errno));
    known || error.kind() == ErrorKind::OutOfMemory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_reported_from_the_file() {
        for errno in [Errno::MFILE, Errno::NOMEM, Errno::IO, Errno::NOSPC] {
            let error = Error::from(errno);
            let fault = MachineFault::of("a.wav", &error).unwrap();
            assert_eq!(fault.to_string(), format!("a.wav: {error}"));
        }
        for errno in [Errno::NOENT, Errno::ACCESS, Errno::LOOP, Errno::ISDIR] {
            assert_eq!(MachineFault::of("a.wav", &Error::from(errno)), None);
        }
        assert!(!is_machine_fault(&Error::other("interrupted")));
    }
}
