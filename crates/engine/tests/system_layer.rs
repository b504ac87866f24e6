//! The cache and runs reach the system through `pipe_foundation::system` alone, so that the simulation sees all they do.

use std::path::{Path, PathBuf};

/// What reaches the system past the layer.
const PAST: [&str; 16] = [
    "std::fs",
    "std::process",
    "std::thread::sleep",
    "Instant",
    "SystemTime::now",
    "rustix",
    "tempfile",
    "memmap2",
    "walkdir",
    "rand::",
    "Digest::of_file",
    ".exists()",
    ".try_exists()",
    ".is_file()",
    ".is_dir()",
    ".canonicalize()",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

/// Files of nothing but tests.
fn is_of_tests(path: &Path) -> bool {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap();
    name.ends_with("tests") || name == "toy_domain"
}

#[test]
fn the_cache_and_runs_reach_the_system_through_the_layer_alone() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&source.join("cache"), &mut files);
    sources(&source.join("exec"), &mut files);
    files.retain(|path| !is_of_tests(path));
    assert!(files.len() > 60);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for past in PAST {
            assert!(!code.contains(past), "{past} in {}", path.display());
        }
    }
}
