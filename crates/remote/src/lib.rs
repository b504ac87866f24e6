//! Object stores behind the cache: S3 and what speaks like it, Google Cloud Storage, Azure, WebDAV, and folders.
//!
//! The engine knows names and bytes ([`pipe_engine::cache::remote::RemoteStore`]); this crate brings them to a store and back
//! with `object_store`. Credentials are taken from where that crate looks for them and from profiles in `~/.aws`, and never shown.

mod aws_profile;
mod error;
mod ini;
mod object_stores;
mod redaction;
mod store;

pub use aws_profile::ProfileError;
pub use error::OpenError;
pub use store::open;
