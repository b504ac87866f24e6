//! What an object store is to the cache: names and bytes. How they travel is not the engine's business.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

/// Why a store did not do what it was asked. What it says never holds credentials.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// There is no object of this name.
    #[error("there is no {0}")]
    Absent(String),
    /// It was refused, and will be refused again: credentials, permissions, an unknown bucket.
    #[error("{0}")]
    Refused(String),
    /// It failed in a way that may pass: no connection, no answer in time, an error of the server.
    #[error("{0}")]
    Failed(String),
    /// The user has asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// How long one request may take.
pub struct Patience<'a> {
    /// From its beginning to the last byte of the answer.
    pub time: Duration,
    /// Says when nobody waits for it any more.
    pub given_up: &'a (dyn Fn() -> bool + Sync),
}

/// A store of immutable objects under names with `/` in them.
pub trait RemoteStore: Debug + Send + Sync {
    /// Where it is, for people: without credentials.
    fn url(&self) -> &str;

    /// The bytes of an object, or those in `range`; fewer where it ends before.
    ///
    /// # Errors
    /// Where there is none, or it cannot be had.
    fn get(
        &self,
        name: &str,
        range: Option<Range<u64>>,
        patience: &Patience<'_>,
    ) -> Result<Vec<u8>, StoreError>;

    /// Stores an object unless there is one of this name, which is false.
    ///
    /// # Errors
    /// Where it cannot be stored.
    fn put_if_absent(
        &self,
        name: &str,
        bytes: &Arc<[u8]>,
        patience: &Patience<'_>,
    ) -> Result<bool, StoreError>;

    /// The names of all objects that begin with `prefix`, which ends in `/`; in no order.
    ///
    /// # Errors
    /// Where they cannot be listed.
    fn list(&self, prefix: &str, patience: &Patience<'_>) -> Result<Vec<String>, StoreError>;
}
