//! What ends a pass over items though no item is to blame.

use miette::Report;
use pipe_foundation::machine_fault::MachineFault;

use super::declared_files::DeclaredFileError;

/// What ends a pass.
#[derive(Clone, Debug)]
pub enum PassFault {
    /// The machine.
    Machine(MachineFault),
    /// A file that a stage declares: what was made since it changed is not that of the key.
    DeclaredFile(DeclaredFileError),
}

impl PassFault {
    /// The error of the step that met it.
    pub fn report(&self) -> Report {
        match self {
            Self::Machine(fault) => Report::new(fault.clone()),
            Self::DeclaredFile(error) => Report::new(error.clone()),
        }
    }
}
