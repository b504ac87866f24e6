//! Manifests: TOML with includes, variables and a matrix, read into plain declarations of steps.

pub mod check;
mod declare;
mod kind;
mod matrix;
mod parameter;
mod problem;
mod read;
mod substitute;
pub mod value;

pub use declare::{Declaration, Manifest};
pub use kind::{Complaint, Kind};
pub use parameter::{Absent, Parameter, Shape, Variant};
pub use problem::{Problem, Problems, suggest};
