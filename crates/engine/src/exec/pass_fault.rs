//! What ends a pass over items though no item is to blame.

use miette::{Diagnostic, Report};
use pipe_foundation::machine_fault::MachineFault;
use thiserror::Error;

use super::declared_files::DeclaredFileError;

/// What ends a pass.
#[derive(Clone, Debug)]
pub enum PassFault {
    /// The machine.
    Machine(MachineFault),
    /// A file that a stage declares: what was made since it changed is not that of the key.
    DeclaredFile(DeclaredFileError),
    /// The stage: it cannot make any item.
    Stage(StageFault),
}

/// A stage that cannot make any item.
#[derive(Clone, Debug, Error, Diagnostic)]
#[error("{reason}")]
#[diagnostic(
    code(items::stage),
    help("no item is to blame: change the parameters of the stage, or what it uses")
)]
pub struct StageFault {
    /// Why.
    pub reason: String,
}

impl PassFault {
    /// The error of the step that met it.
    pub fn report(&self) -> Report {
        match self {
            Self::Machine(fault) => Report::new(fault.clone()),
            Self::DeclaredFile(error) => Report::new(error.clone()),
            Self::Stage(fault) => Report::new(fault.clone()),
        }
    }
}
