//! Checks one variant of a stage.

use super::bindings::Bindings;
use super::check::{Checked, check};
use super::declared_resources::{self, DeclaredResources};
use super::diagnostics::Diagnostics;
use super::limits::Exceeded;
use super::matrix::Matrix;
use super::only;
use super::stages::Stage;
use super::substitute;
use super::variant::Variant;

/// Fills in variables, and checks parameters and declared resources.
///
/// # Errors
/// The limit that the values exceed.
pub fn check_variant(
    stage: &Stage<'_>,
    variant: &Variant,
    vars: &Bindings<'_>,
    matrix: &Matrix,
    diagnostics: &mut Diagnostics,
) -> Result<(Checked, DeclaredResources), Exceeded> {
    let mut bindings = Bindings::within(vars);
    matrix.bind(variant, &mut bindings);
    // `only` is the same for all variants, and may be as long as their list.
    let table = substitute::table_without(only::KEY, stage.table, &bindings, diagnostics);
    vars.budget().check()?;
    let what = format!("`{}` (kind {})", stage.entry.key, stage.kind.name);
    let resources = DeclaredResources::read(&table, &what, diagnostics);
    let checked = check(
        &table,
        &stage.entry.key_place,
        &what,
        stage.kind.parameters,
        &["kind", only::KEY, declared_resources::KEY],
        diagnostics,
    );
    Ok((checked, resources))
}
