//! Frames per second of the paper's network, training and forward only, and memory; one JSON line.
//!
//! `cargo bench --bench training -- <threads> <batches> [<repetitions>] [forward]`; see `benches/README.md`.
//! Rates ending in `_cpu` are per second of processor time, for one thread on a busy machine; `eval_faults` are the
//! page faults of the timed forward passes. The word `forward` leaves training out, for a profile.

use std::sync::Arc;
use std::time::Instant;

use pipe_foundation::FeaturesView;
use pipe_foundation::Workers;
use pipe_nn::model::spec::{Reversal, default_encoder};
use pipe_nn::model::{
    EncoderPass, EncoderShape, Initialisation, Network, Optimiser, Targets, TaskSpec, Trainable,
    TrainingBatch, Update,
};

const BINS: usize = 40;

fn main() {
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let threads = numbers.first().copied().unwrap_or(1);
    let count = numbers.get(1).copied().unwrap_or(8);
    let repetitions = numbers.get(2).copied().unwrap_or(1);
    let forward_only = std::env::args().any(|arg| arg == "forward");
    let frames: Vec<usize> = include_str!("pytorch/frames.txt")
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect();
    // The same batches as train_epoch.py: buckets of 50 batches sorted by length, every fourth batch.
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for bucket in frames.chunks(50 * 32) {
        let mut bucket = bucket.to_vec();
        bucket.sort_unstable();
        batches.extend(bucket.chunks(32).map(<[usize]>::to_vec));
    }
    let batches: Vec<_> = batches.into_iter().step_by(4).take(count).collect();
    let longest = frames.iter().copied().max().unwrap_or(0);
    let mut state = 1u32;
    let values: Vec<f32> = (0..longest * BINS)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect();
    let workers = Arc::new(Workers::new(threads).expect("threads"));
    let shape = EncoderShape::new(&default_encoder(), BINS).expect("default encoder");
    let network = Network::new(shape, 3, &[], Initialisation::He, 1).expect("network");
    let tasks = [TaskSpec::classes()];
    let tape = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let (train, eval) = tape.expect("thread").install(|| {
        let mut pass = EncoderPass::default();
        let mut trainable = Trainable::new(network.clone(), Arc::clone(&workers)).expect("tape");
        let mut run = |training: bool, batches: &[Vec<usize>]| {
            let (started, before) = (Instant::now(), Usage::now());
            let mut done = 0;
            network.pack(&mut pass, &workers);
            for batch in batches {
                let view = |&frames: &usize| FeaturesView {
                    frames,
                    bins: BINS,
                    values: &values[..frames * BINS],
                };
                let views: Vec<_> = batch.iter().map(view).collect();
                done += batch.iter().sum::<usize>();
                if training {
                    let targets = Targets {
                        emotion: (0..batch.len()).map(|at| Some(at % 3)).collect(),
                        ..Targets::default()
                    };
                    let step = TrainingBatch {
                        features: &views,
                        targets: &targets,
                        tasks: &tasks,
                        alpha: 0.0,
                        reversal: Reversal::Paper,
                        dropout: 0.5,
                        dropout_seed: 1,
                        class_weights: None,
                        gradient_clip_norm: 0.0,
                    };
                    let sgd = Update {
                        optimiser: Optimiser::default(),
                        learning_rate: 0.002,
                        weight_decay: 0.0,
                    };
                    trainable.step(&step, &sgd).expect("step");
                } else {
                    let embeddings = network.embed(&views, &mut pass, &workers).expect("forward");
                    network.classify(&embeddings);
                }
            }
            let done = done as f64;
            let used = Usage::now();
            let cpu = (used.cpu_seconds - before.cpu_seconds).max(1e-2);
            Rates {
                wall: done / started.elapsed().as_secs_f64(),
                cpu: done / cpu,
                faults: used.faults - before.faults,
            }
        };
        // The longest batch first: buffers then have their size, as after the first batches of a run.
        let longest = batches.len().saturating_sub(1);
        let again = vec![batches.as_slice(); repetitions].concat();
        let mut train = Rates::default();
        if !forward_only {
            run(true, &batches[longest..]);
            train = run(true, &again);
        }
        run(false, &batches[longest..]);
        (train, run(false, &again))
    });
    println!(
        "{{\"threads\":{threads},\"train\":{:.0},\"eval\":{:.0},\"train_cpu\":{:.0},\"eval_cpu\":{:.0},\
         \"eval_faults\":{:.0},\"peak_mb\":{:.0}}}",
        train.wall,
        eval.wall,
        train.cpu,
        eval.cpu,
        eval.faults,
        peak_megabytes()
    );
}

/// Frames per second, and page faults.
#[derive(Default)]
struct Rates {
    wall: f64,
    cpu: f64,
    faults: f64,
}

/// What the process has used so far.
struct Usage {
    /// Of all threads, from the kernel's hundredths of a second.
    cpu_seconds: f64,
    /// Without reading a file.
    faults: f64,
}

impl Usage {
    fn now() -> Self {
        let fields = stat_fields();
        Self {
            cpu_seconds: (fields[1] + fields[2]) / 100.0,
            faults: fields[0],
        }
    }
}

/// Minor faults, user and system time out of `/proc/self/stat`.
fn stat_fields() -> [f64; 3] {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .collect();
    [7, 11, 12].map(|at: usize| {
        let field = fields.get(at).and_then(|field| field.parse().ok());
        field.unwrap_or(0.0)
    })
}

/// Most resident memory so far.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}
