//! How the stored form of data comes and goes: block by block, unless something is in the way.

use pipe_foundation::progress::Interrupted;
use thiserror::Error;

use super::data_error::DataError;

/// So many bytes come or go at once at most, between two looks at whether to stop.
pub const BLOCK_BYTES: usize = 1 << 20;

/// Why the stored form of data cannot be given or read.
#[derive(Debug, Error)]
pub enum TransferError {
    /// They have none, or it is something else.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The user has asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// They cannot be read any more.
    #[error(transparent)]
    Read(#[from] std::io::Error),
    /// Whoever was given them did not take them, and knows why.
    #[error("the data were not taken")]
    NotTaken,
}
