//! What an audit reads of listed recordings besides their facts and the content of their files.

use std::collections::HashMap;
use std::path::Path;

use pipe_speech::corpus::AudioSource;
use pipe_speech::corpus::audit::COMPARED_COLUMNS;

use crate::audit::ListedRecording;

/// Adds which recordings are in one file, whichever file it is, and the columns that are compared between splits.
pub fn add_recordings(recordings: &[ListedRecording], hasher: &mut blake3::Hasher) {
    let mut numbers: HashMap<&Path, u64> = HashMap::new();
    for recording in recordings {
        if let AudioSource::File { path, .. } = &recording.source {
            let next = numbers.len() as u64;
            let number = numbers.entry(path).or_insert(next);
            hasher.update(&number.to_le_bytes());
        }
        for column in COMPARED_COLUMNS {
            let value = recording.utterance.column(column);
            hasher.update(value.unwrap_or_default().as_bytes());
            hasher.update(b"\0");
        }
    }
}
