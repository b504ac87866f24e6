//! An utterance as `ingest` lists it.

use pipe_foundation::Digest;
use pipe_speech::corpus::Entry;

/// An entry, the digest of its audio and its length in seconds.
pub type Listed = (Entry, Digest, f64);

/// Their lengths in seconds.
pub fn lengths(entries: &[Listed]) -> Vec<f64> {
    entries.iter().map(|(.., seconds)| *seconds).collect()
}
