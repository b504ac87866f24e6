//! Sinusoidal positions (Vaswani et al., 2017): values 2i and 2i + 1 of frame t are sine and cosine of
//! `t / 10000^(2i / width)`.

use std::f64::consts::TAU;

use pipe_foundation::exact;
use serde::{Deserialize, Serialize};

use crate::onnx::{Attribute, Export};

/// What is added to frames so that attention can tell their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Positions {
    /// Sine and cosine of different frequencies.
    #[default]
    Sinusoidal,
    /// Nothing.
    None,
}

/// The frequency of a value, in radians a frame.
fn frequency(at: usize, width: usize) -> f64 {
    /// `ln(10000)`.
    const LN_LONGEST: f64 = 9.210_340_371_976_184;
    exact::exp(-LN_LONGEST * (at / 2 * 2) as f64 / width as f64)
}

/// The positions of `frames` frames, `[frames, width]`.
pub fn sinusoidal(frames: usize, width: usize) -> Vec<f32> {
    let turns: Vec<f64> = (0..width).map(|at| frequency(at, width) / TAU).collect();
    let mut out = Vec::with_capacity(frames * width);
    for t in 0..frames {
        out.extend(turns.iter().enumerate().map(|(at, turns)| {
            let turns = t as f64 * turns;
            match at % 2 {
                0 => exact::sin_turns(turns) as f32,
                _ => exact::cos_turns(turns) as f32,
            }
        }));
    }
    out
}

/// Adds them to the value `x` `[batch, frames, width]`.
pub fn export(export: &mut Export<'_>, x: &str, width: usize) -> String {
    let constant = |part: &str| export.named(&format!("positions.{part}"));
    let [frequencies, phases, first, step, axis] =
        ["frequencies", "phases", "first", "step", "axis"].map(constant);
    let of = |value: fn(usize, usize) -> f64| -> Vec<f32> {
        (0..width).map(|at| value(at, width) as f32).collect()
    };
    let graph = &mut *export.graph;
    graph.floats(&frequencies, &[1, width], &of(frequency));
    let phase = |at: usize, _| TAU / 4.0 * (at % 2) as f64;
    graph.floats(&phases, &[1, width], &of(phase));
    graph.int(&first, 0);
    graph.int(&step, 1);
    graph.ints(&axis, &[1], &[1]);
    let shape = export.node("Shape", "positions.shape", &[x], &[]);
    // A single number, as the index has no dimensions.
    let frames = export.node("Gather", "positions.frames", &[&shape, &step], &[]);
    let range = export.node("Range", "positions.range", &[&first, &frames, &step], &[]);
    let float = [("to", Attribute::Int(1))];
    let range = export.node("Cast", "positions.numbers", &[&range], &float);
    let column = export.node("Unsqueeze", "positions.column", &[&range, &axis], &[]);
    let angles = export.node("Mul", "positions.angles", &[&column, &frequencies], &[]);
    let angles = export.node("Add", "positions.turned", &[&angles, &phases], &[]);
    let sines = export.node("Sin", "positions.sines", &[&angles], &[]);
    export.node("Add", "positions.added", &[x, &sines], &[])
}
