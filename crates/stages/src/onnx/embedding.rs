//! An `embed` stage as ONNX operators: the model of others between what prepares a recording for it and what makes features
//! of its outputs.
//!
//! The same steps as [`Embedder::compute`](pipe_inference::Embedder::compute), on one recording: `[1, samples]` or
//! `[1, frames, bins]` to `[1, frames, bins]`. All windows are one batch; a model that takes one at a time is in a loop.

use std::path::Path;

use pipe_inference::{Axis, Element, EmbedderOptions, ModelGraph, Pooling, Recording, Usage};
use pipe_nn::onnx::{Attribute, Body, Graph, Node};

use super::copied_model;
use super::error::OnnxError;
use super::graph::{Dim, bool_value, float_value, int_value};
use super::moments::Centred;
use super::part::{DOUBLE, FLOAT, Part};
use super::windows;

/// Keeps silence from being divided by 0, as `normalise_input` does.
const VARIANCE_FLOOR: f32 = 1e-7;

/// A model of others, and how it is used.
pub(super) struct Embedding<'e> {
    pub(super) usage: &'e Usage,
    pub(super) recording: Recording,
    /// Its graph, whose names all begin with `prefix`.
    pub(super) model: ModelGraph,
    pub(super) prefix: String,
    /// The file that it comes from.
    pub(super) file: &'e Path,
}

impl Embedding<'_> {
    /// Adds all of it after the value `recording`, in version `opset` of ONNX's operators; gives back the name of the features.
    ///
    /// # Errors
    /// A model that cannot be written in that version.
    pub(super) fn add(
        self,
        part: &mut Part<'_>,
        recording: &str,
        opset: u64,
    ) -> Result<String, OnnxError> {
        let usage = self.usage;
        let options = &usage.options;
        let mut given = self.prepared(part, recording);
        if let Some(window) = options.window {
            given = windows::add(&mut part.within("windows"), &given, window);
        }
        let (mut nodes, mut constants) = (Vec::new(), Vec::new());
        copied_model::add(self.model, opset, self.file, &mut nodes, &mut constants)?;
        for (name, tensor) in &usage.constants {
            constants.push(copied_model::constant(
                &format!("{}{name}", self.prefix),
                tensor,
            ));
        }
        let one_at_a_time = options.window.is_some() && usage.together == 1;
        let prefix = &self.prefix;
        part.graph.copied.extend(constants);
        let mut made = match one_at_a_time {
            false => through(part, usage, prefix, &given, nodes),
            true => each(part, usage, prefix, &given, nodes),
        };
        made = scaled(part, made, options);
        Ok(pooled(&mut part.within("pooling"), made, options.pooling))
    }

    /// The recording as the model is given it, `[1, total, values]`.
    fn prepared(&self, part: &mut Part<'_>, recording: &str) -> String {
        let options = &self.usage.options;
        let mut given = match self.recording {
            Recording::Waveform => part.unsqueezed("samples_column", recording, &[2]),
            Recording::Features => recording.to_owned(),
        };
        if options.normalise_input {
            let mut part = part.within("normalised_input");
            let centred = Centred::over_all(&mut part, &given, &[1, 2]);
            let variance = centred.variances(&mut part, &[1, 2]);
            let floor = part.float("floor", VARIANCE_FLOOR);
            let raised = part.node("Add", "raised_variance", &[&variance, &floor]);
            let deviation = part.node("Sqrt", "deviation", &[&raised]);
            given = part.node("Div", "values", &[&centred.values, &deviation]);
        }
        if let Some(scale) = options.input_scale {
            let scale = part.float("input_scale", scale);
            given = part.node("Mul", "scaled_input", &[&given, &scale]);
        }
        given
    }
}

/// The model's nodes with `given`, `[windows, length, values]`, as their input, and its outputs side by side as
/// `[1, frames, bins]`.
fn through(
    part: &mut Part<'_>,
    usage: &Usage,
    prefix: &str,
    given: &str,
    nodes: Vec<Node>,
) -> String {
    let mut given = arranged(part, usage, given);
    if usage.element == Element::F64 {
        given = part.cast("given_in_64_bits", &given, DOUBLE);
    }
    let input = format!("{prefix}{}", usage.input);
    part.graph.node("Identity", &input, &[&given]);
    part.graph.nodes.extend(nodes);
    let outputs = usage.outputs.iter().enumerate();
    let tables: Vec<String> = outputs
        .map(|(place, output)| {
            let mut part = part.within(&format!("output_{place}"));
            let floats = part.cast("floats", &format!("{prefix}{output}"), FLOAT);
            table(&mut part, &floats, usage.options.output_axes.as_deref())
        })
        .collect();
    match &tables[..] {
        [one] => one.clone(),
        several => part.joined("outputs", several, 2),
    }
}

/// As [`through`], window after window.
fn each(part: &mut Part<'_>, usage: &Usage, prefix: &str, given: &str, nodes: Vec<Node>) -> String {
    let (number, goes_on) = (part.named("window_number"), part.named("goes_on"));
    let still = part.named("still_goes_on");
    let mut inner = Graph::default();
    let mut body = Part::new(&mut inner, part.named("window"));
    body.graph.node("Identity", &still, &[&goes_on]);
    let axis = [("axis", Attribute::Int(0))];
    let window = body.node_with("Gather", "values", &[given, &number], &axis);
    let window = body.unsqueezed("alone", &window, &[0]);
    let made = through(&mut body, usage, prefix, &window, nodes);
    let free = || Dim::Free;
    let body = Body {
        name: part.named("windows"),
        inputs: vec![
            int_value(&number).into_bytes(),
            bool_value(&goes_on).into_bytes(),
        ],
        outputs: vec![
            bool_value(&still).into_bytes(),
            float_value(&made, &[Dim::Size(1), free(), free()]).into_bytes(),
        ],
        graph: inner,
    };
    let count = part.length("window_count", given, 0);
    let body = [("body", Attribute::Graph(Box::new(body)))];
    let all = part.node_with("Loop", "all_windows", &[&count, ""], &body);
    one_behind_another(part, &all)
}

/// The value's last axis, all others as one behind a first that is 1 long.
fn one_behind_another(part: &mut Part<'_>, of: &str) -> String {
    let shape = part.node("Shape", "given_shape", &[of]);
    let (last, behind) = (part.ints("last", &[-1]), part.ints("behind", &[i64::MAX]));
    let bins = part.node("Slice", "bins", &[&shape, &last, &behind]);
    let frames = part.ints("all_frames", &[1, -1]);
    let shape = part.joined("frames_shape", &[frames, bins], 0);
    part.node("Reshape", "frames", &[of, &shape])
}

/// `[windows, length, values]` with its axes as the model takes them.
fn arranged(part: &mut Part<'_>, usage: &Usage, given: &str) -> String {
    let place = |axis: &Axis| match axis {
        Axis::Batch => Some(0),
        Axis::Time => Some(1),
        Axis::Features => Some(2),
        Axis::One => None,
    };
    let mut order: Vec<i64> = usage.axes.iter().filter_map(place).collect();
    let kept = order.len() as i64;
    // What the model has no axis for is 1 long.
    order.extend(
        (0..3)
            .filter(|axis| !order.contains(axis))
            .collect::<Vec<_>>(),
    );
    let mut given = given.to_owned();
    if !order.is_sorted() {
        let order = [("perm", Attribute::ints(&order))];
        given = part.node_with("Transpose", "in_order", &[&given], &order);
    }
    if kept < 3 {
        let gone: Vec<i64> = (kept..3).collect();
        given = part.squeezed("known_axes", &given, &gone);
    }
    let axes = usage.axes.iter().enumerate();
    let ones: Vec<i64> = axes
        .filter(|(_, axis)| **axis == Axis::One)
        .map(|(place, _)| place as i64)
        .collect();
    match ones.is_empty() {
        true => given,
        false => part.unsqueezed("all_axes", &given, &ones),
    }
}

/// An output as features `[1, frames, bins]`, window after window.
fn table(part: &mut Part<'_>, output: &str, axes: Option<&[Axis]>) -> String {
    let Some(axes) = axes else {
        return one_behind_another(part, output);
    };
    let wanted = [Axis::One, Axis::Batch, Axis::Time, Axis::Features];
    let order: Vec<i64> = wanted
        .iter()
        .flat_map(|wanted| {
            let places = axes.iter().enumerate();
            places.filter_map(move |(place, axis)| (axis == wanted).then_some(place as i64))
        })
        .collect();
    let mut ordered = output.to_owned();
    if !order.is_sorted() {
        let order = [("perm", Attribute::ints(&order))];
        ordered = part.node_with("Transpose", "in_order", &[&ordered], &order);
    }
    if !axes.contains(&Axis::Features) {
        ordered = part.unsqueezed("one_value", &ordered, &[-1]);
    }
    one_behind_another(part, &ordered)
}

fn scaled(part: &mut Part<'_>, mut made: String, options: &EmbedderOptions) -> String {
    if let Some(scale) = options.output_scale {
        let scale = part.float("output_scale", scale);
        made = part.node("Mul", "scaled_output", &[&made, &scale]);
    }
    if let Some(offset) = options.output_offset {
        let offset = part.float("output_offset", offset);
        made = part.node("Add", "raised_output", &[&made, &offset]);
    }
    made
}

fn pooled(part: &mut Part<'_>, made: String, pooling: Pooling) -> String {
    if pooling == Pooling::None {
        return made;
    }
    let centred = Centred::over_frames(part, &made);
    if pooling == Pooling::Mean {
        return centred.means;
    }
    let deviations = centred.deviations(part);
    part.joined("means_and_deviations", &[centred.means, deviations], 2)
}
