//! Names of files and folders made from ids: readable, short enough for every file system, and never shared by two ids.

use std::fmt::Write;

use pipe_foundation::Digest;

/// The longest name of a file that file systems take, in bytes.
const LONGEST_BYTES: usize = 255;
/// Hexadecimal digits of the digest that ends the name of an id that is too long for a name.
const DIGITS: usize = 16;
/// Comes before that digest, and is in no other name.
const SHORTENED: &str = "%~";

/// The name of the file or folder that belongs to `id`: the id, with `/` and control characters written as in URLs.
/// Where that is too long, its beginning with a digest of the id.
pub fn file_name(id: &str) -> String {
    file_name_with_ending(id, "")
}

/// [`file_name`] followed by `ending`, such as `.log`, which is never shortened.
pub fn file_name_with_ending(id: &str, ending: &str) -> String {
    within(LONGEST_BYTES, id, ending)
}

/// [`file_name`] of at most `longest` bytes, 64 at least, for names that people read.
pub fn short_file_name(id: &str, longest: usize) -> String {
    within(longest.clamp(64, LONGEST_BYTES), id, "")
}

fn within(longest: usize, id: &str, ending: &str) -> String {
    let escaped = escape(id);
    let longest = longest.saturating_sub(ending.len());
    if !escaped.is_empty() && escaped.len() <= longest {
        return escaped + ending;
    }
    let room = longest.saturating_sub(SHORTENED.len() + DIGITS);
    let mut end = escaped.len().min(room);
    while !escaped.is_char_boundary(end) {
        end -= 1;
    }
    let digest = Digest::of(id.as_bytes()).hex();
    format!(
        "{}{SHORTENED}{}{ending}",
        &escaped[..end],
        &digest[..DIGITS]
    )
}

/// The id that [`file_name`] made `name` of; none where the id was too long for a name.
pub fn id_of(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('%') {
        let (plain, escape) = rest.split_at(at);
        bytes.extend_from_slice(plain.as_bytes());
        if escape.starts_with(SHORTENED) {
            return None;
        }
        match escaped_byte(escape) {
            Some(byte) => {
                bytes.push(byte);
                rest = &escape[3..];
            }
            None => {
                bytes.push(b'%');
                rest = &escape[1..];
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

fn escape(id: &str) -> String {
    let is_dots = matches!(id, "." | "..");
    let mut name = String::with_capacity(id.len());
    for (at, c) in id.char_indices() {
        let is_escaped = match c {
            '/' => true,
            '.' => is_dots,
            // Only where it could be taken for the start of an escape: most names with `%` stay as they are.
            '%' => escaped_byte(&id[at..]).is_some() || id[at..].starts_with(SHORTENED),
            c => c.is_control(),
        };
        if !is_escaped {
            name.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a string cannot fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    name
}

/// The byte of the escape that `text` starts with, `%` and two hexadecimal digits.
fn escaped_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex
        .then(|| u8::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Ids that are hard to distinguish, with the names of all as ids of their own.
    fn ids() -> Vec<String> {
        let long = "ä".repeat(140);
        let mut ids: Vec<String> = [
            "a/b", "a_b", "a\tb", "a\nb", "a\u{85}b", "", ".", "..", "/", "_", "%", "%~", "%2",
            "%2/", "%/", "%%2F", "%25", "%é", "100%", "100%/", "%\n",
        ]
        .map(String::from)
        .to_vec();
        ids.extend([
            format!("{long}1"),
            format!("{long}2"),
            format!("{long}/1"),
            format!("{long}_1"),
            "/".repeat(85),
            "/".repeat(86),
            "x".repeat(255),
            "x".repeat(256),
            "x".repeat(5000),
        ]);
        ids.extend(ids.iter().map(|id| file_name(id)).collect::<Vec<_>>());
        ids.sort();
        ids.dedup();
        ids
    }

    #[test]
    fn plain_ids_are_their_own_names() {
        for id in [
            "train",
            "corpora=a,seed=-1",
            "method=mt, α = 0.3",
            "noise=10%",
            "a~b",
            "näheres",
        ] {
            assert_eq!(file_name(id), id);
        }
        assert_eq!(file_name("paper/demo"), "paper%2Fdemo");
        assert_eq!(file_name(&"x".repeat(255)), "x".repeat(255));
    }

    #[test]
    fn no_two_ids_share_a_name_and_every_name_can_be_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut owners: HashMap<String, String> = HashMap::new();
        for id in ids() {
            for ending in ["", ".log"] {
                let name = file_name_with_ending(&id, ending);
                assert!(name.ends_with(ending));
                assert!(!name.contains('/'), "{name}");
                std::fs::write(folder.path().join(&name), &id).unwrap();
                if ending.is_empty()
                    && let Some(other) = owners.insert(name, id.clone())
                {
                    panic!("{id:?} and {other:?} share a name");
                }
            }
        }
    }

    #[test]
    fn names_that_are_not_shortened_can_be_read_back() {
        for id in ids() {
            let is_shortened = id.is_empty() || escape(&id).len() > LONGEST_BYTES;
            let expected = (!is_shortened).then(|| id.clone());
            assert_eq!(id_of(&file_name(&id)), expected, "{id:?}");
        }
        assert_eq!(id_of(&file_name(&"/".repeat(86))), None);
        assert_eq!(id_of(&file_name(&"/".repeat(85))), Some("/".repeat(85)));
    }

    #[test]
    fn short_names_are_short_and_still_nobody_elses() {
        let long = |last: &str| format!("train.heads={}{last}", "x".repeat(100));
        let names = [long("1"), long("2")].map(|id| short_file_name(&id, 80));
        assert!(names[0].starts_with("train.heads=xxx"), "{names:?}");
        assert_eq!(names.each_ref().map(String::len), [80, 80]);
        assert_ne!(names[0], names[1]);
        assert_eq!(short_file_name("train.epochs=20", 80), "train.epochs=20");
    }

    #[test]
    fn the_beginning_of_a_long_id_is_in_its_name() {
        let name = file_name_with_ending(&format!("corpora={}", "emo_db,".repeat(60)), ".log");
        assert!(name.starts_with("corpora=emo_db,emo_db,"), "{name}");
        assert_eq!(name.len(), LONGEST_BYTES);
    }
}
