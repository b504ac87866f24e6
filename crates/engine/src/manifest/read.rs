//! Reads a manifest file with what it includes and what `--set` overrides, into one table.

use std::path::Path;

use crate::source::Source;

use super::diagnostics::Diagnostics;
use super::includes::read_with_includes;
use super::overrides::{apply, parse_override};
use super::read_options::ReadOptions;
use super::value::Table;

/// Reads `path` and its includes, then applies the overrides in order; each of `file_keys` is allowed at the top. Gives the
/// files that were read, too, `path` first.
///
/// Overrides that are wrong are left out and go to `diagnostics`.
///
/// # Errors
/// Every unreadable file, syntax error and include loop; the limit that was exceeded.
pub fn read(
    path: &Path,
    options: &ReadOptions<'_>,
    file_keys: &[&str],
    diagnostics: &mut Diagnostics,
) -> Result<(Vec<Source>, Table), Diagnostics> {
    let (sources, mut table) = read_with_includes(path, options)?;
    for text in options.overrides {
        match parse_override(text) {
            Ok(over) => apply(&mut table, over, file_keys, diagnostics),
            Err(more) => diagnostics.extend(more),
        }
    }
    Ok((sources, table))
}
