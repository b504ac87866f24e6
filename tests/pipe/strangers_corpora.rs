//! A `corpora.toml` of a project that the user has not trusted: what it names elsewhere is not opened, and nothing of it is
//! shown.

use std::fs;
use std::os::unix::fs::symlink;

use super::permission::{Configuration, at_a_terminal};
use super::workspace::Workspace;

const SECRET: &str = "hunter2,apikey\nhunter3,x\n";

/// A project in the folder `project` whose corpus `made` has this folder of corpora, root and options.
fn project(folder: &str, root: &str, options: &str) -> Workspace {
    let space = Workspace::with_corpus(6);
    space.write("secret.csv", SECRET);
    space.write("project/pipe.toml", super::manifests::MADE);
    fs::rename(space.join("corpora"), space.join("project/corpora")).unwrap();
    let corpora = space.read("corpora.toml");
    fs::remove_file(space.join("corpora.toml")).unwrap();
    let corpora = corpora.replace("folder = \"corpora\"", &format!("folder = {folder:?}"));
    let corpora = corpora.replace("root = \"made\"", &format!("root = {root:?}"));
    let corpora = corpora.replace("options = { table = \"table.csv\" }", options);
    space.write("project/corpora.toml", corpora);
    space
}

const OWN: &str = "options = { table = \"table.csv\" }";
const MANIFEST: &str = "project/pipe.toml";

#[test]
fn corpora_inside_of_the_project_need_no_trust() {
    let (space, user) = (project("corpora", "made", OWN), Configuration::empty());
    let (_, stderr, code) = user.says(&space, &["run", MANIFEST]);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn places_outside_are_refused_and_nothing_of_them_is_shown() {
    let table = |name: &str| format!("options = {{ table = {name:?} }}");
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("secret.csv"), SECRET).unwrap();
    let absolute = elsewhere.path().to_str().unwrap();
    for (folder, root, options) in [
        ("corpora", absolute, table("secret.csv")),
        ("corpora", "../..", table("secret.csv")),
        (absolute, ".", table("secret.csv")),
        ("corpora", "made", table("../../../secret.csv")),
        ("corpora", "made", table(&format!("{absolute}/secret.csv"))),
        ("corpora", "made", table("linked.csv")),
        ("corpora", "linked", table("secret.csv")),
    ] {
        let (space, user) = (project(folder, root, &options), Configuration::empty());
        symlink(
            space.join("secret.csv"),
            space.join("project/corpora/made/linked.csv"),
        )
        .unwrap();
        symlink(space.path(), space.join("project/corpora/linked")).unwrap();
        for command in ["run", "plan", "why", "report", "audit"] {
            let (stdout, stderr, code) = user.says(&space, &[command, MANIFEST]);
            let told = format!("{stdout}{stderr}");
            let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(code, 2, "{command} {folder} {root} {options}: {told}");
            assert!(told.contains("leads out of the project"), "{told}");
            assert!(told.contains("pipe trust "), "{told}");
            assert!(!told.contains("hunter"), "{told}");
        }
        assert!(!space.join("runs").exists());
        // The corpus itself, without a manifest.
        let mut command = user.command(&space, &["corpora", "made"]);
        let output = command.current_dir(space.join("project")).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains(" is outside of "), "{told}");
        assert!(!told.contains("hunter"), "{told}");
    }
}

/// What is only found out while the corpus is listed.
#[test]
fn links_in_a_corpus_that_lead_out_of_the_project_are_not_followed() {
    for (link, target) in [
        ("audio/0003.wav", "outside.wav"),
        ("more", ""),
        ("table.csv", "secret.csv"),
    ] {
        let reader = match link {
            "more" => "options = { pattern = \"{emotion}/*\", speaker = \"file\" }",
            _ => OWN,
        };
        let (space, user) = (project("corpora", "made", reader), Configuration::empty());
        if link == "more" {
            space.edit(
                "project/corpora.toml",
                "reader = \"table\"",
                "reader = \"folders\"",
            );
        }
        space.tone("outside.wav", 16_000, 0.3, 100.0);
        let link = space.join("project/corpora/made").join(link);
        let _ = fs::remove_file(&link);
        symlink(space.join(target), &link).unwrap();
        let (stdout, stderr, code) = user.says(&space, &["run", MANIFEST]);
        let told = format!("{stdout}{stderr}");
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_ne!(code, 0, "{told}");
        assert!(told.contains("::outside"), "{told}");
        assert!(told.contains("pipe trust "), "{told}");
        assert!(!told.contains("hunter"), "{told}");
    }
}

#[test]
fn what_the_user_says_of_corpora_goes_anywhere() {
    let (space, user) = (project("corpora", "made", OWN), Configuration::empty());
    let data = tempfile::tempdir().unwrap();
    let real = data.path().join("disk");
    fs::rename(space.join("project/corpora/made"), &real).unwrap_or_else(|_| {
        // Another file system.
        for (name, content) in space.files("project/corpora/made") {
            let path = real.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    });
    // The user's own link.
    fs::create_dir(data.path().join("corpora")).unwrap();
    symlink(&real, data.path().join("corpora/made")).unwrap();
    let given = data.path().join("corpora").display().to_string();
    let (_, stderr, code) = user.says(&space, &["run", MANIFEST, "--corpora", &given]);
    assert_eq!(code, 0, "{stderr}");

    // The user's own file, which may name any place.
    let own = space.read("project/corpora.toml");
    let own = own.replace(
        "root = \"made\"",
        &format!("root = {:?}", real.display().to_string()),
    );
    let file = data.path().join("own.toml");
    fs::write(&file, &own).unwrap();
    let given = file.display().to_string();
    let (_, stderr, code) = user.says(&space, &["run", MANIFEST, "--corpora", &given]);
    assert_eq!(code, 0, "{stderr}");

    // The same in the project: refused, unless it is allowed once, or trusted from then on.
    space.write("project/corpora.toml", &own);
    assert_eq!(user.says(&space, &["run", MANIFEST]).2, 2);
    assert_eq!(user.says(&space, &["run", MANIFEST, "--allow-paths"]).2, 0);
    assert_eq!(user.says(&space, &["run", MANIFEST]).2, 2);
    let line = format!("run {MANIFEST}");
    let (shown, code) = at_a_terminal(&user, &space, &line, "n\n");
    assert!(shown.contains("Do you trust"), "{shown}");
    assert_eq!(code, 2, "{shown}");
    let (shown, code) = at_a_terminal(&user, &space, &line, "y\n");
    assert_eq!(code, 0, "{shown}");
    assert_eq!(user.says(&space, &["run", MANIFEST]).2, 0);
    assert_eq!(user.says(&space, &["trust"]).0.lines().count(), 1);
}
