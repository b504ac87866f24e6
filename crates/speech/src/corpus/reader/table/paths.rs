//! Paths as a table writes them, and below the corpus folder.

use std::borrow::Cow;
use std::path::{Component, Path};

/// Where the files of a table are.
pub(in crate::corpus::reader) struct Paths<'a> {
    /// The folder below the root that its paths start from.
    pub audio_folder: &'a str,
    /// The extension of paths that have none.
    pub extension: Option<&'a str>,
}

impl Paths<'_> {
    /// A relative path of the table below the corpus folder; nothing if it leaves that.
    pub fn relative(&self, written: &str) -> Option<String> {
        let joined = match self.audio_folder.is_empty() {
            true => Cow::Borrowed(Path::new(written)),
            false => Cow::Owned(Path::new(self.audio_folder).join(written)),
        };
        let relative = joined.to_str().and_then(tidy)?.into_owned();
        Some(self.with_extension(relative))
    }

    /// The path with the extension of those that have none.
    pub fn with_extension(&self, mut relative: String) -> String {
        let name = relative.rsplit('/').next().unwrap_or_default();
        if let (false, Some(extension)) = (name.contains('.'), self.extension) {
            relative.push('.');
            relative.push_str(extension);
        }
        relative
    }
}

/// A relative path without `.` and with `/` between names; nothing if it is absolute, leaves the
/// folder it starts from, or holds control characters.
pub(in crate::corpus::reader) fn tidy(path: &str) -> Option<Cow<'_, str>> {
    if has_control(path) {
        return None;
    }
    let is_name = |name: &str| !matches!(name, "" | "." | "..");
    if std::path::MAIN_SEPARATOR == '/' && path.split('/').all(is_name) {
        return Some(Cow::Borrowed(path));
    }
    let mut names = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => names.push(name.to_str()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(Cow::Owned(names.join("/")))
}

/// Whether a text has a line break or another control character.
pub(in crate::corpus::reader) fn has_control(text: &str) -> bool {
    match text.is_ascii() {
        true => text.bytes().any(|byte| byte.is_ascii_control()),
        false => text.chars().any(char::is_control),
    }
}

/// The path up to the extension of its file.
pub(in crate::corpus::reader) fn without_extension(relative: &str) -> &str {
    let name = relative.rsplit('/').next().unwrap_or(relative);
    match name.rfind('.') {
        Some(dot) if dot > 0 => &relative[..relative.len() - (name.len() - dot)],
        _ => relative,
    }
}
