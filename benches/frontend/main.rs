//! Times the front end on one core and prints multiples of real time, medians of several rounds.
//!
//! `cargo bench --bench frontend` makes speech-like audio; `cargo bench --bench frontend -- FOLDER` takes the
//! recordings of a folder (with its sub-folders) instead. `compare.py` next to this file times other programs.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pipe_speech::audio::{self, WavEncoding, Waveform};
use pipe_speech::dsp::{Fbank, FbankOptions, Normalisation, Resampler, normalise};

const ROUNDS: usize = 9;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let scratch = tempfile::tempdir()?;
    let argument = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let files = match argument {
        Some(folder) => recordings(Path::new(&folder)),
        None => vec![],
    };
    let files = match files.is_empty() {
        true => made(scratch.path())?,
        false => files,
    };
    println!("machine: {}", machine());
    let waveforms: Vec<Waveform> = files
        .iter()
        .map(|path| audio::read(path, None, None))
        .collect::<Result<_, _>>()?;
    let seconds: f64 = waveforms.iter().map(Waveform::duration_s).sum();
    println!("audio: {} files, {seconds:.1} s", files.len());

    // The same audio at 16 kHz and at 48 kHz, as 16-bit WAV files.
    let mut speech = Vec::new();
    let mut files_48k = Vec::new();
    for (index, waveform) in waveforms.iter().enumerate() {
        let at = |rate_hz| -> Result<Waveform, Failure> {
            let samples = Resampler::new(waveform.rate_hz, rate_hz)?.process(&waveform.samples);
            Ok(Waveform { samples, rate_hz })
        };
        speech.push(at(16_000)?.samples);
        let path = scratch.path().join(format!("bench{index}-48k.wav"));
        audio::write_wav_as(&path, &at(48_000)?, WavEncoding::Pcm16)?;
        files_48k.push(path);
    }

    let fbank = Fbank::new(FbankOptions::default())?;
    let resampler = Resampler::new(48_000, 16_000)?;
    time("fbank, 16 kHz", seconds, || {
        for samples in &speech {
            black_box(fbank.compute(black_box(samples))?);
        }
        Ok(())
    })?;
    time("decode 16-bit 48 kHz", seconds, || {
        for path in &files_48k {
            black_box(audio::read(path, None, None)?);
        }
        Ok(())
    })?;
    let decoded: Vec<Waveform> = files_48k
        .iter()
        .map(|path| audio::read(path, None, None))
        .collect::<Result<_, _>>()?;
    time("resample 48 -> 16 kHz", seconds, || {
        for waveform in &decoded {
            black_box(resampler.process(&waveform.samples));
        }
        Ok(())
    })?;
    for rate_hz in [44_100, 24_414] {
        let there = Resampler::new(48_000, rate_hz)?;
        let back = Resampler::new(rate_hz, 16_000)?;
        let input: Vec<Vec<f32>> = decoded.iter().map(|w| there.process(&w.samples)).collect();
        time(&format!("resample {rate_hz} -> 16000 Hz"), seconds, || {
            for samples in &input {
                black_box(back.process(samples));
            }
            Ok(())
        })?;
    }
    time("decode + resample + fbank + normalise", seconds, || {
        for path in &files_48k {
            let waveform = audio::read(path, None, None)?;
            let mut features = fbank.compute(&resampler.process(&waveform.samples))?;
            normalise(&mut features, Normalisation::MeanVariance);
            black_box(features);
        }
        Ok(())
    })?;
    Ok(())
}

/// Prints the median, best and worst multiple of real time.
fn time(
    name: &str,
    seconds: f64,
    mut work: impl FnMut() -> Result<(), Failure>,
) -> Result<(), Failure> {
    work()?;
    let mut factors = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        work()?;
        factors.push(seconds / start.elapsed().as_secs_f64());
    }
    factors.sort_by(f64::total_cmp);
    let (least, median, most) = (factors[0], factors[ROUNDS / 2], factors[ROUNDS - 1]);
    println!("{name:<40} {median:>8.0} x real time ({least:.0} to {most:.0})");
    Ok(())
}

fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_string())
    };
    let model = field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_string());
    let vector = if cfg!(target_arch = "x86_64") && text.contains(" avx2 ") {
        ", AVX2"
    } else {
        ""
    };
    format!("{model}{vector}, one core")
}

fn recordings(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| audio::probe(path).is_ok_and(|info| info.duration_s() > 0.1))
        .collect();
    files.sort();
    files.truncate(200);
    files
}

/// Sixty utterances of 3 s: pulses at a wandering pitch through two resonances, with a little noise.
fn made(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut noise = 12_345_u32;
    for index in 0..60_u32 {
        let pitch_hz = 90.0 + 3.0 * index as f32;
        let (mut phase, mut a, mut b) = (0.0_f32, [0.0_f32; 2], [0.0_f32; 2]);
        let samples = (0..48_000)
            .map(|i| {
                phase += pitch_hz * (1.0 + 0.1 * (i as f32 / 4_000.0).sin()) / 16_000.0;
                let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
                phase -= pulse;
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let hiss = noise as f32 / u32::MAX as f32 - 0.5;
                a = [pulse + 0.01 * hiss + 1.90 * a[0] - 0.97 * a[1], a[0]];
                b = [a[0] + 1.50 * b[0] - 0.94 * b[1], b[0]];
                0.02 * b[0]
            })
            .collect();
        let path = folder.join(format!("made{index}.wav"));
        let waveform = Waveform {
            samples,
            rate_hz: 16_000,
        };
        audio::write_wav_as(&path, &waveform, WavEncoding::Pcm16)?;
        files.push(path);
    }
    Ok(files)
}
