//! Which projects the user trusts: their manifests may start programs and name files outside of the project.

mod project;
mod store;

pub use project::Project;
pub use store::{TrustError, TrustedFolders};
