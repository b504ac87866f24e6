//! The kinds of layers as choices of a manifest.

use pipe_engine::manifest::Shape;
use pipe_nn::layers::REGISTERED;

use super::variants::variants;

/// One layer.
pub static LAYER: Shape = Shape::Tagged {
    tag: "layer",
    variants: &VARIANTS,
};

variants!(VARIANTS, REGISTERED);
