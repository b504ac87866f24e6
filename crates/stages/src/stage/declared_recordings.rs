//! A folder of recordings that a stage reads beside its input: the names and contents of all are in its key.

use pipe_engine::manifest::{Declaration, Diagnostic};
use pipe_engine::stage::DeclaredFile;

use crate::audio_files::audio_files;

/// The audio files below the folder that the parameter `name` names, sorted by path; none where it names none.
///
/// # Errors
/// A folder that cannot be listed, or has no audio files.
pub fn declared_recordings(
    declaration: &Declaration,
    name: &str,
) -> Result<Vec<DeclaredFile>, Box<Diagnostic>> {
    if declaration
        .parameters
        .get(name)
        .is_none_or(|value| value.is_null())
    {
        return Ok(Vec::new());
    }
    let folder = declaration.path(name);
    let refused = |message: String, label: &str| {
        let help =
            "name a folder of audio files; the path is relative to the manifest it is written in";
        let refused = Diagnostic::new("manifest::recordings", message);
        Box::new(refused.at(declaration.place_of(name), label).help(help))
    };
    let shown = folder.display();
    if !folder.is_dir() {
        return Err(match folder.exists() {
            true => refused(format!("{shown} is not a folder"), "not a folder"),
            false => refused(format!("{shown} does not exist"), "not found"),
        });
    }
    let found = audio_files(&folder);
    if let Some((path, reason)) = found.failed.first() {
        let message = format!("{} {reason}", path.display());
        return Err(refused(message, "cannot be listed"));
    }
    if found.files.is_empty() {
        return Err(refused(
            format!("{shown} has no audio files"),
            "no recordings",
        ));
    }
    let declared = found.files.into_iter().map(|path| {
        let below = path.strip_prefix(&folder).unwrap_or(&path);
        DeclaredFile {
            name: format!("{name}/{}", below.display()),
            path,
        }
    });
    Ok(declared.collect())
}
