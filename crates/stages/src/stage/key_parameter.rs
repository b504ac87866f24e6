//! Keys of registries of other crates as parameters, in the engine's terms.

use pipe_engine::manifest::{Absent, Parameter, Shape};
use pipe_foundation::keys::{self, Key, Values};

/// A key as a parameter.
pub const fn parameter(key: &Key) -> Parameter {
    let shape = match key.values {
        Values::Bool => Shape::Bool,
        Values::Integer { min, max } => Shape::Integer { min, max },
        Values::Float { min, max } => Shape::Float { min, max },
        Values::Range { min, max } => Shape::Range { min, max },
        Values::Choice(choices) => Shape::Choice(choices),
        Values::Recordings => Shape::Path,
    };
    Parameter {
        name: key.name,
        shape,
        absent: match key.absent {
            keys::Absent::Error => Absent::Error,
            keys::Absent::Null => Absent::Null,
            keys::Absent::Default(json) => Absent::Default(json),
        },
        doc: key.doc,
        // The files of a folder are in keys themselves.
        keyed: !matches!(key.values, Values::Recordings),
    }
}

/// Keys as parameters.
pub const fn parameters<const COUNT: usize>(keys: &[Key; COUNT]) -> [Parameter; COUNT] {
    let mut all = [Parameter::optional("", Shape::Bool, ""); COUNT];
    let mut at = 0;
    while at < COUNT {
        all[at] = parameter(&keys[at]);
        at += 1;
    }
    all
}
