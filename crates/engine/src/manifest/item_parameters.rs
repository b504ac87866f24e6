//! Parameters that the engine itself reads of stages that make items.

use super::parameter::{Parameter, Shape};

/// The limit on items set aside, for sources and item-wise stages.
pub const MAX_BAD: Parameter = Parameter::default(
    "max_bad",
    Shape::Float { min: 0.0, max: 1.0 },
    "0.01",
    "Fraction of items that may be bad before the step fails: those that it cannot make, and at a source those that are missing or cannot be read. What is left out by choice does not count. It is no part of the result: the limit holds for results in the cache too, and raising it costs no work.",
)
.unkeyed();

/// Whether bytes of items are kept although only item-wise stages take them, for item-wise stages.
pub const STORE: Parameter = Parameter::default(
    "store",
    Shape::Bool,
    "false",
    "Keep the items' bytes in the cache even when nothing but item-wise stages takes them. Costs disk, saves computing them again when a later stage changes.",
)
.unkeyed();
