//! Who vouches for entries of a remote cache. How keys look and sign is not the engine's business.

use std::fmt::Debug;

use thiserror::Error;

/// Why an entry is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Distrust {
    /// Nobody has signed it.
    #[error("it is not signed")]
    Unsigned,
    /// Its signature is of none of the trusted keys, or does not match.
    #[error("it is not signed with a trusted key")]
    Stranger,
}

/// Signs what goes to a remote cache and checks what comes from it.
pub trait Signatures: Debug + Send + Sync {
    /// A signature of `text`; none where entries are not signed.
    ///
    /// # Errors
    /// Where the key does not sign, with the reason.
    fn sign(&self, text: &[u8]) -> Result<Option<String>, String>;

    /// Makes sure that somebody who is trusted has signed `text`, where that is asked for.
    ///
    /// # Errors
    /// Where nobody has, or somebody else.
    fn check(&self, text: &[u8], signature: Option<&str>) -> Result<(), Distrust>;
}

/// Nothing is signed, and everything trusted.
#[derive(Debug)]
pub struct NoSignatures;

impl Signatures for NoSignatures {
    fn sign(&self, _: &[u8]) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn check(&self, _: &[u8], _: Option<&str>) -> Result<(), Distrust> {
        Ok(())
    }
}
