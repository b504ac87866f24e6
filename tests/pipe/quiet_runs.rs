//! How much a run tells: `--quiet`, and how often `--json` tells of progress.

use super::workspace::Workspace;

/// Standard output and error of the binary, with its exit code.
fn told(space: &Workspace, arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = space.pipe(arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

#[test]
fn a_quiet_run_tells_what_went_wrong_and_one_line_at_its_end() {
    let space = Workspace::with_corpus(3);
    let (out, error, code) = told(&space, &["run", "pipe.toml", "--quiet"]);
    assert_eq!((out.as_str(), code), ("", Some(0)), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("pipe: 4 executed in "), "{error}");
    let (_, error, _) = told(&space, &["run", "pipe.toml", "-q"]);
    assert!(error.starts_with("pipe: 4 unchanged in "), "{error}");
    // A recording that is no recording is a number in that line, and what fails is told in full.
    space.write("corpora/made/audio/0001.wav", "not audio");
    let failing = [
        "run",
        "pipe.toml",
        "--quiet",
        "--set",
        "count.run=\"echo to no avail; exit 3\"",
        "--set",
        "speech.max_bad=0.9",
        "--set",
        "audio.max_bad=0.9",
    ];
    let (out, error, code) = told(&space, &failing);
    assert_eq!((out.as_str(), code), ("", Some(1)));
    assert!(
        error.contains("count failed:") && error.contains("to no avail"),
        "{error}"
    );
    let last = error.lines().last().unwrap();
    assert!(
        last.starts_with("pipe: ") && last.contains("1 failed"),
        "{error}"
    );
    assert!(
        !error.contains("started") && !error.contains("  + "),
        "{error}"
    );
}

#[test]
fn progress_is_told_as_often_as_one_asks_for() {
    let counts = |every: &[&str]| {
        let space = Workspace::with_corpus(40);
        let run = space.run("pipe.toml", every);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let progress = run.events_of("step_progress");
        assert!(progress.iter().any(|event| event["done"] == event["total"]));
        progress.len()
    };
    // After every 16 items, and after the last.
    assert_eq!(counts(&["--progress-every", "0"]), 3);
    // The first, and the last.
    assert!(counts(&["--progress-every", "100000"]) <= 2);
    let space = Workspace::with_corpus(1);
    for wrong in ["-1", "often", "inf", "nan"] {
        let told = space.refused(&["run", "pipe.toml", &format!("--progress-every={wrong}")]);
        assert!(told.contains("expected seconds"), "{told}");
    }
}
