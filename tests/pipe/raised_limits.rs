//! Limits that were raised for a run: its page, its lock file and its bundle say so.

use super::bundles::{BUNDLE, receiver, reproduced, study};

#[test]
fn a_run_with_raised_limits_says_how_it_is_repeated() {
    let space = study(12);
    let run = space.run("pipelines/study.toml", &["--limit", "axes=65"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let page = space.read("runs/study/report/report.html");
    assert!(page.contains("--limit axes=65 --locked"), "{page}");
    space.stdout(&["lock", "pipelines/study.toml", "--limit", "axes=65"]);
    let lock = space.read("pipelines/study.lock.toml");
    assert!(lock.contains("[limits]\naxes = 65\n"), "{lock}");
    let export = ["bundle", "export", "pipelines/study.toml", "-o", BUNDLE];
    space.stdout(&[&export[..], &["--limit", "axes=65"]].concat());

    let there = receiver(&space);
    let told = there.refused(&["reproduce", BUNDLE]);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("higher limits than yours: axes=65"), "{told}");
    let typed = format!("`pipe reproduce {BUNDLE} --limit axes=65`");
    assert!(told.contains(&typed), "{told}");
    let (verdict, code) = reproduced(&there, &["--limit", "axes=65"]);
    assert_eq!(
        (verdict["verdict"].as_str(), code),
        (Some("identical"), 0),
        "{verdict}"
    );
}
