//! What an audit reads of listed recordings besides their facts and the content of their files.

use std::collections::HashMap;
use std::path::Path;

use pipe_speech::corpus::AudioSource;

use crate::audit::AuditSource;

/// Adds which recordings are in one file, whichever file it is, the columns that are compared between splits or with the
/// classes, and what is put up with.
pub fn add_source(source: &AuditSource, hasher: &mut blake3::Hasher) {
    let mut add = |text: &str| {
        hasher.update(text.as_bytes());
        hasher.update(b"\0");
    };
    for (kind, whose) in &source.allowed {
        add(kind);
        add(whose);
    }
    let columns: Vec<&String> = source.columns.union(&source.groups).collect();
    for column in &columns {
        add(column);
    }
    let mut numbers: HashMap<&Path, u64> = HashMap::new();
    for recording in &source.recordings {
        if let AudioSource::File { path, .. } = &recording.source {
            let next = numbers.len() as u64;
            let number = numbers.entry(path).or_insert(next);
            hasher.update(&number.to_le_bytes());
        }
        for column in &columns {
            let value = recording.utterance.column(column);
            hasher.update(value.unwrap_or_default().as_bytes());
            hasher.update(b"\0");
        }
    }
}
