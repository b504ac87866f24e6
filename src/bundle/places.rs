//! Where a bundle may say that its corpora are: inside of itself. Anywhere else is for the receiver to say.

use std::path::{Component, Path};

use pipe_engine::manifest::{Diagnostic, leads_out};
use pipe_speech::corpus::Corpora;

/// What a receiver says of the places of corpora, so that the bundle need not.
#[derive(Clone, Copy, Debug)]
pub enum PlacesGiven<'a> {
    /// Nothing.
    None,
    /// The folder that holds all corpora.
    Folder,
    /// The entries of a `corpora.toml` of the receiver's own, with its folder.
    Own(&'a Corpora),
}

/// What is wrong with the places of `corpora`, of the bundle in `folder`: one leads out of it, and the receiver has not said
/// that it may.
pub fn places_outside(
    corpora: &Corpora,
    folder: &Path,
    given: PlacesGiven<'_>,
) -> Option<Diagnostic> {
    let outside = |name: &str, place: &Path| {
        let place = place.display();
        let message = format!("the bundle says that {name} is in {place}, outside of it");
        Diagnostic::new("bundle::place", message).help(
            "a bundle does not decide what is read of your files: give your own corpora.toml, or the folder of all corpora, with --corpora",
        )
    };
    let is_plain = |root: &Path| {
        let mut parts = root.components();
        parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    };
    if matches!(given, PlacesGiven::None) && leads_out(folder, &corpora.folder) {
        return Some(outside("the folder of all corpora", &corpora.folder));
    }
    let is_own = |name: &str| match given {
        PlacesGiven::Own(own) => own.corpora.contains_key(name),
        PlacesGiven::None | PlacesGiven::Folder => false,
    };
    let mut entries = corpora.corpora.iter();
    let (name, entry) = entries.find(|(name, entry)| !is_own(name) && !is_plain(&entry.root))?;
    Some(outside(&format!("the corpus `{name}`"), &entry.root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_outside_of_a_bundle_are_the_receivers_to_say() {
        let space = tempfile::tempdir().unwrap();
        let corpora = |folder: &str, root: &str| {
            let text = format!(
                "folder = {folder:?}\n[corpus.made]\nroot = {root:?}\nreader = \"table\"\ntitle = \"\"\nlanguage = \"en\"\nlicence = \"\"\nsource = \"\"\n"
            );
            let mut corpora = Corpora::parse(&text).unwrap();
            corpora.folder = space.path().join(&corpora.folder);
            corpora
        };
        let is_refused = |corpora: &Corpora, given: PlacesGiven<'_>| {
            places_outside(corpora, space.path(), given).is_some()
        };
        let own = corpora("/mine", "/mine/too");
        let given = [
            PlacesGiven::None,
            PlacesGiven::Folder,
            PlacesGiven::Own(&own),
        ];
        for (folder, root, refused) in [
            ("corpora", "made", [false; 3]),
            ("corpora", "./made", [false; 3]),
            ("/etc", "made", [true, false, false]),
            ("../..", "made", [true, false, false]),
            ("corpora", "/etc", [true, true, false]),
            ("corpora", "a/../../..", [true, true, false]),
        ] {
            let bundled = corpora(folder, root);
            let found = given.map(|given| is_refused(&bundled, given));
            assert_eq!(found, refused, "{folder} {root}");
        }
    }
}
