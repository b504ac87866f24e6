//! Predicts recordings in parts of bounded size, in their order.

use std::path::PathBuf;

use miette::Diagnostic;
use pipe_foundation::{Features, FeaturesView};
use pipe_nn::model::{Model, ModelError, Predictor};
use pipe_report::eval::most_likely;
use pipe_speech::audio::{self, AudioError, Waveform};
use pipe_speech::corpus::Emotion;
use pipe_speech::dsp::{FbankError, ResampleError};
use thiserror::Error;

use crate::emotion_classes::probabilities;

use super::{FrontEnd, Input, Windows};

/// Recordings that are read together, at most.
const FILES_AT_ONCE: usize = 64;
/// Bytes of files that are read together, at most; a larger file is read alone.
const BYTES_AT_ONCE: u64 = 32 << 20;
/// Windows whose features are held together, at most.
const WINDOWS_AT_ONCE: usize = 256;
/// Seconds of audio in windows that are held together, at most; a longer window is computed alone.
const SECONDS_AT_ONCE: f64 = 120.0;

/// How recordings are predicted.
#[derive(Clone, Copy, Debug)]
pub struct PredictOptions {
    /// Windows to cut recordings into; each recording as a whole without them.
    pub windows: Option<Windows>,
    /// Threads; the result does not depend on them.
    pub threads: usize,
}

/// The prediction of a recording, or of one window of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The recording.
    pub path: PathBuf,
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds.
    pub end_s: f64,
    /// The class with the highest probability.
    pub predicted: Emotion,
    /// Probability of each class in the order of [`Emotion::ALL`].
    pub probabilities: [f32; 3],
    /// Every sample has the same value: there is nothing to hear.
    pub silent: bool,
}

/// Why a recording has no prediction.
#[derive(Debug, Error, Diagnostic)]
pub enum FailureReason {
    /// It cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Audio(#[from] AudioError),
    /// Its rate cannot be converted.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Rate(#[from] ResampleError),
    /// It is too short for one frame of features.
    #[error("it lasts {lasts_ms:.1} ms, too short for one frame of {needed_ms:.1} ms")]
    #[diagnostic(
        code(predict::too_short),
        help("so short a recording carries no emotion: leave it out")
    )]
    TooShort {
        /// Length in milliseconds.
        lasts_ms: f64,
        /// Length of the shortest recording in milliseconds.
        needed_ms: f64,
    },
    /// It has no features.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Features(FbankError),
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    #[diagnostic(code(predict::standard_input))]
    Stdin(#[source] std::io::Error),
    /// The model gives numbers that are not probabilities.
    #[error("the model gives no probabilities")]
    #[diagnostic(
        code(predict::not_finite),
        help("the model has diverged; check its history.jsonl")
    )]
    NotFinite,
}

/// A recording without prediction.
#[derive(Debug)]
pub struct Failure {
    /// The recording.
    pub path: PathBuf,
    /// Why.
    pub reason: FailureReason,
}

/// What came of a recording or window.
#[derive(Debug)]
pub enum Outcome {
    /// It was predicted.
    Predicted(Row),
    /// It could not be.
    Failed(Failure),
}

/// Predicts every recording and hands the outcomes to `each` in the order of `inputs`; `each` returns false to stop.
///
/// A window is handled like a recording of its own: cut at the model's rate, features normalised within it. What is
/// held at once is bounded by the longest recording and the longest window, never by the number of either.
///
/// # Errors
/// Only what concerns the model itself; a bad recording is an outcome.
pub fn predict(
    model: &Model,
    front_end: &FrontEnd,
    inputs: &[Input],
    options: PredictOptions,
    each: &mut dyn FnMut(Outcome) -> bool,
) -> Result<(), ModelError> {
    let mut predictor = Predictor::new(model.network(), options.threads)?;
    let mut rest = inputs;
    while !rest.is_empty() {
        let (part, later) = rest.split_at(together(rest));
        rest = later;
        let mut recordings: Vec<Recording> = part.iter().map(Recording::new).collect();
        predictor
            .workers()
            .for_each(&mut recordings, |_, recording| recording.load(front_end));
        if !predict_part(front_end, recordings, options, &mut predictor, each)? {
            break;
        }
    }
    Ok(())
}

/// How many of `inputs` are read together.
fn together(inputs: &[Input]) -> usize {
    let mut bytes = 0_u64;
    let fitting = inputs.iter().take(FILES_AT_ONCE).take_while(|input| {
        bytes = bytes.saturating_add(match input {
            Input::File(path) => std::fs::metadata(path).map_or(0, |facts| facts.len()),
            Input::Stdin => BYTES_AT_ONCE,
        });
        bytes <= BYTES_AT_ONCE
    });
    fitting.count().max(1)
}

/// A recording at the model's rate.
struct Recording {
    input: Input,
    wave: Result<Waveform, FailureReason>,
}

/// One window of one recording, and its features.
struct Piece {
    recording: usize,
    samples: std::ops::Range<usize>,
    features: Option<Result<Features, FailureReason>>,
}

impl Recording {
    fn new(input: &Input) -> Self {
        let wave = Waveform {
            samples: Vec::new(),
            rate_hz: 1,
        };
        Self {
            input: input.clone(),
            wave: Ok(wave),
        }
    }

    fn load(&mut self, front_end: &FrontEnd) {
        self.wave = self.read().and_then(|wave| Ok(front_end.resample(wave)?));
    }

    fn read(&self) -> Result<Waveform, FailureReason> {
        match &self.input {
            Input::File(path) => Ok(audio::read(path, None, None)?),
            Input::Stdin => {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)
                    .map_err(FailureReason::Stdin)?;
                let name = std::path::Path::new("standard input");
                Ok(audio::read_from_bytes(name, &bytes, None, None)?)
            }
        }
    }

    fn samples(&self) -> &[f32] {
        self.wave.as_ref().map_or(&[], |wave| &wave.samples)
    }
}

/// Predicts recordings that are in memory; false when `each` wants no more.
fn predict_part(
    front_end: &FrontEnd,
    mut recordings: Vec<Recording>,
    options: PredictOptions,
    predictor: &mut Predictor<'_>,
    each: &mut dyn FnMut(Outcome) -> bool,
) -> Result<bool, ModelError> {
    let most = (SECONDS_AT_ONCE * f64::from(front_end.rate_hz())) as usize;
    // Recording and window that come next.
    let (mut at, mut window) = (0, 0);
    while at < recordings.len() {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut held = 0_usize;
        while at < recordings.len() && pieces.len() < WINDOWS_AT_ONCE {
            let len = recordings[at].samples().len();
            let (count, samples) = match options.windows {
                _ if len == 0 => (1, 0..0),
                None => (1, 0..len),
                Some(windows) => (windows.count(len), windows.range(len, window)),
            };
            held = held.saturating_add(samples.len());
            if held > most && !pieces.is_empty() {
                break;
            }
            pieces.push(Piece {
                recording: at,
                samples,
                features: None,
            });
            window += 1;
            if window >= count {
                (at, window) = (at + 1, 0);
            }
        }
        let read_only = &recordings;
        predictor.workers().for_each(&mut pieces, |_, piece| {
            if let Ok(wave) = &read_only[piece.recording].wave {
                let samples = &wave.samples[piece.samples.clone()];
                let made = front_end.features(samples);
                piece.features = Some(made.map_err(|error| without_features(error, wave.rate_hz)));
            }
        });
        let views: Vec<FeaturesView<'_>> = pieces
            .iter()
            .filter_map(|piece| Some(piece.features.as_ref()?.as_ref().ok()?.view()))
            .collect();
        let rows = predictor.predict(&views)?;
        let mut rows = rows.iter().map(|row| probabilities(row));
        for piece in pieces {
            let outcome = outcome(piece, &mut recordings, &mut rows);
            if !each(outcome) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn without_features(error: FbankError, rate_hz: u32) -> FailureReason {
    let ms = |samples: usize| 1000.0 * samples as f64 / f64::from(rate_hz);
    match error {
        FbankError::TooShort { samples, needed } => FailureReason::TooShort {
            lasts_ms: ms(samples),
            needed_ms: ms(needed),
        },
        other => FailureReason::Features(other),
    }
}

/// The outcome of one piece; `probabilities` are those of the pieces with features, in order.
fn outcome(
    piece: Piece,
    recordings: &mut [Recording],
    probabilities: &mut impl Iterator<Item = [f32; 3]>,
) -> Outcome {
    let recording = &mut recordings[piece.recording];
    let path = recording.input.name();
    let failed = |path, reason| Outcome::Failed(Failure { path, reason });
    match piece.features {
        Some(Ok(_)) => {}
        Some(Err(reason)) => return failed(path, reason),
        None => {
            let wave = std::mem::replace(&mut recording.wave, Err(FailureReason::NotFinite));
            return failed(path, wave.err().unwrap_or(FailureReason::NotFinite));
        }
    }
    let (Some(probabilities), Ok(wave)) = (probabilities.next(), &recording.wave) else {
        return failed(path, FailureReason::NotFinite);
    };
    let Some(class) = most_likely(&probabilities) else {
        return failed(path, FailureReason::NotFinite);
    };
    let seconds = |samples: usize| samples as f64 / f64::from(wave.rate_hz);
    let heard = &wave.samples[piece.samples.clone()];
    Outcome::Predicted(Row {
        path,
        start_s: seconds(piece.samples.start),
        end_s: seconds(piece.samples.end),
        predicted: Emotion::ALL[class],
        probabilities,
        silent: heard.iter().all(|sample| Some(sample) == heard.first()),
    })
}
