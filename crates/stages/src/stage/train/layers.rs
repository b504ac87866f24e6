//! The kinds of layers as choices of a manifest: their registry in the engine's terms.

use pipe_engine::manifest::{Absent, Parameter, Shape, Variant};
use pipe_nn::layers::{self, Key, REGISTERED, Values};

/// Most keys of a kind.
const MOST_KEYS: usize = {
    let (mut most, mut at) = (0, 0);
    while at < REGISTERED.len() {
        if REGISTERED[at].keys.len() > most {
            most = REGISTERED[at].keys.len();
        }
        at += 1;
    }
    most
};

/// A key that fills up the tables, and is never seen.
const NONE: Parameter = Parameter::optional("", Shape::Bool, "");

/// The keys of every kind, filled up to the same number, as only arrays of one length can be made before the program runs.
static KEYS: [[Parameter; MOST_KEYS]; REGISTERED.len()] = {
    let mut all = [const { [NONE; MOST_KEYS] }; REGISTERED.len()];
    let mut kind = 0;
    while kind < REGISTERED.len() {
        let mut at = 0;
        while at < REGISTERED[kind].keys.len() {
            all[kind][at] = parameter(&REGISTERED[kind].keys[at]);
            at += 1;
        }
        kind += 1;
    }
    all
};

/// One layer.
pub static LAYER: Shape = Shape::Tagged {
    tag: "layer",
    variants: &VARIANTS,
};

/// Every kind and its keys.
static VARIANTS: [Variant; REGISTERED.len()] = {
    const EMPTY: Variant = Variant {
        name: "",
        parameters: &[],
        doc: "",
    };
    let mut all = [EMPTY; REGISTERED.len()];
    let mut at = 0;
    while at < REGISTERED.len() {
        let kind = &REGISTERED[at];
        all[at] = Variant {
            name: kind.name,
            parameters: KEYS[at].split_at(kind.keys.len()).0,
            doc: kind.doc,
        };
        at += 1;
    }
    all
};

const fn parameter(key: &Key) -> Parameter {
    let shape = match key.values {
        Values::Bool => Shape::Bool,
        Values::Integer { min, max } => Shape::Integer { min, max },
        Values::Float { min, max } => Shape::Float { min, max },
        Values::Choice(choices) => Shape::Choice(choices),
    };
    Parameter {
        name: key.name,
        shape,
        absent: match key.absent {
            layers::Absent::Error => Absent::Error,
            layers::Absent::Null => Absent::Null,
            layers::Absent::Default(json) => Absent::Default(json),
        },
        doc: key.doc,
        keyed: true,
    }
}
