//! What is known of the audio of an entry before it is read.

use std::path::Path;

use pipe_engine::artifact::Item;
use pipe_engine::stage::FileInfos;
use pipe_foundation::Digest;
use pipe_foundation::machine_fault::{MachineFault, is_machine_fault};
use pipe_speech::audio::{self, AudioError};
use pipe_speech::corpus::{self, AudioSource, Entry, FileContent, Look, synthetic};

use crate::items::UtteranceItem;

/// Looks at a file as the memory of files does, so that a file that is as remembered is looked at once.
pub fn look(path: &Path, files: &dyn FileInfos) -> Look {
    match content(path, files) {
        Ok(content) => Look::File(Some(content)),
        Err(error) => match MachineFault::of(&path.display().to_string(), &error) {
            Some(fault) => Look::Failed(fault),
            // A file that cannot be read exists.
            None => corpus::is_there(path),
        },
    }
}

/// The digest of a file and the length of its audio in seconds, 0 where that cannot be known.
///
/// # Errors
/// When the file cannot be read.
pub fn content(path: &Path, files: &dyn FileInfos) -> std::io::Result<FileContent> {
    let mut info = files.measured(path, &measure)?;
    let mut found = info.measure.unwrap_or_default();
    if remembered::is_outdated(found) {
        info = files.measured_again(path, &measure)?;
        found = info.measure.unwrap_or_default();
    }
    let (duration_s, revision) = remembered::read(found);
    Ok(FileContent {
        digest: info.digest,
        duration_s,
        revision,
    })
}

fn measure(path: &Path) -> std::io::Result<f64> {
    match audio::probe(path) {
        Ok(info) => Ok(remembered::of(&info)),
        // The splits depend on the lengths, so a file must not seem short because it could not be opened.
        Err(AudioError::Io { source, .. }) if is_machine_fault(&source) => Err(source),
        // What is wrong with the file itself is reported when its samples are read.
        Err(error) => Ok(remembered::of_unreadable(error.revision())),
    }
}

/// The length of a recording and the revision of what reads it, as the one number that is remembered of a file. The
/// first versions of the program remembered the length alone, and 0 of what they could not read.
mod remembered {
    use pipe_speech::audio::{AudioInfo, REVISION};

    /// Of a recording: its length, less than 0 where it takes a later revision.
    pub fn of(info: &AudioInfo) -> f64 {
        match (info.frames, info.revision) {
            (0, revision) => of_unreadable(revision),
            (_, 0) => info.duration_s(),
            _ => -info.duration_s(),
        }
    }

    /// Of what cannot be read.
    pub fn of_unreadable(revision: u32) -> f64 {
        match revision {
            0 => -0.0,
            _ => f64::NEG_INFINITY,
        }
    }

    /// Whether it was found by a version that could read less than this one.
    pub fn is_outdated(found: f64) -> bool {
        found == 0.0 && found.is_sign_positive()
    }

    /// Length in seconds, 0 of what cannot be read, and revision.
    pub fn read(found: f64) -> (f64, u32) {
        match found {
            f64::NEG_INFINITY => (0.0, REVISION),
            length if length < 0.0 => (-length, REVISION),
            length => (length.max(0.0), 0),
        }
    }

    #[test]
    fn what_is_remembered_reads_back() {
        let info = |frames, revision| AudioInfo {
            format: pipe_speech::audio::AudioFormat::Flac,
            rate_hz: 8_000,
            channels: 1,
            frames,
            bits: 16,
            coding: pipe_speech::audio::SampleCoding::Flac,
            revision,
        };
        for (found, expected) in [
            (of(&info(4_000, 0)), (0.5, 0)),
            (of(&info(4_000, REVISION)), (0.5, REVISION)),
            (of(&info(0, 0)), (0.0, 0)),
            (of_unreadable(0), (0.0, 0)),
            (of_unreadable(REVISION), (0.0, REVISION)),
        ] {
            assert_eq!(read(found), expected);
            assert!(!is_outdated(found));
        }
        assert!(is_outdated(0.0) && !is_outdated(1.5));
    }
}

/// The digest of all that determines the samples, and their length in seconds. What every version of the program has
/// read alike goes by the digest of its content alone.
pub fn source_facts(entry: &Entry, files: &dyn FileInfos) -> std::io::Result<(Digest, f64)> {
    match &entry.source {
        AudioSource::File {
            path,
            segment_s,
            channel,
        } => {
            let known = match entry.content {
                Some(known) => known,
                None => content(path, files)?,
            };
            let digest = samples_digest(&known);
            if segment_s.is_none() && channel.is_none() {
                return Ok((digest, known.duration_s));
            }
            let mut hasher = blake3::Hasher::new();
            hasher.update(b"part of a file\n");
            hasher.update(&digest.0);
            hasher.update(format!("{segment_s:?} {channel:?}").as_bytes());
            let duration_s = match segment_s {
                Some((start_s, end_s)) if end_s.is_finite() => end_s - start_s,
                Some((start_s, _)) => (known.duration_s - start_s).max(0.0),
                None => known.duration_s,
            };
            Ok((Digest(*hasher.finalize().as_bytes()), duration_s))
        }
        AudioSource::Synthetic(utterance) => {
            let mut text = format!("synthetic {}\n", synthetic::VERSION);
            text.push_str(&serde_json::to_string(utterance)?);
            Ok((Digest::of(text.as_bytes()), utterance.duration_s()))
        }
    }
}

/// The digest of all that determines the samples of a whole file.
fn samples_digest(content: &FileContent) -> Digest {
    match content.revision {
        0 => content.digest,
        revision => {
            let mut hasher = blake3::Hasher::new();
            hasher.update(format!("read by revision {revision}\n").as_bytes());
            hasher.update(&content.digest.0);
            Digest(*hasher.finalize().as_bytes())
        }
    }
}

/// An estimate of the bytes of an item's waveform before it is read.
pub fn waveform_bytes(item: &Item) -> u64 {
    /// Recordings of speech seldom have more.
    const USUAL_RATE_HZ: u32 = 48_000;
    /// Headers of shorter recordings need not be read once more.
    const SHORT_S: f64 = 60.0;
    let Some(recording) = &item.utterance_facts().recording else {
        return 0;
    };
    let rate_hz = match &recording.source {
        AudioSource::File { path, .. } if recording.duration_s > SHORT_S => {
            audio::probe(path).map_or(USUAL_RATE_HZ, |info| info.rate_hz)
        }
        _ => USUAL_RATE_HZ,
    };
    item.facts.waveform_bytes(rate_hz, 0)
}

#[cfg(test)]
mod tests {
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
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/speech/tests/golden/audio");
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
}
