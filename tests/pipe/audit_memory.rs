//! What audits measure is remembered by the content of recordings.

use std::fs;

use super::audit::{findings, message, with_splits};

#[test]
fn what_was_measured_is_remembered_until_the_recording_changes() {
    let space = with_splits();
    assert_eq!(findings(&space, "pipe.toml", 0), []);
    let log = space.join("cache/findings.log");
    let first = fs::metadata(&log).unwrap().len();
    assert_eq!(findings(&space, "pipe.toml", 0), []);
    assert_eq!(findings(&space, "made", 0), []);
    assert_eq!(
        fs::metadata(&log).unwrap().len(),
        first,
        "nothing was measured again"
    );
    fs::copy(
        space.join("corpora/made/audio/0001.wav"),
        space.join("corpora/made/audio/0003.wav"),
    )
    .unwrap();
    let found = findings(&space, "pipe.toml", 1);
    message(&found, "audit::shared_audio", "error");
    assert_eq!(
        fs::metadata(&log).unwrap().len(),
        first,
        "the content is known"
    );
    space.tone("corpora/made/audio/0003.wav", 16_000, 0.9, 333.0);
    assert_eq!(findings(&space, "pipe.toml", 0), []);
    let last = fs::metadata(&log).unwrap().len();
    assert!(first < last && last < first + first / 6, "{first} {last}");
    let pruned = space.stdout(&["cache", "prune", "--older-than", "0"]);
    assert!(!log.exists(), "{pruned}");
    assert_eq!(findings(&space, "pipe.toml", 0), []);
}
