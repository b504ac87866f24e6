//! The list of all optimisers, and the keys of all.

use pipe_foundation::keys::{Key, count, joined};

use super::kind::OptimiserKind;

/// Every optimiser, in the order in which `pipe schema` lists them; the first is the default.
pub const OPTIMISERS: &[OptimiserKind] = &[
    super::sgd::KIND,
    super::adam::KIND,
    super::adamw::KIND,
    super::rmsprop::KIND,
];

/// The keys of each.
const LISTS: [&[Key]; OPTIMISERS.len()] = {
    let mut all: [&[Key]; OPTIMISERS.len()] = [&[]; OPTIMISERS.len()];
    let mut at = 0;
    while at < OPTIMISERS.len() {
        all[at] = OPTIMISERS[at].keys;
        at += 1;
    }
    all
};

/// The keys of all, each once: keys of `train`, and of the options in model files.
pub const OPTIMISER_KEYS: [Key; count(&LISTS)] = joined(&LISTS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_different_and_shared_keys_are_the_same() {
        for (at, kind) in OPTIMISERS.iter().enumerate() {
            for other in &OPTIMISERS[..at] {
                assert_ne!(other.name, kind.name);
                for key in kind.keys {
                    let same = other.keys.iter().find(|own| own.name == key.name);
                    assert!(same.is_none_or(|own| format!("{own:?}") == format!("{key:?}")));
                }
            }
        }
        let names: Vec<&str> = OPTIMISER_KEYS.iter().map(|key| key.name).collect();
        assert_eq!(names[..4], ["momentum", "beta1", "beta2", "epsilon"]);
        for kind in OPTIMISERS {
            assert!(kind.keys.iter().all(|key| names.contains(&key.name)));
        }
    }
}
