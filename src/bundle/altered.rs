//! Whether the files in a bundle are those that its run makes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pipe_foundation::regular_file;
use pipe_report::without_run;

use super::contents::{BundledFile, Collected, Content, Contents};
use super::error::BundleError;
use super::list::list_of;

/// What a short page may say of its run.
const LONGEST_OF_RUN_BYTES: u64 = 1 << 20;

/// Files of a bundle that are not as they should be, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlteredFiles {
    /// Those that a run makes otherwise, or not at all.
    pub other: Vec<String>,
    /// Those that a run makes and that are not in the bundle.
    pub missing: Vec<String>,
    /// Those of which nothing can be said.
    pub not_compared: Vec<String>,
}

/// Compares the files of the bundle that was unpacked into `folder`, listed by `contents`, with `made`: those that a run
/// of the same gives here. What steps made that came out otherwise here is below one of the folders `unknown`; where
/// there is one, pages and the lock file are others too.
///
/// # Errors
/// When a file cannot be read.
pub fn altered_files(
    made: &Collected,
    contents: &Contents,
    folder: &Path,
    unknown: &[String],
    interrupted: &dyn Fn() -> bool,
) -> Result<AlteredFiles, BundleError> {
    let is_unknown = |name: &str| {
        unknown
            .iter()
            .any(|folder| name.starts_with(folder.as_str()))
    };
    let known =
        |name: &str| !is_unknown(name) && (unknown.is_empty() || !made.written.contains(name));
    let mut expected: BTreeMap<String, Content> = made.files.clone();
    expected.retain(|name, _| known(name));
    let expected = list_of(&expected, interrupted)?;
    let expected: BTreeMap<&str, &BundledFile> =
        (expected.iter()).map(|file| (&*file.name, file)).collect();
    let bundled: BTreeMap<&str, &BundledFile> = (contents.files.iter())
        .map(|file| (&*file.name, file))
        .filter(|(name, _)| known(name))
        .collect();
    let is_of_this_program = {
        let (here, there) = (&made.contents.made_by, &contents.made_by);
        (&here.pipe, &here.commit) == (&there.pipe, &there.commit)
    };
    let mut altered = AlteredFiles::default();
    let names: BTreeSet<&str> = expected.keys().chain(bundled.keys()).copied().collect();
    for name in names {
        let (here, there) = (expected.get(name), bundled.get(name));
        if here == there || is_same_page(made, name, folder) {
            continue;
        }
        let may_differ = made.of_copy.contains(name)
            || (made.written.contains(name) && !is_of_this_program && there.is_some());
        let list = match there {
            _ if may_differ => &mut altered.not_compared,
            Some(_) => &mut altered.other,
            None => &mut altered.missing,
        };
        list.push(name.into());
    }
    Ok(altered)
}

/// Whether the page `name` of the bundle in `folder` says the same of the results; how long it took may be another.
fn is_same_page(made: &Collected, name: &str, folder: &Path) -> bool {
    let Some(Content::Bytes(here)) = made.files.get(name).filter(|_| made.pages.contains(name))
    else {
        return false;
    };
    let path = folder.join(name);
    // Only wall times and names of machines may be longer.
    let most = 2 * here.len() as u64 + LONGEST_OF_RUN_BYTES;
    if path.metadata().is_ok_and(|there| there.len() > most) {
        return false;
    }
    let there = regular_file::read_whole_text(&path);
    there.is_ok_and(|there| without_run(&there) == without_run(&String::from_utf8_lossy(here)))
}
