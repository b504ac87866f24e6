//! Why a store cannot be used at all.

use miette::Diagnostic;
use thiserror::Error;

use crate::aws_profile::ProfileError;

/// What is wrong with the address of a store, or with how it is to be reached.
#[derive(Debug, Error, Diagnostic)]
pub enum OpenError {
    /// It is no address.
    #[error("`{given}` is not the address of a remote cache: {reason}")]
    #[diagnostic(
        code(remote::address),
        help(
            "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX, https://HOST/PATH of a WebDAV server, or file:///FOLDER"
        )
    )]
    Address {
        /// What was given, without credentials.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The store cannot be set up.
    #[error("cannot use the remote cache {url}: {reason}")]
    #[diagnostic(
        code(remote::settings),
        help(
            "an S3 store is described by AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, unless it is Amazon's, AWS_ENDPOINT_URL; `--remote none` runs without"
        )
    )]
    Settings {
        /// Where it is.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// A profile of an S3 store cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Profile(#[from] ProfileError),
}
