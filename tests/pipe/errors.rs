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
title = "A corpus to obtain"
language = "en"
licence = "signed form"
source = "https://example.org/corpus"
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
fn every_bad_manifest_says_what_is_wrong() {
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

#[test]
fn overrides_that_name_nothing_are_refused() {
    let space = space();
    space.write(
        "pipe.toml",
        space.read("pipe.toml") + "\n[vars]\nseed = 1\n\n[matrix]\nmethod = [\"a\", \"b\"]\n",
    );
    for (name, set) in [
        ("set_without_value", "fbank.bins"),
        ("set_without_key", "fbank=80"),
        ("set_unknown_stage", "fbnak.bins=80"),
        ("set_unknown_key", "fbank.bin=80"),
        ("set_out_of_range", "fbank.bins=0"),
        ("set_unknown_variable", "vars.sede=2"),
        ("set_unknown_axis", "matrix.methods=[\"a\"]"),
        ("set_unknown_layer", "fbank.window.kind=1"),
    ] {
        let told = refused(&space, &["pipe.toml", "--set", set]);
        insta::assert_snapshot!(name, told);
    }
    let both = refused(
        &space,
        &["pipe.toml", "--set", "x.y=1", "--set", "fbank.bins=0"],
    );
    assert!(both.contains("2 errors"), "{both}");
}

#[test]
fn a_manifest_that_is_not_there_is_reported_by_its_name() {
    let space = space();
    insta::assert_snapshot!("no_manifest", refused(&space, &["absent.toml"]));
    insta::assert_snapshot!("manifest_is_a_folder", refused(&space, &["corpora"]));
}

#[test]
fn mistakes_in_corpora_toml_point_into_it() {
    let space = space();
    let good = space.read("corpora.toml");
    for (name, from, to) in [
        (
            "corpora_unknown_key",
            "licence = \"none\"",
            "lisence = \"none\"",
        ),
        ("corpora_wrong_type", "root = \"made\"", "root = 5"),
        ("corpora_missing_key", "title = \"Made for tests\"\n", ""),
        (
            "corpora_wrong_class",
            "neutral = [\"neutral\"]",
            "neutrall = [\"neutral\"]",
        ),
        ("corpora_not_toml", "root = \"made\"", "root = made"),
        (
            "corpora_unknown_reader",
            "reader = \"table\"",
            "reader = \"tabel\"",
        ),
        ("corpora_name", "[corpus.made]", "[corpus.\"a/b\"]"),
    ] {
        space.write("corpora.toml", good.replacen(from, to, 1));
        insta::assert_snapshot!(name, refused(&space, &["pipe.toml"]));
    }
    std::fs::remove_file(space.join("corpora.toml")).unwrap();
    insta::assert_snapshot!("corpora_absent", refused(&space, &["pipe.toml"]));
    let told = refused(&space, &["pipe.toml", "--corpora", "elsewhere.toml"]);
    insta::assert_snapshot!("corpora_given_absent", told);
}

#[test]
fn errors_as_json_have_file_line_and_column() {
    let space = space();
    let output = space.pipe(&["run", "many_errors.toml", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["event"], &told["exit_code"]),
        (&"error".into(), &2.into())
    );
    let text = space.read("many_errors.toml");
    let lines: Vec<&str> = text.lines().collect();
    let errors = told["errors"].as_array().unwrap();
    let starts: Vec<(&str, &str)> = errors
        .iter()
        .map(|error| {
            assert_eq!(error["file"], "many_errors.toml");
            let line = lines[error["line"].as_u64().unwrap() as usize - 1];
            let column = error["column"].as_u64().unwrap() as usize - 1;
            (error["code"].as_str().unwrap(), &line[column..])
        })
        .collect();
    assert_eq!(
        starts,
        [
            ("manifest::unknown_kind", "\"resmaple\""),
            ("manifest::unknown_input", "\"audoi\""),
            ("manifest::range", "4000"),
            ("manifest::unknown_key", "windw = \"hann\""),
            ("manifest::wrong_artifact", "\"speech\""),
            ("manifest::choice", "\"sum\" }]"),
            ("manifest::missing_corpus", "\"absent\""),
        ]
    );
    let other = space.pipe(&["run", "error_in_an_included_file.toml", "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&other.stdout).unwrap();
    assert_eq!(told["errors"][0]["file"], "include/wrong.toml");
    assert_eq!(told["errors"][0]["line"], 10);
}

#[test]
fn a_corpora_toml_that_the_manifest_names_wrongly_is_pointed_at() {
    let space = space();
    space.write(
        "pipe.toml",
        "corpora = \"lists/corpora.toml\"\n".to_string() + &space.read("pipe.toml"),
    );
    insta::assert_snapshot!("corpora_named_absent", refused(&space, &["pipe.toml"]));
}
