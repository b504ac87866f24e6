//! Parameters that several stages have.

use pipe_engine::manifest::{Parameter, Shape};

use crate::items::{self, AUDIO, FEATURES};

/// The model that a stage looks at.
pub const MODEL: Parameter =
    Parameter::required("model", Shape::Input(&[items::MODEL]), "The model.");

/// The features that are put into it.
pub const INPUT: Parameter = Parameter::required(
    "input",
    Shape::OneOrMany(&Shape::Input(&[FEATURES])),
    "Features, computed like those it was trained on.",
);

/// The waveforms that a stage changes.
pub const WAVEFORMS: Parameter = Parameter::required(
    "input",
    Shape::OneOrMany(&Shape::Input(&[AUDIO])),
    "Waveforms.",
);

/// The values of `splits`.
pub const SPLITS: Shape = Shape::List(&Shape::Choice(&["train", "validation", "test"]));

/// Most threads.
pub const THREADS: Parameter = Parameter::default(
    "threads",
    Shape::Integer { min: 1, max: 1024 },
    "8",
    "Maximum number of threads; the result does not depend on it.",
)
.unkeyed();

/// The licence of a model or program of others that makes features: the model card quotes it.
pub const LICENCE: Parameter = Parameter::optional(
    "licence",
    Shape::Text,
    "Licence of the model or program, such as \"Apache-2.0\" or \"research only\": model cards quote it. No result depends on it.",
);

/// `all` without what no item depends on.
pub fn without_licence(all: &serde_json::Value) -> serde_json::Value {
    let mut own = all.clone();
    if let Some(fields) = own.as_object_mut() {
        fields.remove(LICENCE.name);
    }
    own
}
