//! The schedules of the learning rate as choices of a manifest.

use pipe_engine::manifest::Shape;
use pipe_nn::train::SCHEDULES;

use super::variants::variants;

/// One schedule.
pub const SCHEDULE: Shape = Shape::Tagged {
    tag: "shape",
    variants: &VARIANTS,
};

variants!(VARIANTS, SCHEDULES);
