//! Parameters and texts of registries, put together with others before the program runs.

use pipe_engine::manifest::{Parameter, Shape};

/// Lists of parameters one behind the other, `LENGTH` in all: see [`count`].
pub const fn joined<const LENGTH: usize>(parts: &[&[Parameter]]) -> [Parameter; LENGTH] {
    let mut all = [Parameter::optional("", Shape::Bool, ""); LENGTH];
    let (mut part, mut next) = (0, 0);
    while part < parts.len() {
        let mut at = 0;
        while at < parts[part].len() {
            all[next] = parts[part][at];
            next += 1;
            at += 1;
        }
        part += 1;
    }
    all
}

/// Parameters of several lists.
pub const fn count(parts: &[&[Parameter]]) -> usize {
    let (mut part, mut all) = (0, 0);
    while part < parts.len() {
        all += parts[part].len();
        part += 1;
    }
    all
}

/// Texts one behind the other, `LENGTH` bytes in all: see [`text_length`] and [`text`].
pub const fn joined_texts<const LENGTH: usize>(parts: &[&str]) -> [u8; LENGTH] {
    let mut all = [0; LENGTH];
    let (mut part, mut next) = (0, 0);
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            all[next] = bytes[at];
            next += 1;
            at += 1;
        }
        part += 1;
    }
    all
}

/// Bytes of several texts.
pub const fn text_length(parts: &[&str]) -> usize {
    let (mut part, mut all) = (0, 0);
    while part < parts.len() {
        all += parts[part].len();
        part += 1;
    }
    all
}

/// Joined texts as a text.
pub const fn text(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => unreachable!(),
    }
}
