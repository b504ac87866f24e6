//! Object stores behind the cache: S3 and what speaks like it, Google Cloud Storage, Azure, WebDAV, and folders.
//!
//! The engine knows names and bytes ([`pipe_engine::cache::remote::RemoteStore`]); this crate brings them to a store and back
//! with `object_store`. Credentials are taken from where that crate looks for them, and never shown.

mod error;
mod redaction;
mod store;

pub use error::OpenError;
pub use store::open;
