//! How a manifest is to be read.

use std::path::Path;

use super::limits::Limits;

/// How a manifest is to be read, besides what it says itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions<'a> {
    /// Values in the place of those in the file, as `--set` takes them, in order.
    pub overrides: &'a [String],
    /// The folder that its name starts from where it gives itself none; the current one without.
    pub root: Option<&'a Path>,
    /// What it may ask for.
    pub limits: Limits,
    /// The folder that all paths in it must stay in; none where they may lead anywhere.
    pub confined_to: Option<&'a Path>,
    /// The folder of its project: nothing is shown of the text of files outside of it, whoever lets them be read.
    pub project: Option<&'a Path>,
}
