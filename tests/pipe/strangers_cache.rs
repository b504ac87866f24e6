//! A cache that somebody else made: what it holds writes, links and reads nothing outside its place.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use pipe_foundation::Digest;

use super::workspace::Workspace;

const MANIFEST: &str = r#"
[stage.made]
kind = "command"
run = "echo made > {out}/made.txt"
outputs = ["made.txt"]

[stage.taken]
kind = "command"
inputs = { made = "made" }
run = "cp {made}/* {out}/taken.txt"
outputs = ["taken.txt"]
"#;

/// Replaces a text in all records of a folder of the cache and makes their checksums fit; gives how many it was in.
fn forge(space: &Workspace, folder: &str, from: &str, to: &str) -> usize {
    let mut forged = 0;
    for entry in fs::read_dir(space.join("cache").join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let (_, json) = text.split_once('\n').unwrap();
        if json.contains(from) {
            let json = json.trim_end().replace(from, to);
            let digest = Digest::of(json.as_bytes());
            fs::write(&path, format!("{digest}\n{json}\n")).unwrap();
            forged += 1;
        }
    }
    forged
}

#[test]
fn names_in_records_of_steps_lead_nowhere_else() {
    for name in [
        "../../../../outside.txt",
        "/tmp/outside-of-pipe.txt",
        "a/../../../../../outside.txt",
    ] {
        let space = Workspace::with_manifest("project/pipe.toml", MANIFEST);
        let project = space.join("project");
        let pipe = |arguments: &[&str]| {
            let output = space
                .command(arguments)
                .current_dir(&project)
                .output()
                .unwrap();
            (
                output.status.code(),
                String::from_utf8_lossy(&output.stdout).into_owned(),
            )
        };
        assert_eq!(pipe(&["run", "pipe.toml"]).0, Some(0));
        fs::remove_dir_all(project.join("runs")).unwrap();
        fs::rename(project.join("cache"), space.join("cache")).unwrap();
        assert_eq!(
            forge(&space, "steps", "\"made.txt\"", &format!("{name:?}")),
            1
        );
        fs::rename(space.join("cache"), project.join("cache")).unwrap();
        let before: Vec<PathBuf> = list(&space);
        let (code, found) = pipe(&["cache", "verify"]);
        assert_eq!(code, Some(1), "{found}");
        assert!(found.contains("record of step"), "{found}");
        // The record counts as damaged, so the step runs once more and the next one finds its file.
        let (code, events) = pipe(&["run", "pipe.toml", "--json"]);
        assert_eq!(code, Some(0), "{events}");
        assert!(events.contains("\"made\""), "{events}");
        assert_eq!(
            fs::read_to_string(project.join("runs/pipe/made/made.txt")).unwrap(),
            "made\n"
        );
        let outside = |path: &PathBuf| !path.starts_with(&project);
        let after: Vec<PathBuf> = list(&space);
        assert_eq!(
            before.iter().filter(|path| outside(path)).count(),
            after.iter().filter(|path| outside(path)).count(),
            "{after:?}"
        );
        assert!(!PathBuf::from("/tmp/outside-of-pipe.txt").exists());
    }
}

#[test]
fn records_of_results_for_people_remove_nothing_elsewhere() {
    let space = Workspace::with_manifest("pipe.toml", MANIFEST);
    space.run_well("pipe.toml");
    // A file of the same content, which the forged record names as one that the run had put there.
    space.write("precious.txt", "made\n");
    assert_eq!(
        forge(
            &space,
            "published",
            "\"taken/taken.txt\"",
            "\"../../precious.txt\""
        ),
        1
    );
    space.edit("pipe.toml", "[stage.taken]", "[stage.renamed]");
    space.run_well("pipe.toml");
    assert_eq!(space.read("precious.txt"), "made\n");
    space.stdout(&["cache", "prune", "--keep-runs", "1"]);
    assert_eq!(space.read("precious.txt"), "made\n");
}

/// All files below the workspace.
fn list(space: &Workspace) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(space.path()).into_iter().flatten();
    let files = entries.filter(|entry| !entry.file_type().is_dir());
    files.map(walkdir::DirEntry::into_path).collect()
}

/// A link in the place of a folder or a file of the cache, to something outside.
#[test]
fn links_in_a_cache_lead_nowhere_else() {
    for folder in [
        "steps",
        "objects/ab",
        "packs",
        "locks",
        "tmp",
        "runs/pipe",
        "unfinished",
    ] {
        let space = Workspace::with_manifest("pipe.toml", MANIFEST);
        let outside = space.join("outside");
        fs::create_dir_all(&outside).unwrap();
        let link = space.join("cache").join(folder);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&outside, &link).unwrap();
        for arguments in [
            &["run", "pipe.toml"][..],
            &["plan", "pipe.toml"],
            &["cache", "du"],
        ] {
            let output = space.pipe(arguments);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(
                output.status.code(),
                Some(3),
                "{folder} {arguments:?}: {stderr}"
            );
            assert!(stderr.contains("is a symbolic link"), "{folder}: {stderr}");
        }
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "{folder}");
    }
    for file in ["files.log", "items.log", "locks/in-use", "locks/manifests"] {
        let space = Workspace::with_manifest("pipe.toml", MANIFEST);
        space.write("outside", "kept");
        let link = space.join("cache").join(file);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(space.join("outside"), &link).unwrap();
        let output = space.pipe(&["run", "pipe.toml"]);
        // Nothing is ever added to the index of a pipeline without items.
        let code = if file == "items.log" { 0 } else { 3 };
        assert_eq!(output.status.code(), Some(code), "{file}: {output:?}");
        assert_eq!(space.read("outside"), "kept", "{file}");
    }
}

/// The cache itself may be a link, such as to another disk.
#[test]
fn a_cache_may_be_elsewhere() {
    let space = Workspace::with_manifest("pipe.toml", MANIFEST);
    fs::create_dir_all(space.join("disk")).unwrap();
    symlink("disk", space.join("cache")).unwrap();
    space.run_well("pipe.toml");
    assert_eq!(space.run_well("pipe.toml").steps(), (0, 2, 0));
    assert!(space.join("disk/VERSION").exists());
}

/// Names that no run writes: with control characters, or in the folder of another step.
#[test]
fn names_that_no_run_writes_are_damage() {
    for (folder, from, to) in [
        ("steps", "\"made.txt\"", "\"ma\\u001b[2Jde.txt\""),
        ("steps", "\"made.txt\"", "\"made\\n.txt\""),
        ("published", "\"made/made.txt\"", "\"mine/made.txt\""),
        ("published", "\"made/made.txt\"", "\"made/\\tmade.txt\""),
    ] {
        let space = Workspace::with_manifest("pipe.toml", MANIFEST);
        space.run_well("pipe.toml");
        assert!(forge(&space, folder, from, to) > 0, "{folder}: {from}");
        let told = space.stdout_of_exit(&["cache", "verify"], 1);
        assert!(told.contains("damaged: record of "), "{folder}: {told}");
        assert_eq!(space.run_well("pipe.toml").code, Some(0));
        assert!(!space.join("runs/pipe/mine").exists());
    }
    // Nor can a program write one.
    let odd = MANIFEST.replace(
        "echo made >",
        "echo made > {out}/$(printf 'a\\\\001b'); echo made >",
    );
    let space = Workspace::with_manifest("pipe.toml", odd);
    let run = space.run("pipe.toml", &[]);
    assert_eq!(run.code, Some(1), "{:?}", run.events);
    assert_eq!(run.failure()["code"], "command::odd_name");
}

/// A record may name any folder: only links into this cache are its own.
#[test]
fn links_elsewhere_that_a_forged_record_names_are_not_removed() {
    let space = Workspace::with_manifest("pipe.toml", MANIFEST);
    space.run_well("pipe.toml");
    let digest = Digest::of(b"of somebody else").hex();
    let link = space.join("victim/taken/large.txt");
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    symlink(
        space
            .join("their/cache/objects")
            .join(&digest[..2])
            .join(&digest),
        &link,
    )
    .unwrap();
    let records = space.join("cache/published");
    let record = fs::read_dir(&records)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = fs::read_to_string(&record).unwrap();
    let mut forged: serde_json::Value =
        serde_json::from_str(text.split_once('\n').unwrap().1).unwrap();
    let folder = space
        .join("victim")
        .canonicalize()
        .unwrap()
        .display()
        .to_string();
    forged["folder"] = folder.clone().into();
    forged["files"] = serde_json::json!([
        { "step": "taken", "part": "result", "name": "taken/large.txt", "digest": digest, "link": true }
    ]);
    let json = serde_json::to_string_pretty(&forged).unwrap();
    let manifest = forged["manifest"].as_str().unwrap();
    let name = Digest::of(format!("{folder}\0{manifest}").as_bytes());
    let checksum = Digest::of(json.as_bytes());
    fs::write(
        records.join(format!("{name}.json")),
        format!("{checksum}\n{json}\n"),
    )
    .unwrap();
    space.stdout(&["cache", "verify"]);
    space.stdout(&["cache", "prune", "--keep-runs", "1"]);
    assert!(link.symlink_metadata().is_ok(), "the link of somebody else");
}
