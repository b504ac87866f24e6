//! `pipe` from any folder: the cache and the results of a project are in its root, wherever one is.

use std::path::Path;

use super::workspace::{Run, Workspace};

/// Standard output, error and code of the binary, run in `folder`.
fn pipe_in(space: &Workspace, folder: &Path, arguments: &[&str]) -> (String, String, Option<i32>) {
    let mut command = space.command(arguments);
    let output = command.current_dir(folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

fn run_in(space: &Workspace, folder: &Path, manifest: &str) -> Run {
    let mut command = space.command(&["run", manifest, "--json"]);
    let run = Run::of(command.current_dir(folder).output().unwrap());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    run
}

#[test]
fn the_cache_and_results_are_in_the_root_of_the_project_from_every_folder() {
    let space = Workspace::with_corpus(3);
    std::fs::create_dir(space.join("pipelines")).unwrap();
    std::fs::rename(space.join("pipe.toml"), space.join("pipelines/pipe.toml")).unwrap();
    std::fs::create_dir_all(space.join("notes/deep")).unwrap();
    let first = run_in(&space, space.path(), "pipelines/pipe.toml");
    assert_eq!(first.steps().0, 4);
    let whole = space.join("pipelines/pipe.toml");
    let whole = whole.to_str().unwrap();
    let at_top = |name: &str| Path::new("/").join(name).exists();
    let before = [at_top("cache"), at_top("runs")];
    let elsewhere = tempfile::tempdir().unwrap();
    for (folder, manifest) in [
        (space.join("pipelines"), "pipe.toml"),
        (space.join("notes/deep"), "../../pipelines/pipe.toml"),
        (elsewhere.path().to_path_buf(), whole),
        ("/".into(), whole),
    ] {
        let again = run_in(&space, &folder, manifest);
        assert_eq!(again.steps(), (0, 4, 0), "from {}", folder.display());
        for step in ["speech", "audio", "fbank", "count"] {
            assert_eq!(again.key(step), first.key(step));
        }
        let (planned, ..) = pipe_in(&space, &folder, &["plan", manifest]);
        assert!(planned.contains("4 unchanged"), "{planned}");
    }
    assert_eq!([at_top("cache"), at_top("runs")], before);
    assert_eq!(elsewhere.path().read_dir().unwrap().count(), 0);
    for folder in ["pipelines", "notes", "notes/deep"] {
        assert!(!space.join(folder).join("cache").exists(), "{folder}");
        assert!(!space.join(folder).join("runs").exists(), "{folder}");
    }
    // All of it is one manifest with one name.
    for folder in [space.path(), &space.join("notes/deep")] {
        let (runs, error, code) = pipe_in(&space, folder, &["runs"]);
        assert_eq!(code, Some(0), "{error}");
        assert!(
            runs.contains("pipe:1") && !runs.contains("pipelines/"),
            "{runs}"
        );
        let (used, ..) = pipe_in(&space, folder, &["cache", "du"]);
        assert!(used.contains("items"), "{used}");
        let (shown, ..) = pipe_in(&space, folder, &["show", "pipe/count"]);
        assert!(shown.contains("kind: command"), "{shown}");
    }
    let (_, error, code) = pipe_in(&space, elsewhere.path(), &["runs"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("no cache found at cache"), "{error}");
}

#[test]
fn a_folder_called_dot_pipe_marks_a_project_and_options_decide_over_it() {
    let space = Workspace::synthetic("studies/one/study.toml", super::manifests::NEAR_AND_FAR);
    std::fs::create_dir(space.join("studies/.pipe")).unwrap();
    run_in(
        &space,
        Path::new("/"),
        space.join("studies/one/study.toml").to_str().unwrap(),
    );
    assert!(space.join("studies/cache/VERSION").is_file());
    // Its name is its path from there.
    assert!(
        space
            .join("studies/runs/one/study/speech/split.tsv")
            .is_file()
    );
    assert!(!space.join("cache").exists());
    // Options are about the current folder, as everywhere.
    let mut command = space.command(&[
        "run",
        "one/study.toml",
        "--cache",
        "mine/cache",
        "--runs",
        "mine/runs",
    ]);
    let output = command.current_dir(space.join("studies")).output().unwrap();
    assert!(output.status.success());
    assert!(
        space
            .join("studies/mine/runs/one/study/speech/split.tsv")
            .is_file()
    );
    assert!(space.join("studies/mine/cache/VERSION").is_file());
}

#[test]
fn a_manifest_that_is_on_its_own_keeps_its_results_beside_itself() {
    let corpora = super::manifests::CORPORA;
    let space = Workspace::with_manifest("alone/study.toml", super::manifests::NEAR_AND_FAR);
    space.write("alone/known/corpora.toml", corpora);
    let manifest = space.read("alone/study.toml");
    space.write(
        "alone/study.toml",
        format!("corpora = \"known/corpora.toml\"\n{manifest}"),
    );
    let whole = space.join("alone/study.toml");
    run_in(&space, Path::new("/"), whole.to_str().unwrap());
    assert!(space.join("alone/runs/study/speech/split.tsv").is_file());
    // In a folder above it that is not marked either, one is taken to be where the project is.
    run_in(&space, space.path(), "alone/study.toml");
    assert!(space.join("runs/alone/study/speech/split.tsv").is_file());
}
