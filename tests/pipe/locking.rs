//! `pipe lock` writes down what a run gave; `pipe run --locked` refuses anything else, and says what is different.

use std::fs;

use super::bundles::exported;
use super::learning::study;
use super::workspace::Workspace;

const LOCK: &str = "pipe.lock.toml";

/// A chain over recordings that has been run and locked.
fn locked() -> Workspace {
    let space = Workspace::with_corpus(12);
    space.run_well("pipe.toml");
    space.stdout(&["lock", "pipe.toml"]);
    space
}

/// What `--locked` says when it refuses to run.
fn refusal(space: &Workspace, more: &[&str]) -> String {
    let stderr = space.refused(&[&["run", "pipe.toml", "--locked"], more].concat());
    assert!(stderr.contains("lock::differs"), "{stderr}");
    assert!(stderr.contains("nothing was run"), "{stderr}");
    stderr
}

#[test]
fn the_same_again_is_as_locked_from_any_cache_and_the_file_has_the_same_bytes() {
    let space = locked();
    assert_eq!(space.run("pipe.toml", &["--locked"]).code, Some(0));
    fs::remove_dir_all(space.join("cache")).unwrap();
    let again = space.run("pipe.toml", &["--locked"]);
    assert_eq!((again.code, again.steps()), (Some(0), (4, 0, 0)));
    let before = space.read(LOCK);
    space.stdout(&["lock", "pipe.toml"]);
    assert_eq!(space.read(LOCK), before);
    let text: toml::Table = before.parse().unwrap();
    assert_eq!(text["version"].as_integer(), Some(1));
    assert_eq!(text["step"].as_array().unwrap().len(), 4);
    let data = text["data"].as_array().unwrap();
    let utterances = data
        .iter()
        .map(|part| part["utterances"].as_integer().unwrap());
    assert_eq!(utterances.sum::<i64>(), 12);
}

#[test]
fn a_parameter_a_recording_and_a_step_that_differ_are_named_and_nothing_runs() {
    let space = locked();
    let told = refusal(&space, &["--set", "fbank.bins=30"]);
    assert!(told.contains("bins: 23 -> 30"), "{told}");
    assert!(!told.contains("audio\n"), "only what changed: {told}");

    space.tone("corpora/made/audio/0003.wav", 16_000, 0.3, 999.0);
    let told = refusal(&space, &[]);
    assert!(told.contains("made/audio/0003: content "), "{told}");
    assert!(told.contains("utterances, not the same"), "{told}");
    space.tone("corpora/made/audio/0003.wav", 16_000, 0.3, 153.0);
    assert_eq!(space.run("pipe.toml", &["--locked"]).code, Some(0));

    space.table(11);
    let told = refusal(&space, &[]);
    assert!(told.contains("made/audio/0011 was removed"), "{told}");
    assert!(told.contains(" utterances -> "), "{told}");
    space.table(12);

    let text = space.read("pipe.toml");
    let more = "\n[stage.more]\nkind = \"resample\"\ninput = \"speech\"\nrate_hz = 11025\n";
    space.write("pipe.toml", format!("{text}{more}"));
    let told = refusal(&space, &[]);
    assert!(told.contains("is not in the lock file"), "{told}");
    space.write("pipe.toml", &text);
    assert_eq!(space.run("pipe.toml", &["--locked"]).code, Some(0));
}

#[test]
fn a_result_that_is_not_the_locked_one_fails_its_step_and_what_follows_does_not_run() {
    let manifest = r#"[stage.one]
kind = "command"
run = "cat number > {out}/a; true"
outputs = ["a"]
[stage.two]
kind = "command"
inputs = { one = "one" }
run = "cp {one}/a {out}/b"
outputs = ["b"]
"#;
    let space = Workspace::with_manifest("pipe.toml", manifest);
    space.write("number", "1");
    space.run_well("pipe.toml");
    space.stdout(&["lock", "pipe.toml"]);
    // The program reads a file that it does not declare.
    space.write("number", "2");
    assert_eq!(space.run("pipe.toml", &["--locked"]).steps(), (0, 2, 0));
    fs::remove_dir_all(space.join("cache")).unwrap();
    let run = space.run("pipe.toml", &["--locked"]);
    assert_eq!((run.code, run.steps()), (Some(1), (0, 0, 1)));
    assert!(
        run.error().contains("made another result"),
        "{}",
        run.error()
    );
    assert_eq!(run.failure()["code"], "lock::output");
    // What is in the cache is looked at before anything runs.
    let told = refusal(&space, &[]);
    assert!(
        told.contains("made another result of the same inputs"),
        "{told}"
    );
}

#[test]
fn numbers_that_were_written_into_a_lock_file_are_reported() {
    const STUDY: &str = "pipelines/study.toml";
    const STUDY_LOCK: &str = "pipelines/study.lock.toml";
    let space = exported();
    space.stdout(&["lock", STUDY]);
    let text = space.read(STUDY_LOCK);
    let edited = |key: &str, value: &str| {
        let start = text.find(&format!("\n{key} = ")).unwrap() + 1;
        let end = start + text[start..].find('\n').unwrap();
        format!("{}{key} = {value}{}", &text[..start], &text[end..])
    };
    space.write(STUDY_LOCK, edited("utterances", "35"));
    let told = space.refused(&["run", STUDY, "--locked"]);
    assert!(told.contains("35 utterances ->"), "{told}");
    space.write(STUDY_LOCK, edited("ua", "0.99"));
    let output = space.pipe(&["run", STUDY, "--locked"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("UA 99.00 %") && told.contains("it was edited"),
        "{told}"
    );
}

#[test]
fn what_is_no_lock_file_or_not_run_is_said() {
    let space = Workspace::with_corpus(4);
    let told = space.refused(&["lock", "pipe.toml"]);
    assert!(told.contains("4 steps are not up to date"), "{told}");
    let told = space.refused(&["run", "pipe.toml", "--locked"]);
    assert!(told.contains("lock::missing"), "{told}");
    space.run_well("pipe.toml");
    // What is no file is not replaced by one.
    std::os::unix::fs::symlink("elsewhere", space.join("link")).unwrap();
    for (target, what) in [
        ("link", "a symbolic link"),
        ("corpora", "a folder"),
        ("/dev/null", "a device"),
    ] {
        for command in [&["lock"][..], &["bundle", "export"]] {
            let told = space.pipe(&[command, &["pipe.toml", "-o", target]].concat());
            assert_eq!(told.status.code(), Some(1), "{target}: {told:?}");
            let told = String::from_utf8_lossy(&told.stderr).into_owned();
            assert!(told.contains(what), "{target}: {told}");
        }
    }
    space.stdout(&["lock", "pipe.toml"]);
    let text = space.read(LOCK);
    for (from, to, problem) in [
        ("version = 1", "version = 2", "version 2 of the format"),
        (
            "bins\" = \"23\"",
            "bins\" = \"24\"",
            "one of them was edited",
        ),
        ("[made_by]", "[made_by", "is not a lock file"),
        ("manifest = ", "manifesto = ", "unknown field"),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        space.write(LOCK, text.replacen(from, to, 1));
        let told = space.refused(&["run", "pipe.toml", "--locked"]);
        assert!(
            told.contains("lock::invalid") && told.contains(problem),
            "{told}"
        );
    }
}

#[test]
fn metrics_overrides_and_the_program_are_written_down() {
    let space = study();
    space.run_well("study.toml");
    space.stdout(&["lock", "study.toml"]);
    let lock: toml::Table = space.read("study.lock.toml").parse().unwrap();
    let steps = lock["step"].as_array().unwrap();
    let metrics = steps
        .iter()
        .filter_map(|step| step.get("metrics"))
        .next()
        .unwrap();
    let (_, corpus) = metrics.as_table().unwrap().iter().next().unwrap();
    assert!(corpus["ua"].as_float().unwrap() >= 0.0);
    assert!(corpus["utterances"].as_integer().unwrap() > 0);
    assert!(lock["made_by"]["processor"].as_str().unwrap().len() > 3);
    assert_eq!(lock["made_by"]["device"].as_str(), Some("cpu"));
}

#[test]
fn a_copied_file_is_traced_to_its_step_its_run_and_its_recordings() {
    let space = study();
    space.run_well("study.toml");
    let model = "runs/study/train/method=GR/model.safetensors";
    fs::copy(space.join(model), space.join("copy.bin")).unwrap();
    let told = space.stdout(&["whence", "copy.bin"]);
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].starts_with("model.safetensors of `train[method=GR]` of study:1, "),
        "{told}"
    );
    assert!(lines[1].contains("computed by pipe "), "{told}");
    for step in ["fbank", "audio", "speech"] {
        assert!(told.contains(&format!("  from `{step}`: ")), "{told}");
    }
    let used = "(far train 24, far validation 12, near train 48, near validation 12)";
    assert!(told.contains(used), "{told}");

    let told = space.stdout(&["whence", "copy.bin", "--json"]);
    let line: serde_json::Value = serde_json::from_str(&told).unwrap();
    let chain = line["chain"].as_array().unwrap();
    let speech = chain.iter().find(|step| step["step"] == "speech").unwrap();
    let recordings = speech["recordings"].as_object().unwrap();
    assert!(
        recordings.keys().any(|id| id.starts_with("near/")),
        "{recordings:?}"
    );
    assert_eq!(line["made_by"]["inputs"]["kind"], "train");

    space.write("copy.bin", "something else");
    let told = space.stdout_of_exit(&["whence", "copy.bin"], 1);
    assert!(told.starts_with("no step in cache made"), "{told}");
}

#[test]
fn results_in_a_lock_file_stay_whatever_is_collected() {
    let space = locked();
    // Two later runs with other results.
    for bins in ["24", "25"] {
        space.stdout(&["run", "pipe.toml", "--set", &format!("fbank.bins={bins}")]);
    }
    let collect = ["cache", "prune", "--keep-runs", "1"];
    space.stdout(&collect);
    let again = space.run("pipe.toml", &["--locked"]);
    assert_eq!(
        (again.code, again.steps(), again.items().0),
        (Some(0), (0, 4, 0), 0)
    );

    space.write(LOCK, "no lock file");
    assert_eq!(
        space.pipe(&collect).status.code(),
        Some(2),
        "nothing is removed"
    );
    fs::remove_file(space.join(LOCK)).unwrap();
    space.stdout(&["run", "pipe.toml", "--set", "fbank.bins=26"]);
    space.stdout(&collect);
    assert!(space.run_well("pipe.toml").items().0 > 0);
}

/// The files that a page holds, by name.
fn files_of(page: &str) -> Vec<(String, String)> {
    let plain = |text: &str| {
        [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&#39;", "'"),
            ("&amp;", "&"),
        ]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let parts = page.split("data-file=\"").skip(1);
    parts
        .map(|part| {
            let (name, rest) = part.split_once("\">\n").unwrap();
            let (text, _) = rest.split_once("</pre>").unwrap();
            (plain(name), plain(text))
        })
        .collect()
}

#[test]
fn what_a_page_holds_runs_again_and_gives_its_results() {
    let space = study();
    let arguments = ["run", "study.toml", "--set", "train.epochs=2"];
    space.stdout(&arguments);
    let page = space.read("runs/study/train.epochs=2/report/report.html");
    let files = files_of(&page);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["corpora.toml", "study.lock.toml", "study.toml"]);
    assert!(page.contains("<code>pipe run study.toml --set train.epochs=2 --locked</code>"));

    let other = Workspace::new();
    for (name, text) in &files {
        other.write(name, text);
    }
    assert_eq!(
        other
            .run("study.toml", &["--set", "train.epochs=2", "--locked"])
            .code,
        Some(0)
    );
    let told = other.refused(&["run", "study.toml", "--locked"]);
    assert!(told.contains("epochs: 2 -> 3"), "{told}");
}

/// Wherever it was written to.
#[test]
fn results_in_a_lock_file_elsewhere_stay_as_long_as_it_is_there() {
    let space = locked();
    space.stdout(&["lock", "pipe.toml", "-o", "papers/first.lock.toml"]);
    fs::remove_file(space.join(LOCK)).unwrap();
    let collect = ["cache", "gc", "--max-age", "0"];
    for bins in ["24", "25"] {
        space.stdout(&["run", "pipe.toml", "--set", &format!("fbank.bins={bins}")]);
    }
    space.stdout(&collect);
    assert_eq!(space.run_well("pipe.toml").items().0, 0);
    fs::remove_file(space.join("papers/first.lock.toml")).unwrap();
    space.stdout(&["run", "pipe.toml", "--set", "fbank.bins=26"]);
    space.stdout(&["cache", "prune", "--keep-runs", "1"]);
    assert!(space.run_well("pipe.toml").items().0 > 0);
}

#[test]
fn the_lock_file_of_another_manifest_is_refused() {
    let space = locked();
    space.write("other.toml", space.read("pipe.toml"));
    fs::copy(space.join(LOCK), space.join("other.lock.toml")).unwrap();
    let told = space.refused(&["run", "other.toml", "--locked"]);
    assert!(
        told.contains("other.lock.toml is the lock file of pipe, not of other"),
        "{told}"
    );
    // From another folder, the same manifest has another name.
    let folder = space.join("deep");
    fs::create_dir(&folder).unwrap();
    for name in ["pipe.toml", LOCK, "corpora.toml", "corpora", "cache"] {
        fs::rename(space.join(name), folder.join(name)).unwrap();
    }
    let more = ["--locked", "--cache", "deep/cache"];
    let run = space.run("deep/pipe.toml", &more);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn a_lock_or_bundle_takes_no_other_files_place() {
    let space = Workspace::with_manifest(
        "p.toml",
        "[stage.a]\nkind = \"command\"\nrun = \"echo 1 > {out}/a\"\noutputs = [\"a\"]\n",
    );
    space.run_well("p.toml");
    let before = space.read("p.toml");
    for arguments in [
        &["lock", "p.toml", "-o", "p.toml"][..],
        &["bundle", "export", "p.toml", "-o", "p.toml"],
    ] {
        let told = space.warned(arguments);
        assert!(told.contains("it is another file than"), "{told}");
        assert_eq!(space.read("p.toml"), before);
    }
    for _ in 0..2 {
        space.stdout(&["lock", "p.toml", "-o", "other.lock.toml"]);
        space.stdout(&["bundle", "export", "p.toml", "-o", "b.tar.zst"]);
    }
}
