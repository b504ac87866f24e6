//! Reads every recording once, on all cores.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
    Made(pipe_foundation::Digest),
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

/// Reads the recordings of all sources, each once, whichever sources list it.
pub fn measure_all(sources: &[AuditSource], progress: &dyn Progress) -> MeasuredRecordings {
    let all = sources.iter().flat_map(|source| &source.recordings);
    let each: BTreeMap<Place, &AudioSource> = all
        .map(|recording| (Place::of(recording), &recording.source))
        .collect();
    let each: Vec<(Place, &AudioSource)> = each.into_iter().collect();
    let fingerprinter = Fingerprinter::default();
    let done = AtomicU64::new(0);
    let total = each.len() as u64;
    let measured = each.into_par_iter().map(|(place, source)| {
        let measured = measure(source, &fingerprinter, progress);
        progress.advance(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        (place, Arc::new(measured))
    });
    MeasuredRecordings(measured.collect())
}
