//! Checks one variant of a stage.

use super::check::{Checked, check};
use super::diagnostic::Diagnostics;
use super::matrix::Matrix;
use super::only;
use super::stages::Stage;
use super::substitute::{self, Bindings};
use super::variant::Variant;

/// Fills in variables and checks parameters.
pub fn check_variant(
    stage: &Stage<'_>,
    variant: &Variant,
    vars: &Bindings<'_>,
    matrix: &Matrix,
    diagnostics: &mut Diagnostics,
) -> Checked {
    let mut bindings = Bindings::within(vars);
    matrix.bind(variant, &mut bindings);
    let table = substitute::table(stage.table, &bindings, diagnostics);
    let what = format!("`{}` (kind {})", stage.entry.key, stage.kind.name);
    check(
        &table,
        &stage.entry.key_place,
        &what,
        stage.kind.parameters,
        &["kind", only::KEY],
        diagnostics,
    )
}
