//! Files are opened through `regular_file` and the layer to the system alone: whoever reads one past them might wait for a
//! named pipe, or read a device for ever.

use std::path::Path;

/// What opens whatever is there.
const PAST: [&str; 4] = [
    "fs::read(",
    "fs::read_to_string(",
    "File::open(",
    "fs::copy(",
];
/// Where it is made sure that only regular files are opened.
const MAY: &str = "crates/foundation/src/regular_file.rs";

fn is_of_tests(path: &Path) -> bool {
    let is_tests =
        |part: &str| part == "tests" || part.ends_with("tests") || part.starts_with("golden");
    let parts = path.iter().filter_map(|part| part.to_str());
    let mut parts = parts.map(|part| part.trim_end_matches(".rs"));
    parts.any(|part| is_tests(part) || ["test_support", "examples"].contains(&part))
}

#[test]
fn nothing_opens_a_file_without_looking_whether_it_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = 0;
    for folder in ["src", "crates"] {
        for entry in walkdir::WalkDir::new(root.join(folder)) {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(root).unwrap();
            let is_source = path.extension().is_some_and(|end| end == "rs");
            if !is_source || is_of_tests(path) || path == Path::new(MAY) {
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for past in PAST {
                let place = path.display();
                let starts_there = |(at, _): (usize, &str)| {
                    let before = code[..at].chars().next_back();
                    !before.is_some_and(char::is_alphanumeric)
                };
                let mut found = code.match_indices(past);
                assert!(
                    !found.any(starts_there),
                    "{past}…) in {place}: use regular_file"
                );
            }
        }
    }
    assert!(files > 400, "{files}");
}
