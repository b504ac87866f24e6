//! What is known of the audio of an entry before it is read.

use crate::corpus::{AudioSource, synthetic};
use crate::digest::Digest;
use crate::stage::Facts;

/// The digest of all that determines the samples, and their length in seconds.
pub fn source_facts(source: &AudioSource, facts: &dyn Facts) -> std::io::Result<(Digest, f64)> {
    match source {
        AudioSource::File {
            path,
            segment_s,
            channel,
        } => {
            let known = facts.facts(path)?;
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
