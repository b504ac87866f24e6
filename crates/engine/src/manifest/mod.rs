//! Manifests: TOML with includes, variables and a matrix, read into plain declarations of steps.

mod axis;
mod axis_values;
pub mod check;
mod check_variant;
mod connect;
mod declaration;
mod declare;
mod diagnostic;
mod exclude;
mod identity;
mod item_parameters;
mod kind;
mod matrix;
mod only;
mod parameter;
mod read;
mod resolve;
mod stage_steps;
mod stages;
mod substitute;
mod suggest;
mod syntax;
pub mod value;
mod variant;
mod write;

pub use declaration::Declaration;
pub use declare::Manifest;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use identity::{location, name_by_path, present_name};
pub use item_parameters::{MAX_BAD, STORE};
pub use kind::{Gathers, Kind};
pub use parameter::{Absent, Parameter, Shape, Variant};
pub use suggest::{near, suggest};
pub use variant::variant_folder;
