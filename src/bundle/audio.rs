//! Recordings in a bundle: only where they are asked for, and the licence of their corpus lets them be passed on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use pipe_engine::stage::SourceListing;
use pipe_speech::corpus::{AudioSource, Corpora};

use pipe_stages::items::{UtteranceItem, details};

use super::contents::Content;
use super::error::BundleError;

/// How licences begin under which copies may be passed on, if only to some or unchanged.
const OPEN: [&str; 10] = [
    "cc by",
    "cc-by",
    "cc0",
    "odbl",
    "odc",
    "creative commons",
    "public domain",
    "mit",
    "apache",
    "gpl",
];

/// Whether a licence, as `corpora.toml` says it in a few words, lets copies be passed on.
pub fn may_be_passed_on(licence: &str) -> bool {
    let licence = licence.trim().to_lowercase();
    OPEN.iter().any(|open| {
        let rest = licence.strip_prefix(open);
        rest.is_some_and(|rest| {
            let mut words = rest.split_whitespace();
            let first = words.next().unwrap_or_default();
            // "MIT Lincoln Laboratory, internal use only" is another licence than "MIT License".
            let is_name = first.starts_with(char::is_alphabetic);
            let may_follow = [
                "attribution",
                "by",
                "by-sa",
                "license",
                "licence",
                "universal",
                "zero",
            ];
            !rest.starts_with(char::is_alphanumeric) && (!is_name || may_follow.contains(&first))
        })
    })
}

/// Adds the recordings that sources list, and what else it takes to list them, such as the tables that name them, below the
/// folders of their corpora. A link is followed inside its corpus.
///
/// # Errors
/// When a corpus must not be passed on, or a file is not in the folder of its corpus.
pub fn add_audio(
    listings: &[(usize, SourceListing)],
    corpora: &Corpora,
    files: &mut BTreeMap<String, Content>,
) -> Result<(), BundleError> {
    for (_, listing) in listings {
        let Some(details) = details(listing) else {
            continue;
        };
        let mut of_corpora: BTreeMap<&str, BTreeSet<PathBuf>> = BTreeMap::new();
        for item in &listing.items {
            let recording = item.utterance_facts().recording.as_ref();
            if let Some(AudioSource::File { path, .. }) = recording.map(|known| &known.source) {
                let files = of_corpora.entry(&item.utterance().corpus).or_default();
                files.insert(path.clone());
            }
        }
        for (name, paths) in &mut of_corpora {
            let Some(entry) = corpora.corpora.get(*name) else {
                continue;
            };
            if !may_be_passed_on(&entry.licence) {
                return Err(BundleError::Licence {
                    corpus: (*name).into(),
                    licence: entry.licence.clone(),
                });
            }
            let root = corpora.folder.join(&entry.root);
            let needed = details.needed.iter().filter(|(corpus, _)| corpus == name);
            paths.extend(needed.map(|(_, path)| path.clone()));
            for path in &*paths {
                let (inside, file) = in_corpus(&root, path)?;
                let name = format!("audio/{name}/{}", inside.display());
                files.insert(name, Content::File(file));
            }
        }
    }
    Ok(())
}

/// The path of a file in its corpus, and where the file is that it leads to.
fn in_corpus<'a>(root: &Path, path: &'a Path) -> Result<(&'a Path, PathBuf), BundleError> {
    let outside = |path: &Path| BundleError::Outside {
        path: path.into(),
        project: root.into(),
    };
    let inside = path.strip_prefix(root).map_err(|_| outside(path))?;
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if !inside.components().all(is_plain) {
        return Err(outside(path));
    }
    let file = path.canonicalize();
    let file = file.map_err(|reason| BundleError::file(path, reason))?;
    let folder = root.canonicalize();
    let folder = folder.map_err(|reason| BundleError::file(root, reason))?;
    match file.starts_with(&folder) {
        true => Ok((inside, file)),
        false => Err(BundleError::LinkOutside {
            path: path.into(),
            target: file,
            corpus: root.into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_licences_that_allow_copies_do() {
        for licence in [
            "CC BY-NC-SA 4.0",
            "CC-BY 4.0",
            "CC0 1.0",
            "ODbL 1.0, contents DbCL 1.0",
            "Creative Commons Attribution",
            "public domain",
            "MIT License",
            "Apache-2.0",
        ] {
            assert!(may_be_passed_on(licence), "{licence}");
        }
        for licence in [
            "",
            "none",
            "none stated with the files; see the home page",
            "on request, research only",
            "Mitsubishi internal",
            "not CC BY",
            "MIT Lincoln Laboratory, internal use only",
        ] {
            assert!(!may_be_passed_on(licence), "{licence}");
        }
    }
}
