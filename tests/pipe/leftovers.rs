//! What earlier runs put into `runs/` and later ones do not: it goes, and a person's own files stay.

use std::fs;
use std::path::Path;

use super::learning::study;
use super::workspace::Workspace;

/// Files of the manifest's folder in `runs`.
fn names(space: &Workspace) -> Vec<String> {
    space.files("runs/pipe").into_keys().collect()
}

#[test]
fn removed_outputs_and_stages_leave_nothing_behind_but_a_persons_own_files() {
    let space = Workspace::with_corpus(4);
    space.run_well("pipe.toml");
    let before = names(&space);
    assert!(
        before.contains(&"count/count.txt".to_string()),
        "{before:?}"
    );
    let of_source = before.iter().any(|name| name.starts_with("speech/"));
    assert!(of_source, "{before:?}");
    space.write("runs/pipe/count/notes.txt", "mine");
    space.write("runs/pipe/count/deeper/notes.txt", "mine");
    space.write("runs/pipe/notes.txt", "mine");

    space.edit("pipe.toml", "count.txt", "deep/total.txt");
    space.edit("pipe.toml", "run = \"", "run = \"mkdir {out}/deep; ");
    space.run_well("pipe.toml");
    let renamed = names(&space);
    assert!(
        !renamed.contains(&"count/count.txt".to_string()),
        "{renamed:?}"
    );
    assert!(
        renamed.contains(&"count/deep/total.txt".to_string()),
        "{renamed:?}"
    );

    space.edit("pipe.toml", "[stage.count]", "[stage.tally]");
    space.edit("pipe.toml", "[stage.speech]", "[stage.talk]");
    space.edit("pipe.toml", "\"speech\"", "\"talk\"");
    space.run_well("pipe.toml");
    let left: Vec<String> = names(&space)
        .into_iter()
        .filter(|name| !name.starts_with("talk/"))
        .collect();
    let wanted = [
        "count/deeper/notes.txt",
        "count/notes.txt",
        "notes.txt",
        "tally/deep/total.txt",
    ];
    assert_eq!(left, wanted);
    assert!(
        !space.join("runs/pipe/count/deep").exists(),
        "an empty folder"
    );
    assert!(!space.join("runs/pipe/speech").exists(), "an empty folder");
}

#[test]
fn what_a_person_has_changed_or_replaced_stays() {
    let space = Workspace::with_corpus(4);
    space.run_well("pipe.toml");
    space.edit("pipe.toml", "outputs = [", "outputs = [\"copy.txt\", ");
    space.edit(
        "pipe.toml",
        "{out}/count.txt",
        "{out}/count.txt; cp {out}/count.txt {out}/copy.txt",
    );
    space.run_well("pipe.toml");
    space.write("runs/pipe/count/count.txt", "mine");
    let copy = space.join("runs/pipe/count/copy.txt");
    fs::remove_file(&copy).unwrap();
    std::os::unix::fs::symlink(space.join("pipe.toml"), &copy).unwrap();
    space.edit("pipe.toml", "[stage.count]", "[stage.tally]");
    space.run_well("pipe.toml");
    assert_eq!(space.read("runs/pipe/count/count.txt"), "mine");
    assert!(copy.is_symlink());
    // What was left once is a person's from then on.
    space.run_well("pipe.toml");
    assert_eq!(space.read("runs/pipe/count/count.txt"), "mine");
    assert!(space.join("runs/pipe/tally/count.txt").exists());
}

#[test]
fn a_step_that_fails_keeps_its_earlier_results_and_other_folders_are_left_alone() {
    let space = Workspace::with_corpus(4);
    space.run_well("pipe.toml");
    assert_eq!(
        space.run("pipe.toml", &["--runs", "elsewhere"]).code,
        Some(0)
    );
    let run = space.run("pipe.toml", &["--set", "count.run=\"exit 1\""]);
    assert_eq!(run.code, Some(1), "{:?}", run.events);
    assert!(space.join("runs/pipe/count/count.txt").exists());
    space.edit("pipe.toml", "[stage.count]", "[stage.tally]");
    space.run_well("pipe.toml");
    assert!(!space.join("runs/pipe/count").exists());
    assert!(space.join("elsewhere/pipe/count/count.txt").exists());
}

#[test]
fn the_page_of_a_renamed_report_goes_with_it() {
    let space = study();
    for _ in 0..2 {
        space.run_well("study.toml");
        assert!(space.join("runs/study/report/report.html").exists());
    }
    space.edit("study.toml", "[stage.report]", "[stage.summary]");
    space.run_well("study.toml");
    assert!(space.join("runs/study/summary/report.html").exists());
    assert!(!space.join("runs/study/report").exists());
}

#[test]
fn a_persons_file_beside_those_of_a_failed_step_stays() {
    let space = Workspace::with_corpus(4);
    space.write("runs/pipe/count/failed/notes.txt", "mine");
    space.run_well("pipe.toml");
    assert_eq!(space.read("runs/pipe/count/failed/notes.txt"), "mine");
}

/// A stage whose result is too large to be copied.
const LARGE: &str = r#"
[stage.large]
kind = "command"
run = "head -c 70000000 /dev/zero > {out}/large.bin; echo one > {out}/small.txt"
outputs = ["large.bin", "small.txt"]
"#;

#[test]
fn pruning_takes_links_along_that_would_lead_nowhere() {
    let space = Workspace::with_manifest("pipe.toml", LARGE);
    assert_eq!(space.run("pipe.toml", &["--runs", "first"]).code, Some(0));
    space.edit(
        "pipe.toml",
        "echo one",
        "printf x >> {out}/large.bin; echo two",
    );
    assert_eq!(space.run("pipe.toml", &["--runs", "second"]).code, Some(0));
    let link = |runs: &str| space.join(runs).join("pipe/large/large.bin");
    let leads_somewhere = |path: &Path| path.is_symlink() && path.exists();
    assert!(leads_somewhere(&link("first")) && leads_somewhere(&link("second")));
    fs::create_dir(space.join("mine")).unwrap();
    let own = space.join("mine/large.bin");
    std::os::unix::fs::symlink(fs::read_link(link("first")).unwrap(), &own).unwrap();

    space.stdout(&["cache", "prune"]);
    space.stdout(&["cache", "prune", "--keep-runs", "1", "--dry-run"]);
    assert!(leads_somewhere(&link("first")), "still kept");
    let pruned = space.stdout(&["cache", "prune", "--keep-runs", "1"]);
    assert!(pruned.contains("links"), "{pruned}");
    assert!(!link("first").is_symlink(), "it leads nowhere");
    assert!(leads_somewhere(&link("second")), "of a kept run");
    assert!(own.is_symlink(), "not made by pipe");
    assert_eq!(space.read("first/pipe/large/small.txt"), "one\n");
    assert_eq!(
        space.stdout(&["cache", "prune", "--keep-runs", "1"]),
        "nothing to remove\n"
    );
}

/// A link in the place of a folder leads elsewhere: nothing is written there, and nothing is removed.
#[test]
fn what_is_in_the_place_of_results_is_named_and_the_run_has_not_done_all() {
    for (what, place) in [
        ("a named pipe", "runs/pipe/count"),
        ("a file", "runs/pipe/count"),
        ("a file", "runs/pipe"),
        ("a named pipe", "runs"),
        ("a folder", "runs/pipe/count/count.txt"),
    ] {
        let space = Workspace::with_corpus(3);
        let place_path = space.join(place);
        std::fs::create_dir_all(place_path.parent().unwrap()).unwrap();
        match what {
            "a file" => std::fs::write(&place_path, "").unwrap(),
            "a folder" => std::fs::create_dir(&place_path).unwrap(),
            _ => {
                let made = std::process::Command::new("mkfifo")
                    .arg(&place_path)
                    .status();
                assert!(made.unwrap().success());
            }
        }
        let output = space.pipe(&["run", "pipe.toml"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let named = format!("{place} is {what}, and nothing is written in its place; remove it");
        assert!(told.contains(&named), "{told}");
        assert!(told.contains("something else is in their place"), "{told}");
        match what {
            "a folder" => std::fs::remove_dir(&place_path).unwrap(),
            _ => std::fs::remove_file(&place_path).unwrap(),
        }
        let run = space.run_well("pipe.toml");
        assert_eq!(run.executed(), [""; 0]);
        assert!(space.join("runs/pipe/count/count.txt").is_file());
    }
}

#[test]
fn links_in_the_place_of_folders_of_results_are_not_followed() {
    for link in ["runs/pipe", "runs/pipe/count"] {
        let space = Workspace::with_corpus(3);
        space.run_well("pipe.toml");
        std::fs::rename(space.join(link), space.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(space.join("elsewhere"), space.join(link)).unwrap();
        let before = space.files("elsewhere");
        space.edit("pipe.toml", "wc -l", "wc -c");
        // All is in the cache, and not where it was asked for.
        let run = space.run("pipe.toml", &[]);
        assert_eq!((run.code, run.steps().2), (Some(1), 0));
        assert!(run.finished()["blocked"].as_u64() > Some(0));
        let told = run.warnings();
        assert!(
            told.iter()
                .any(|told| told.contains("is a symbolic link, and nothing is written")),
            "{told:?}"
        );
        assert!(
            space.files("elsewhere") == before,
            "{link}: written elsewhere"
        );
        // The step is gone: its results would be removed.
        space.write("pipe.toml", super::manifests::MADE);
        space.run("pipe.toml", &[]);
        space.stdout(&["cache", "prune", "--keep-runs", "1"]);
        assert!(
            space.files("elsewhere") == before,
            "{link}: removed elsewhere"
        );
    }
}
