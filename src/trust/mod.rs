//! Which projects the user trusts: their manifests may start programs and name files outside of the project.

mod project;
mod store;

pub use project::{BUNDLE_FILE, Project};
pub use store::{TrustError, TrustedFolders};
