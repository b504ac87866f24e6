//! The list of all perturbations, and the keys of all.

use pipe_foundation::keys::{Key, count, joined};

use super::kind::PerturbationKind;

/// Every perturbation, in the order in which `pipe schema` lists their keys; when each is applied, its place decides.
pub const PERTURBATIONS: &[PerturbationKind] = &[
    super::speed::KIND,
    super::gain::KIND,
    super::noise::KIND,
    super::rooms::KIND,
    super::telephone::KIND,
    super::clipping::KIND,
];

/// The keys of each.
const LISTS: [&[Key]; PERTURBATIONS.len()] = {
    let mut all: [&[Key]; PERTURBATIONS.len()] = [&[]; PERTURBATIONS.len()];
    let mut at = 0;
    while at < PERTURBATIONS.len() {
        all[at] = PERTURBATIONS[at].keys;
        at += 1;
    }
    all
};

/// The keys of all: keys of `augment`.
pub const PERTURBATION_KEYS: [Key; count(&LISTS)] = joined(&LISTS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_are_different() {
        let of_kinds = PERTURBATIONS.iter().map(|kind| kind.name);
        let mut names: Vec<&str> = of_kinds.collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PERTURBATIONS.len());
        // A key that two had would be in the list once.
        let keys: usize = PERTURBATIONS.iter().map(|kind| kind.keys.len()).sum();
        assert_eq!(keys, PERTURBATION_KEYS.len());
        for kind in PERTURBATIONS {
            for need in kind.needs {
                let has = |name: &str| kind.keys.iter().any(|key| key.name == name);
                assert!(has(need.key) && has(need.other), "{need:?}");
            }
        }
    }
}
