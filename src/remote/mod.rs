//! The remote cache that the user has configured, or named on the command line.

mod keys;

use std::path::Path;
use std::time::Duration;

use miette::Diagnostic;
use pipe_engine::cache::Cache;
use pipe_engine::cache::remote::{NoSignatures, RemoteOptions, Signatures};
use pipe_remote::OpenError;
use thiserror::Error;

use crate::bundle::{SignatureError, SigningKey};
use crate::configuration::{CacheConfiguration, RemoteMode};

use keys::MinisignKeys;

/// What `--remote` says instead of an address to do without.
const NONE: &str = "none";

/// Why there is no remote cache where one is asked for.
#[derive(Debug, Error, Diagnostic)]
pub enum RemoteError {
    /// It cannot be reached in principle.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Open(#[from] OpenError),
    /// A key is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Key(#[from] SignatureError),
}

/// The address of the remote cache: the one given, or else the configured one; none where there is none, or `none` is given.
pub fn address(given: Option<&str>, configured: &CacheConfiguration) -> Option<String> {
    let address = given
        .map(str::to_owned)
        .or_else(|| configured.remote.clone());
    address.filter(|address| address != NONE)
}

/// Who may be asked for the password of a key in a file.
pub type AskPassword<'a> = &'a dyn Fn(&Path) -> std::io::Result<Option<String>>;

/// Connects `cache` with the remote cache at `address`, to do with it what is configured.
///
/// # Errors
/// Where it has no such address, what is needed to reach it is missing, or a key is wrong; that it does not answer shows
/// when it is used.
pub fn connect(
    cache: &mut Cache,
    address: &str,
    configured: &CacheConfiguration,
    ask: AskPassword<'_>,
) -> Result<(), RemoteError> {
    let store = pipe_remote::open(address)?;
    let has_keys = !configured.trusted_keys.is_empty();
    let signing = match &configured.sign_with {
        Some(path) if configured.mode != RemoteMode::Pull => {
            Some(SigningKey::read(path, || ask(path))?)
        }
        _ => None,
    };
    // What nobody signs would not count for whoever sends it either.
    let may_push = !has_keys || signing.is_some();
    let signatures: Box<dyn Signatures> = match has_keys || signing.is_some() {
        true => Box::new(MinisignKeys::new(&configured.trusted_keys, signing)?),
        false => Box::new(NoSignatures),
    };
    let options = RemoteOptions {
        pulls: configured.mode != RemoteMode::Push,
        pushes: configured.mode != RemoteMode::Pull && may_push,
        patience: Duration::from_secs(configured.patience_s.into()),
        signatures,
    };
    cache.connect(store, options);
    Ok(())
}
