//! Files of which an earlier version has remembered something.

use pipe_engine::cache::{FileInfo, Measure};
use pipe_engine::stage::FileInfos;
use pipe_speech::audio::REVISION;
use std::cell::Cell;

use super::*;

/// The memory of an earlier version, which found `then` of every file.
struct Remembers {
    then: f64,
    looks: std::sync::Mutex<Cell<u32>>,
}

impl FileInfos for Remembers {
    fn digest(&self, _: &Path) -> std::io::Result<Digest> {
        Ok(Digest::of(b"content"))
    }

    fn measured(&self, path: &Path, _: Measure<'_>) -> std::io::Result<FileInfo> {
        Ok(FileInfo {
            digest: self.digest(path)?,
            measure: Some(self.then),
        })
    }

    fn measured_again(&self, path: &Path, measure: Measure<'_>) -> std::io::Result<FileInfo> {
        if let Ok(looks) = self.looks.lock() {
            looks.set(looks.get() + 1);
        }
        Ok(FileInfo {
            digest: self.digest(path)?,
            measure: Some(measure(path)?),
        })
    }
}

fn facts(file: &str, then: f64) -> (FileContent, u32) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../speech/tests/golden/audio");
    let files = Remembers {
        then,
        looks: Default::default(),
    };
    let found = content(&folder.join(file), &files).expect("a file");
    let looks = files.looks.into_inner().expect("not poisoned").get();
    (found, looks)
}

#[test]
fn what_an_earlier_version_could_not_read_is_looked_at_again_and_has_another_key() {
    let (found, looks) = facts("mono16.flac", 0.0);
    assert_eq!(
        (found.duration_s, found.revision, looks),
        (0.3, REVISION, 1)
    );
    let (found, looks) = facts("refused.opus", 0.0);
    assert_eq!(
        (found.duration_s, found.revision, looks),
        (0.0, REVISION, 1)
    );
    // What was read is believed, and keeps its key.
    let (found, looks) = facts("mono16.flac", 1.5);
    assert_eq!((found.duration_s, found.revision, looks), (1.5, 0, 0));
    // So is what this version has found.
    let (found, looks) = facts("mono16.flac", -1.5);
    assert_eq!(
        (found.duration_s, found.revision, looks),
        (1.5, REVISION, 0)
    );
}

#[test]
fn only_what_takes_a_later_revision_has_a_key_of_its_own() {
    let content = |revision| FileContent {
        digest: Digest::of(b"content"),
        duration_s: 1.0,
        revision,
    };
    assert_eq!(samples_digest(&content(0)), Digest::of(b"content"));
    assert_ne!(samples_digest(&content(REVISION)), Digest::of(b"content"));
}
