//! The example of a domain in one file: a cache per item, reasons, and runs that continue where earlier ones stopped.

use std::path::{Path, PathBuf};
use std::process::Command;

const MANIFEST: &str = r#"
[stage.texts]
kind = "texts"
folder = "texts"

[stage.words]
kind = "count"
input = "texts"
max_bad = 0.5
"#;

/// The example, which `cargo test` builds along with the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    profile.join("examples/words")
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(program());
    command.arg("texts.toml").current_dir(folder);
    command
}

fn words(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder)
        .args(arguments)
        .output()
        .expect("the example runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn counts(computed: usize, reused: usize, bad: usize) -> String {
    format!(
        "ItemCounts {{ computed: {computed}, reused: {reused}, bad: {bad}, left_out: 0 }}, 0 steps failed\n"
    )
}

#[test]
fn every_text_is_counted_once_and_a_change_costs_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = |name: &str, text: &[u8]| std::fs::write(folder.join("texts").join(name), text);
    std::fs::write(folder.join("texts.toml"), MANIFEST).unwrap();
    std::fs::create_dir(folder.join("texts")).unwrap();
    text("a.txt", b"one").unwrap();
    text("b.txt", b"one two").unwrap();
    text("c.txt", &[0xff, 0xfe]).unwrap();
    // c.txt is not text and is set aside; only it is read and counted again once it is fixed.
    assert_eq!(words(folder, &[]), counts(5, 0, 1));
    text("c.txt", b"one two three").unwrap();
    assert_eq!(words(folder, &[]), counts(2, 4, 0));
    assert_eq!(words(folder, &[]), counts(0, 6, 0));
    text("a.txt", b"one two three four").unwrap();
    let why = words(folder, &["why"]);
    assert!(why.contains("a.txt\""), "{why}");
    assert!(!why.contains("b.txt\""), "{why}");
    assert!(why.contains("is_cached: false"), "{why}");
    assert_eq!(words(folder, &[]), counts(2, 4, 0));
    // A copy has the content of another text, and its count.
    text("d.txt", b"one two").unwrap();
    assert_eq!(words(folder, &[]), counts(0, 8, 0));
}

/// Killed as soon as something is written down, wherever it is then, a run is continued by the next one.
#[test]
fn a_run_that_is_killed_is_continued() {
    const TEXTS: usize = 2_000;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("texts.toml"), MANIFEST).unwrap();
    std::fs::create_dir(folder.join("texts")).unwrap();
    for text in 0..TEXTS {
        let path = folder.join(format!("texts/{text}.txt"));
        std::fs::write(path, format!("text {text}")).unwrap();
    }
    let mut run = command(folder)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let log = folder.join("cache/items.log");
    while run.try_wait().unwrap().is_none() && log.metadata().map_or(0, |log| log.len()) == 0 {
        std::thread::yield_now();
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let told = words(folder, &[]);
    let number = |name: &str| -> usize {
        let (_, rest) = told.split_once(&format!("{name}: ")).unwrap();
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
        digits.parse().unwrap()
    };
    assert!(number("reused") > 0, "{told}");
    assert_eq!(number("computed") + number("reused"), 2 * TEXTS, "{told}");
    assert!(
        told.ends_with("bad: 0, left_out: 0 }, 0 steps failed\n"),
        "{told}"
    );
    assert_eq!(words(folder, &[]), counts(0, 2 * TEXTS, 0));
}
