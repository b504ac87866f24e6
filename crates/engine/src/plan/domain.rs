//! What the engine needs of the field that it is used in.

use crate::manifest::{Declaration, Diagnostic, Diagnostics, Kind, Manifest};
use crate::stage::Stage;

/// A field of use: its stage kinds, and how stages are made from declarations.
pub trait Domain {
    /// All stage kinds, in the order in which people should read of them.
    fn kinds(&self) -> &'static [&'static Kind];

    /// Keys at the top of a manifest that name files of the domain, such as `corpora`.
    fn file_keys(&self) -> &'static [&'static str] {
        &[]
    }

    /// The folds of what a declared stage makes: the values of an axis `{ folds_of = "stage" }`. Called while the manifest is
    /// read, which has no steps yet; parameters that depend on the matrix are missing.
    ///
    /// # Errors
    /// Where the stage has none, or they cannot be listed.
    fn folds(
        &mut self,
        _manifest: &Manifest,
        declaration: &Declaration,
    ) -> Result<Vec<String>, Diagnostics> {
        let told = format!("`{}` has no folds", declaration.stage);
        Err(Diagnostic::new("manifest::folds", told)
            .at(&declaration.place, "stages of this kind have none")
            .into())
    }

    /// Called with the checked manifest before any stage is built: looks for what it names outside, and may take steps
    /// out of it.
    ///
    /// # Errors
    /// What is wrong with what the manifest names.
    fn prepare(&mut self, _manifest: &mut Manifest) -> Result<(), Diagnostics> {
        Ok(())
    }

    /// Makes the stage of a declared step.
    ///
    /// # Errors
    /// What only the stage itself can know to be wrong.
    fn build(&mut self, declaration: &Declaration) -> Result<Stage, Diagnostics>;
}
