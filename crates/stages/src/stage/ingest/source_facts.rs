//! What is known of the audio of an entry before it is read.

use std::path::Path;

use pipe_engine::artifact::Item;
use pipe_engine::stage::FileInfos;
use pipe_foundation::Digest;
use pipe_foundation::machine_fault::{MachineFault, is_machine_fault};
use pipe_speech::audio::{self, AudioError};
use pipe_speech::corpus::{self, AudioSource, Entry, FileContent, Look, synthetic};

use crate::items::UtteranceItem;

use super::remembered;

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
mod tests;
