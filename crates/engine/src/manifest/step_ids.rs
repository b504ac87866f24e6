//! The ids of steps: each variant of a stage has one of its own.

use std::collections::HashSet;

use crate::source::Place;

use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::matrix::Matrix;
use super::variant::{Variant, step_id};

/// A stage needs a variant, and every variant an id of its own.
pub fn check_variants(
    stage: &str,
    stage_place: &Place,
    variants: &[Variant],
    matrix: &Matrix,
    diagnostics: &mut Diagnostics,
) {
    if variants.is_empty() {
        diagnostics.push(
            Diagnostic::new(
                "manifest::exclude",
                format!("the matrix leaves no variants of `{stage}`"),
            )
            .at(stage_place, "this stage would never run")
            .help("`exclude`, `only` and the axes must leave at least one combination"),
        );
    }
    let mut taken: HashSet<String> = HashSet::new();
    for variant in variants {
        let id = step_id(stage, variant);
        if taken.insert(id.clone()) {
            continue;
        }
        let odd = |(_, label): &&(String, String)| label.contains([',', '=']);
        let culprit = variant.iter().find(odd).or(variant.last());
        let place = culprit.and_then(|(axis, label)| matrix.place_of(axis, label));
        let place = place.unwrap_or(stage_place);
        diagnostics.push(
            Diagnostic::new(
                "manifest::same_id",
                format!("two variants of `{stage}` would have the id `{id}`"),
            )
            .at(place, "the second one, because of this value")
            .help("values that contain `,` or `=` are ambiguous here; rename one of them"),
        );
    }
}
