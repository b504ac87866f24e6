//! Fingerprints of real recordings: no two different ones are alike, and each is like its changed copies.

use std::path::PathBuf;

use pipe_foundation::test_support::corpora_folder;
use rayon::prelude::*;
use walkdir::WalkDir;

use crate::audio::{self, Waveform};
use crate::dsp::Resampler;

use super::{Fingerprint, Fingerprinter};

struct Printed {
    path: PathBuf,
    duration_s: f64,
    print: Fingerprint,
}

/// At 8 kHz and 16 bits, with 0.3 of the amplitude and the other polarity.
fn telephone_copy(wave: &Waveform) -> Waveform {
    let low = Resampler::new(wave.rate_hz, 8_000).unwrap();
    let samples = low.process(&wave.samples).into_iter();
    Waveform {
        samples: samples
            .map(|sample| (sample * -0.3 * 32_767.0).round() / 32_767.0)
            .collect(),
        rate_hz: 8_000,
    }
}

#[test]
fn real_recordings_are_like_their_copies_and_nothing_else() {
    let Some(folder) = corpora_folder() else {
        return;
    };
    let files = WalkDir::new(folder).sort_by_file_name().into_iter();
    let files: Vec<PathBuf> = files
        .flatten()
        .map(|entry| entry.into_path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "wav"))
        .collect();
    let prints = Fingerprinter::default();
    let printed: Vec<Printed> = files
        .into_par_iter()
        .filter_map(|path| {
            let mut wave = audio::read(&path, None, None).ok()?;
            // As the audit, which reads no more for a fingerprint.
            wave.samples.truncate(8 * wave.rate_hz as usize);
            let print = prints.of(&wave).unwrap()?;
            let copy = prints.of(&telephone_copy(&wave)).unwrap().unwrap();
            let correlation = print.correlation_with(&copy);
            assert!(
                print.is_copy_of(&copy) && copy.is_copy_of(&print),
                "{} is not like its copy: {correlation}",
                path.display()
            );
            Some(Printed {
                path,
                duration_s: wave.duration_s(),
                print,
            })
        })
        .collect();
    assert!(printed.len() > 100, "{} recordings", printed.len());
    let (closest, which) = printed
        .par_iter()
        .enumerate()
        .flat_map_iter(|(at, one)| {
            let others = printed[at + 1..].iter();
            let near = others.filter(|other| (other.duration_s - one.duration_s).abs() < 0.1);
            near.map(move |other| (one.print.correlation_with(&other.print), (one, other)))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap();
    // Copies correlate by 0.9.
    assert!(
        closest < 0.7,
        "{} and {} correlate by {closest}",
        which.0.path.display(),
        which.1.path.display()
    );
}
