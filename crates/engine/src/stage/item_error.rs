//! Why an item has no result, and what is to blame for it.

use pipe_foundation::machine_fault::is_machine_fault;

use crate::artifact::TransferError;

/// Why one item has no result.
#[derive(Clone, Debug)]
pub struct ItemError {
    /// What is wrong, as a lower-case fragment.
    pub reason: String,
    /// What is to blame.
    pub blame: Blame,
}

/// What is to blame for an item without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The item: trying again cannot help, so that the failure itself may be remembered.
    Item,
    /// Something around it, which may be otherwise next time.
    Transient,
    /// The stage: it cannot make any item, and its step fails.
    Stage,
    /// The machine: no item may be taken for bad, and the run ends.
    Machine,
}

impl ItemError {
    /// The input itself is bad.
    pub fn permanent(reason: impl ToString) -> Self {
        Self {
            reason: reason.to_string(),
            blame: Blame::Item,
        }
    }

    /// Something around it failed; it may work next time.
    pub fn transient(reason: impl ToString) -> Self {
        Self {
            reason: reason.to_string(),
            blame: Blame::Transient,
        }
    }

    /// The stage cannot make any item.
    pub fn of_stage(reason: impl ToString) -> Self {
        Self {
            reason: reason.to_string(),
            blame: Blame::Stage,
        }
    }

    /// The system refused with `error`: the machine's fault, or one that may pass.
    pub fn of_system(reason: impl ToString, error: &std::io::Error) -> Self {
        Self {
            reason: reason.to_string(),
            blame: match is_machine_fault(error) {
                true => Blame::Machine,
                false => Blame::Transient,
            },
        }
    }
}

/// Its data were sound when they were made, so its content is not to blame.
impl From<TransferError> for ItemError {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Read(reason) => Self::of_system("it cannot be read again", &reason),
            other => Self::transient(other),
        }
    }
}
