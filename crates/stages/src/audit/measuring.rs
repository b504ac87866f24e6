//! Reads every recording once, on all cores.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pipe_engine::stage::ContentFindings;
use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;
use pipe_speech::corpus::AudioSource;
use pipe_speech::corpus::audit::{Fingerprinter, Measures, ReadingBlame, Unreadable, measure};
use rayon::prelude::*;

use super::source::{AuditSource, ListedRecording};

type Measured = Arc<Result<Measures, Unreadable>>;

/// What was measured of every recording.
pub struct MeasuredRecordings(HashMap<Place, Measured>);

/// A recording of a file, by its file, its segment as bits, and its channel; or the id of one that is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    File(PathBuf, Option<(u64, u64)>, Option<u16>),
    Made(Digest),
}

impl Place {
    fn of(recording: &ListedRecording) -> Self {
        match &recording.source {
            AudioSource::File {
                path,
                segment_s,
                channel,
            } => Self::File(
                path.clone(),
                segment_s.map(|(start_s, end_s)| (start_s.to_bits(), end_s.to_bits())),
                *channel,
            ),
            AudioSource::Synthetic(_) => Self::Made(recording.digest),
        }
    }
}

impl MeasuredRecordings {
    /// Why a recording could not be read that may be read another time; the first by its place.
    pub fn transient_failure(&self) -> Option<&Unreadable> {
        let failed = self.0.iter().filter_map(|(place, measured)| {
            let failure = measured.as_ref().as_ref().err()?;
            Some((place, failure))
        });
        let transient = failed.filter(|(_, failure)| failure.blame == ReadingBlame::System);
        let first = transient.min_by_key(|(place, _)| *place);
        first.map(|(_, failure)| failure)
    }

    /// What was measured of one.
    pub fn of(&self, recording: &ListedRecording) -> Measured {
        let found = self.0.get(&Place::of(recording)).cloned();
        found.unwrap_or_else(|| {
            Arc::new(Err(Unreadable {
                blame: ReadingBlame::File,
                reason: "it was not read".into(),
            }))
        })
    }
}

/// Reads the recordings of all sources, each once, whichever sources list it; what was measured of the same content before
/// is among `findings`.
pub fn measure_all(
    sources: &[AuditSource],
    findings: &dyn ContentFindings,
    progress: &dyn Progress,
) -> MeasuredRecordings {
    let all = sources.iter().flat_map(|source| &source.recordings);
    let each: BTreeMap<Place, &ListedRecording> = all
        .map(|recording| (Place::of(recording), recording))
        .collect();
    let each: Vec<(Place, &ListedRecording)> = each.into_iter().collect();
    let fingerprinter = Fingerprinter::default();
    let done = AtomicU64::new(0);
    let total = each.len() as u64;
    let measured = each.into_par_iter().map(|(place, recording)| {
        let measured = match recalled(recording, findings) {
            Some(known) => Ok(known),
            None => measured(recording, &fingerprinter, findings, progress),
        };
        progress.advance(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        (place, Arc::new(measured))
    });
    let measured = MeasuredRecordings(measured.collect());
    findings.save();
    measured
}

/// What was measured of a recording before.
fn recalled(recording: &ListedRecording, findings: &dyn ContentFindings) -> Option<Measures> {
    Measures::from_bytes(&findings.recall(&key_of(recording))?)
}

/// Measures a recording, and keeps what is found.
fn measured(
    recording: &ListedRecording,
    fingerprinter: &Fingerprinter,
    findings: &dyn ContentFindings,
    progress: &dyn Progress,
) -> Result<Measures, Unreadable> {
    let measured = measure(&recording.source, fingerprinter, progress)?;
    let file = match &recording.source {
        AudioSource::File { path, .. } => Some(path.as_path()),
        AudioSource::Synthetic(_) => None,
    };
    findings.keep(key_of(recording), file, &measured.to_bytes());
    Ok(measured)
}

/// The name under which measures of a recording are remembered.
fn key_of(recording: &ListedRecording) -> Digest {
    let digest = recording.digest.0;
    Digest::of(&[&Measures::QUESTION[..], &digest[..]].concat())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use pipe_foundation::progress::Silent;
    use pipe_speech::corpus::{Split, Utterance};

    use super::*;

    /// A memory of one process that counts what it was given.
    #[derive(Default)]
    struct Memory(Mutex<HashMap<Digest, Vec<u8>>>);

    impl ContentFindings for Memory {
        fn recall(&self, key: &Digest) -> Option<Vec<u8>> {
            self.0.lock().unwrap().get(key).cloned()
        }

        fn keep(&self, key: Digest, _: Option<&std::path::Path>, found: &[u8]) {
            let before = self.0.lock().unwrap().insert(key, found.to_vec());
            assert!(before.is_none(), "measured twice");
        }

        fn save(&self) {}
    }

    #[test]
    fn a_recording_is_measured_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(&path, spec).unwrap();
        (0..4_000).for_each(|n| file.write_sample((n % 50 * 100) as i16).unwrap());
        file.finalize().unwrap();
        let recording = ListedRecording {
            utterance: Utterance {
                id: "c/a".into(),
                corpus: "c".into(),
                speaker: "c/s".into(),
                gender: None,
                language: "en".into(),
                label: "".into(),
                class: None,
                votes: None,
                columns: None,
                split: Split::Train,
            },
            source: AudioSource::File {
                path: path.clone(),
                segment_s: None,
                channel: None,
            },
            digest: Digest::of(b"content"),
        };
        let sources = [AuditSource {
            recordings: vec![recording],
            ..AuditSource::unlisted("s")
        }];
        let memory = Memory::default();
        let measures = || {
            let measured = measure_all(&sources, &memory, &Silent);
            measured.of(&sources[0].recordings[0]).as_ref().clone()
        };
        let first = measures().unwrap();
        // What is known is not read again.
        std::fs::remove_file(&path).unwrap();
        assert_eq!(measures(), Ok(first));
    }
}
