//! What a wrong manifest is told: every error with its place, what was found, what was expected, what to do.
//! `bad/` holds the manifests; `snapshots/` what the binary says of each.

use std::path::Path;

use super::workspace::Workspace;

/// A folder with the corpus `made` and the bad manifests.
fn space() -> Workspace {
    let space = Workspace::with_corpus(3);
    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipe/bad");
    for entry in walkdir::WalkDir::new(&bad).into_iter().map(Result::unwrap) {
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(&bad).unwrap();
            space.write(
                &name.to_string_lossy(),
                std::fs::read(entry.path()).unwrap(),
            );
        }
    }
    let known = space.read("corpora.toml");
    space.write("corpora.toml", known + "\n" + ABSENT);
    space
}

const ABSENT: &str = r#"[corpus.absent]
root = "absent"
reader = "table"
title = "Made for tests, not there"
language = "en"
licence = "none"
source = "nowhere"
labels = { positive = ["happy"], neutral = ["neutral"], negative = ["sad"] }
options = { table = "table.csv" }
"#;

/// What `pipe run` says on standard error; it must end with 2 and leave nothing behind.
fn refused(space: &Workspace, arguments: &[&str]) -> String {
    let before = space.files(".");
    let output = space.pipe(&[&["run"], arguments].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    assert!(
        before == space.files("."),
        "{arguments:?}: something was written"
    );
    for folder in ["cache", "runs"] {
        assert!(!space.join(folder).exists(), "{arguments:?}: {folder}");
    }
    let folder = space.path().to_string_lossy();
    assert!(
        !stderr.contains(&*folder),
        "{arguments:?}: an absolute path: {stderr}"
    );
    stderr
}

#[test]
fn every_bad_manifest_is_told_what_is_wrong() {
    let space = space();
    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipe/bad");
    let mut names: Vec<String> = std::fs::read_dir(bad)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".toml").map(str::to_string)
        })
        .collect();
    names.sort();
    assert!(names.len() > 40);
    let mut failures = Vec::new();
    for name in &names {
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let told = refused(&space, &[&format!("{name}.toml")]);
            insta::assert_snapshot!(name.as_str(), told);
        }));
        if told.is_err() {
            failures.push(name);
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}
