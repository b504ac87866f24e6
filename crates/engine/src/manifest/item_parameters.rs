//! Parameters that the engine itself reads of stages that make items.

use super::parameter::{Parameter, Shape};

/// The limit on items set aside, for sources and item-wise stages.
pub const MAX_BAD: Parameter = Parameter::default(
    "max_bad",
    Shape::Float { min: 0.0, max: 1.0 },
    "0.01",
    "Fraction of items that may be bad before the step fails: items that cannot be computed and, for a source, items that are missing or unreadable. Items left out by choice do not count. It is not part of the key: the limit also applies to cached results, and raising it recomputes nothing.",
)
.unkeyed();

/// Whether bytes of items are kept although only item-wise stages take them, for item-wise stages.
pub const STORE: Parameter = Parameter::default(
    "store",
    Shape::Bool,
    "false",
    "Keep the items' bytes in the cache even when only item-wise stages take them. Costs disk space, but saves recomputing them when a later stage changes.",
)
.unkeyed();
