//! The optimisers as a choice of a manifest, and their keys.

use pipe_engine::manifest::{Parameter, Shape};
use pipe_nn::model::{OPTIMISER_KEYS, OPTIMISERS};

use crate::stage::joined::{joined_texts, text, text_length};
use crate::stage::key_parameter::parameters;

/// Which optimiser.
pub const OPTIMISER: Parameter =
    Parameter::default("optimiser", Shape::Choice(&NAMES), "\"sgd\"", DOC);

/// The keys of all.
pub const KEYS: [Parameter; OPTIMISER_KEYS.len()] = parameters(&OPTIMISER_KEYS);

/// The names of all.
const NAMES: [&str; OPTIMISERS.len()] = {
    let mut all = [""; OPTIMISERS.len()];
    let mut at = 0;
    while at < OPTIMISERS.len() {
        all[at] = OPTIMISERS[at].name;
        at += 1;
    }
    all
};

/// What the choice is, and what each of them is.
const DOC: &str = text(&BYTES);

const BYTES: [u8; text_length(&SENTENCES)] = joined_texts(&SENTENCES);

const SENTENCES: [&str; 1 + 4 * OPTIMISERS.len()] = {
    let mut all = ["Update rule."; 1 + 4 * OPTIMISERS.len()];
    let mut at = 0;
    while at < OPTIMISERS.len() {
        all[1 + 4 * at] = " ";
        all[2 + 4 * at] = OPTIMISERS[at].name;
        all[3 + 4 * at] = ": ";
        all[4 + 4 * at] = OPTIMISERS[at].doc;
        at += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use super::*;
    use pipe_engine::manifest::Absent;

    #[test]
    fn the_default_is_the_first_of_the_list() {
        let Absent::Default(json) = OPTIMISER.absent else {
            panic!("it has a default");
        };
        assert_eq!(json, format!("\"{}\"", OPTIMISERS[0].name));
        let beginning = "Update rule. sgd: with momentum. adam: Kingma and Ba (2015). adamw: ";
        assert!(OPTIMISER.doc.starts_with(beginning), "{}", OPTIMISER.doc);
    }
}
