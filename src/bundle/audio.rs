//! Recordings in a bundle: only where they are asked for, and the licence of their corpus lets them be passed on.

use std::collections::BTreeMap;

use pipe_engine::stage::SourceListing;
use pipe_speech::corpus::{AudioSource, Corpora};

use crate::items::UtteranceItem;

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

/// Adds the recordings that sources list, below the folders of their corpora.
///
/// # Errors
/// When a corpus must not be passed on, or a recording is not in the folder of its corpus.
pub fn add_audio(
    listings: &[(usize, SourceListing)],
    corpora: &Corpora,
    files: &mut BTreeMap<String, Content>,
) -> Result<(), BundleError> {
    let items = listings.iter().flat_map(|(_, listing)| &listing.items);
    for item in items {
        let recording = item.utterance_facts().recording.as_ref();
        let Some(AudioSource::File { path, .. }) = recording.map(|recording| &recording.source)
        else {
            continue;
        };
        let name = &item.utterance().corpus;
        let Some(entry) = corpora.corpora.get(name) else {
            continue;
        };
        if !may_be_passed_on(&entry.licence) {
            return Err(BundleError::Licence {
                corpus: name.clone(),
                licence: entry.licence.clone(),
            });
        }
        let root = corpora.folder.join(&entry.root);
        let Ok(inside) = path.strip_prefix(&root) else {
            return Err(BundleError::Outside {
                path: path.clone(),
                project: root,
            });
        };
        let name = format!("audio/{name}/{}", inside.display());
        files.insert(name, Content::File(path.clone()));
    }
    Ok(())
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
