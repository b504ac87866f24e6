//! Optimiser steps per second of the paper's network on the first CUDA device, one model alone and many in lockstep.
//!
//! `cargo bench --features cuda --bench device -- [--steps 30] [--models 46] [--batch 32] [--frames 600]`; each in fp32
//! and TF32. `--frames` is the longest utterance; the shortest has a sixth of it. Then, per kernel, its time compared
//! with what the card's measured ceilings allow; `--ceiling-megabytes 1024` and `--ceiling-side 8192` are the sizes
//! they are measured with. See `benches/gpu.sh`.

use std::any::Any;
use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use pipe_foundation::FeaturesView;
use pipe_nn::layers::conv::shape::ConvShape;
use pipe_nn::layers::lstm::shape::LstmShape;
use pipe_nn::model::cuda::{
    Card, Ceilings, Corpus, CudaError, Group, GroupBatch, Masked, ModelStep, Timed, device_name,
};
use pipe_nn::model::spec::{Attribute, HeadMode, HeadSpec, Reversal, default_encoder};
use pipe_nn::model::{
    DeviceError, EncoderShape, Initialisation, Network, Optimiser, Targets, TaskSpec,
    TrainingState, Update,
};

const BINS: usize = 40;
const EMOTIONS: usize = 3;
const WARM_UP: usize = 5;
/// Steps whose kernels are timed one by one.
const TIMED: usize = 3;
/// Bytes that one thread of a kernel reads and writes in the paper's network; what neighbours share counts once.
const BYTES: [(&str, f64); 9] = [
    ("conv_pool", 13.0),
    ("conv_pool_back", 6.5),
    ("conv_turn", 64.0),
    ("conv_bias_partial", 324.0),
    ("column_partial", 260.0),
    ("lstm_cell", 72.0),
    ("lstm_cell_back", 72.0),
    ("sgd", 20.0),
    ("squares", 136.0),
];
const ATTRIBUTES: [(Attribute, usize); 4] = [
    (Attribute::Corpus, 6),
    (Attribute::Gender, 2),
    (Attribute::Speaker, 90),
    (Attribute::Language, 4),
];
/// The study whose time is extrapolated: models, epochs, and frames of 11.75 hours at 100 a second.
const STUDY: (f64, f64, f64) = (46.0, 150.0, 11.75 * 360_000.0);

type Heads = Vec<(HeadSpec, usize)>;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("device: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Box<dyn Error>> {
    let options = Options::read()?;
    let studies = studies();
    let counts = [1, options.models.min(studies.len())];
    let setting = Setting::new(&options, &studies[..counts[1]])?;
    let frames: usize = setting.lengths.iter().sum();
    println!(
        "batch of {} utterances, {frames} frames, {} steps after {WARM_UP}",
        options.batch, options.steps
    );
    let mut named = false;
    let mut tables = Vec::new();
    for tf32 in [false, true] {
        let card = Card::open(0, tf32)?;
        if !named {
            println!("card: {}", device_name(0)?);
            println!(
                "models precision   ms/step model-steps/s    TFLOP/s  study-minutes  multiply-adds"
            );
            named = true;
        }
        for &wanted in &counts[..if counts[1] == 1 { 1 } else { 2 }] {
            let mut models = wanted;
            let seconds = loop {
                match setting.time(&card, &studies[..models], options.steps) {
                    Ok((seconds, times)) => {
                        tables.push((models, tf32, times));
                        break seconds;
                    }
                    Err(error) => match card.to_device_error("steps", &error) {
                        DeviceError::OutOfMemory { .. } if models > 1 => {
                            eprintln!("{models} models do not fit; trying half");
                            models /= 2;
                            // What was timed until then.
                            card.times()
                                .map_err(|error| card.to_device_error("timing", &error))?;
                        }
                        error => return Err(error.into()),
                    },
                }
            };
            let products: usize = (studies[..models].iter())
                .map(|heads| setting.products(heads))
                .sum();
            let (study, epochs, corpus) = STUDY;
            let minutes = study * epochs * corpus / ((models * frames) as f64 / seconds) / 60.0;
            if card.irregular_products() > 0 {
                let count = card.irregular_products();
                eprintln!("{count} products had no algorithm by their sizes alone");
            }
            println!(
                "{models:>6} {:>9} {:>9.2} {:>13.2} {:>10.3} {minutes:>14.1} {products:>14}",
                if tf32 { "TF32" } else { "fp32" },
                1e3 * seconds,
                models as f64 / seconds,
                6.0 * products as f64 / seconds / 1e12,
            );
        }
    }
    println!("TFLOP/s = 3 x 2 x multiply-adds of the forward pass / seconds of a step / 10^12");
    println!(
        "study-minutes: 46 models x 150 epochs x 11.75 h of 100 frames a second, in such steps"
    );
    let ceilings = [false, true].map(|tf32| {
        let card = Card::open(0, tf32).map_err(|error| error.to_string())?;
        let measured =
            Ceilings::measure(&card, options.ceiling_megabytes << 20, options.ceiling_side);
        measured.map_err(|error| error.to_string())
    });
    let [plain, rounded] = ceilings;
    let (plain, rounded) = (plain?, rounded?);
    println!(
        "ceilings: {:.0} GB/s in a copy of {} MB; {:.1} TFLOP/s in fp32, {:.1} in TF32 in a product of side {}",
        plain.bytes_per_second / 1e9,
        options.ceiling_megabytes,
        plain.operations_per_second / 1e12,
        rounded.operations_per_second / 1e12,
        options.ceiling_side,
    );
    for (models, tf32, times) in &tables {
        let (name, ceilings) = if *tf32 {
            ("TF32", &rounded)
        } else {
            ("fp32", &plain)
        };
        println!("{models} models in {name}, each step, every kernel between two events:");
        print_times(times, ceilings);
    }
    sweep(&setting, &studies[..counts[1]], options.steps)
}

/// Steps whose convolutions take this many models at a time; by itself the card chooses by its SMs.
fn sweep(setting: &Setting, studies: &[Heads], steps: usize) -> Result<(), Box<dyn Error>> {
    println!(
        "models that a convolution takes at a time, of {}: ms/step in fp32 and TF32",
        studies.len()
    );
    let cards = [Card::open(0, false)?, Card::open(0, true)?];
    for wanted in [1, 2, 4, 8, 16, studies.len()] {
        if wanted > studies.len() {
            continue;
        }
        let mut line = format!("{wanted:>17}");
        for card in &cards {
            card.fix_models_at_once(wanted);
            line += &match setting.time(card, studies, steps.div_ceil(3)) {
                Ok((seconds, _)) => format!(" {:>9.2}", 1e3 * seconds),
                Err(error) => match card.to_device_error("steps", &error) {
                    DeviceError::OutOfMemory { .. } => {
                        card.times()
                            .map_err(|error| card.to_device_error("timing", &error))?;
                        format!(" {:>9}", "no room")
                    }
                    error => return Err(error.into()),
                },
            };
        }
        println!("{line}");
    }
    Ok(())
}

/// A table of what one step spends where, and how far that is from what the card can do.
fn print_times(times: &BTreeMap<&'static str, Timed>, ceilings: &Ceilings) {
    println!("    calls        ms  floor ms  times floor  what");
    let floor = |name: &str, timed: &Timed| {
        let own = BYTES.iter().find(|(own, _)| *own == name);
        let bytes = timed.bytes + own.map_or(0.0, |(_, bytes)| bytes * timed.threads);
        let of_memory = bytes / ceilings.bytes_per_second;
        of_memory.max(timed.operations / ceilings.operations_per_second)
    };
    let line = |calls: usize, seconds: f64, floor: f64, what: &str| {
        let [calls, ms, floor_ms] =
            [calls as f64, 1e3 * seconds, 1e3 * floor].map(|all| all / TIMED as f64);
        let ratio = if floor > 0.0 {
            format!("{:.1}", seconds / floor)
        } else {
            "-".to_string()
        };
        let floor = if floor > 0.0 {
            format!("{floor_ms:.3}")
        } else {
            "-".to_string()
        };
        println!("{calls:>9.0} {ms:>9.3} {floor:>9} {ratio:>12}  {what}");
    };
    let mut rows: Vec<_> = times
        .iter()
        .map(|(name, timed)| (*name, timed, floor(name, timed)))
        .collect();
    rows.sort_by(|a, b| b.1.seconds.total_cmp(&a.1.seconds));
    for (name, timed, floor) in &rows {
        line(timed.calls, timed.seconds, *floor, name);
    }
    let calls = rows.iter().map(|row| row.1.calls).sum();
    let seconds = rows.iter().map(|row| row.1.seconds).sum();
    line(calls, seconds, rows.iter().map(|row| row.2).sum(), "all");
}

/// What the command line asks for.
struct Options {
    steps: usize,
    models: usize,
    batch: usize,
    frames: usize,
    ceiling_megabytes: usize,
    ceiling_side: usize,
}

impl Options {
    fn read() -> Result<Self, String> {
        let mut options = Self {
            steps: 30,
            models: 46,
            batch: 32,
            frames: 600,
            ceiling_megabytes: 1024,
            ceiling_side: 8192,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let place = match word.as_str() {
                "--steps" => &mut options.steps,
                "--models" => &mut options.models,
                "--batch" => &mut options.batch,
                "--frames" => &mut options.frames,
                "--ceiling-megabytes" => &mut options.ceiling_megabytes,
                "--ceiling-side" => &mut options.ceiling_side,
                // Cargo's own.
                "--bench" => continue,
                _ => return Err(format!("unknown option {word}")),
            };
            let number = words.next().and_then(|text| text.parse().ok());
            *place = number
                .filter(|&number| number > 0)
                .ok_or_else(|| format!("{word} needs a number above 0"))?;
        }
        Ok(options)
    }
}

/// The models before their first step, and one batch of made-up utterances.
struct Setting {
    shape: EncoderShape,
    states: Vec<TrainingState>,
    lengths: Vec<usize>,
    values: Vec<f32>,
}

impl Setting {
    /// `pytorch/device.py` draws the same lengths.
    fn new(options: &Options, studies: &[Heads]) -> Result<Self, Box<dyn Error>> {
        let shape = EncoderShape::new(&default_encoder(), BINS)?;
        let state = |heads: &Heads| -> Result<_, Box<dyn Error>> {
            let network = Network::new(shape.clone(), EMOTIONS, heads, Initialisation::He, 1)?;
            Ok(TrainingState::new(network))
        };
        let states: Result<_, _> = studies.iter().map(state).collect();
        let states = states?;
        let shortest = (options.frames / 6).max(shape.minimum_frames());
        let longest = options.frames.max(shortest);
        let mut state = 1u32;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        let lengths = (0..options.batch)
            .map(|_| shortest + draw() as usize % (longest - shortest + 1))
            .collect();
        let values = (0..longest * BINS)
            .map(|_| draw() as f32 / (1 << 23) as f32 - 1.0)
            .collect();
        Ok(Self {
            shape,
            states,
            lengths,
            values,
        })
    }

    /// Seconds of one step of all models, and what [`TIMED`] further steps spend where.
    fn time(
        &self,
        card: &Arc<Card>,
        studies: &[Heads],
        steps: usize,
    ) -> Result<(f64, BTreeMap<&'static str, Timed>), CudaError> {
        let views: Vec<_> = (self.lengths.iter())
            .map(|&frames| FeaturesView {
                frames,
                bins: BINS,
                values: &self.values[..frames * BINS],
            })
            .collect();
        let corpus = Corpus::new(card, &views)?;
        let mut group = Group::new(card, self.states[..studies.len()].to_vec())?;
        let utterances: Vec<Masked> = (0..views.len())
            .map(|at| Masked {
                at,
                ..Masked::default()
            })
            .collect();
        let batch = GroupBatch {
            corpus: &corpus,
            utterances: &utterances,
            fill: 0.0,
            dropout: 0.5,
            tasks: &[TaskSpec::classes()],
            class_weights: None,
        };
        let label = |classes: usize| (0..views.len()).map(move |at| Some(at % classes)).collect();
        let targets: Vec<Targets> = (studies.iter())
            .map(|heads| Targets {
                emotion: label(EMOTIONS),
                attributes: heads.iter().map(|(_, labels)| label(*labels)).collect(),
                ..Targets::default()
            })
            .collect();
        let mut run = |count: usize| {
            for step in 0..count {
                let models: Vec<_> = (targets.iter())
                    .map(|targets| ModelStep {
                        targets,
                        alpha: 0.1,
                        reversal: Reversal::Paper,
                        dropout_seed: step as u64,
                        update: Update {
                            optimiser: Optimiser::default(),
                            learning_rate: 0.002,
                            weight_decay: 0.0,
                        },
                        gradient_clip_norm: 0.0,
                    })
                    .collect();
                group.step(&batch, &models)?;
            }
            // Waits for the device.
            group.losses()
        };
        run(WARM_UP)?;
        let started = Instant::now();
        let losses = run(steps)?;
        let seconds = started.elapsed().as_secs_f64() / steps as f64;
        if !losses.iter().flatten().all(|own| own.total.is_finite()) {
            eprintln!("a loss is not finite");
        }
        card.time_each();
        run(TIMED)?;
        Ok((seconds, card.times()?))
    }

    /// Multiply-adds of one model's forward pass on the batch.
    fn products(&self, heads: &Heads) -> usize {
        let of_utterance = |&frames: &usize| {
            let (mut frames, mut sum) = (frames, 0);
            for (_, layer) in self.shape.layers() {
                let layer: &dyn Any = layer;
                if let Some(conv) = layer.downcast_ref::<ConvShape>() {
                    sum += conv.convolved(frames) * conv.width * conv.input * conv.output;
                    frames = conv.pooled(frames);
                } else if let Some(lstm) = layer.downcast_ref::<LstmShape>() {
                    let step = 4 * lstm.units * (lstm.input + lstm.units);
                    sum += frames * lstm.directions * step;
                }
            }
            let embedding = self.shape.embedding();
            let attributes = heads.iter().map(|(head, labels)| match head.mode {
                HeadMode::Discriminator => EMOTIONS * labels,
                _ => embedding * labels,
            });
            sum + embedding * EMOTIONS + attributes.sum::<usize>()
        };
        self.lengths.iter().map(of_utterance).sum()
    }
}

/// Heads of the 46 models: none, then every set of attributes by every method.
fn studies() -> Vec<Heads> {
    let mut studies = vec![Heads::new()];
    for mode in [
        HeadMode::Shared,
        HeadMode::GradReverse,
        HeadMode::Discriminator,
    ] {
        for subset in 1..1 << ATTRIBUTES.len() {
            let chosen = (ATTRIBUTES.iter().enumerate()).filter(|(at, _)| subset >> at & 1 == 1);
            let heads = chosen.map(|(_, (attribute, labels))| {
                let attribute = attribute.clone();
                (HeadSpec::new(attribute, mode), *labels)
            });
            studies.push(heads.collect());
        }
    }
    studies
}
