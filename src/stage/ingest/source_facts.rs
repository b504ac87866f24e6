//! What is known of the audio of an entry before it is read.

use std::path::Path;

use pipe_foundation::Digest;
use pipe_foundation::machine_fault::MachineFault;
use pipe_speech::corpus::{self, AudioSource, Entry, FileContent, Look, synthetic};

use crate::cache::FileInfo;
use crate::stage::FileInfos;

/// Looks at a file as the memory of files does, so that a file that is as remembered is looked at once.
pub fn look(path: &Path, facts: &dyn FileInfos) -> Look {
    match facts.info(path) {
        Ok(FileInfo { digest, duration_s }) => Look::File(Some(FileContent { digest, duration_s })),
        Err(error) => match MachineFault::of(&path.display().to_string(), &error) {
            Some(fault) => Look::Failed(fault),
            // A file that cannot be read is there.
            None => corpus::is_there(path),
        },
    }
}

/// The digest of all that determines the samples, and their length in seconds.
pub fn source_facts(entry: &Entry, facts: &dyn FileInfos) -> std::io::Result<(Digest, f64)> {
    match &entry.source {
        AudioSource::File {
            path,
            segment_s,
            channel,
        } => {
            let known = match entry.content {
                Some(known) => known,
                None => {
                    let FileInfo { digest, duration_s } = facts.info(path)?;
                    FileContent { digest, duration_s }
                }
            };
            if segment_s.is_none() && channel.is_none() {
                return Ok((known.digest, known.duration_s));
            }
            let mut hasher = blake3::Hasher::new();
            hasher.update(b"part of a file\n");
            hasher.update(&known.digest.0);
            hasher.update(format!("{segment_s:?} {channel:?}").as_bytes());
            let duration_s = segment_s.map_or(known.duration_s, |(start, end)| end - start);
            Ok((Digest(*hasher.finalize().as_bytes()), duration_s))
        }
        AudioSource::Synthetic(utterance) => {
            let mut text = format!("synthetic {}\n", synthetic::VERSION);
            text.push_str(&serde_json::to_string(utterance)?);
            Ok((Digest::of(text.as_bytes()), utterance.duration_s()))
        }
    }
}
