//! Encoder and heads of the tasks as ONNX operators: features `[batch, frames, bins]` to probabilities and numbers.

use std::collections::HashMap;

use pipe_nn::model::{Array, Network, NumericTarget};
use pipe_nn::onnx::{Attribute, Axes, Export, Graph, Signal};

/// Arrays of the network by name.
type Arrays = HashMap<String, Array>;

/// The value with the probabilities.
pub(super) const PROBABILITIES: &str = "probabilities";
/// The value with the numeric targets.
pub(super) const NUMBERS: &str = "numbers";

/// Adds the network after the value `features`; its results are [`PROBABILITIES`] `[batch, classes]`, if there are
/// classes, and [`NUMBERS`] `[batch, targets]` in the units of the targets, if there are some.
pub(super) fn add(graph: &mut Graph, features: &str, network: &Network, targets: &[NumericTarget]) {
    let arrays: Arrays = network
        .to_arrays()
        .into_iter()
        .map(|array| (array.name.clone(), array))
        .collect();
    let shape = network.shape();
    let order = [("perm", Attribute::ints(&[0, 2, 1]))];
    let x = graph.node_with("Transpose", "channels_first", &[features], &order);
    let mut x = Signal {
        name: lengthen(graph, x, shape.minimum_frames()),
        axes: Axes::ChannelsFirst,
    };
    for (name, layer) in shape.layers() {
        let mut export = Export {
            graph,
            name,
            arrays: &arrays,
        };
        x = layer.export(&mut export, x);
    }
    let x = x.name;
    if network.classes() > 0 {
        let logits = dense(graph, &x, "emotion", &arrays);
        graph.node_with(
            "Softmax",
            PROBABILITIES,
            &[&logits],
            &[("axis", Attribute::Int(1))],
        );
    }
    if targets.is_empty() {
        return;
    }
    let outputs: Vec<String> = (targets.iter())
        .map(|target| dense(graph, &x, &format!("target.{}", target.name), &arrays))
        .collect();
    let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
    let axis = [("axis", Attribute::Int(1))];
    let outputs = graph.node_with("Concat", "standardised_numbers", &outputs, &axis);
    let row = |value: fn(&NumericTarget) -> f64| -> Vec<f32> {
        targets.iter().map(|target| value(target) as f32).collect()
    };
    let shape = [1, targets.len()];
    let deviations = graph.floats("target_deviations", &shape, &row(|target| target.deviation));
    let means = graph.floats("target_means", &shape, &row(|target| target.mean));
    let scaled = graph.node("Mul", "scaled_numbers", &[&outputs, &deviations]);
    graph.node("Add", NUMBERS, &[&scaled, &means]);
}

/// Adds one array as a constant.
fn constant(graph: &mut Graph, arrays: &Arrays, name: &str) -> String {
    if let Some(array) = arrays.get(name) {
        graph.floats(name, &array.shape, &array.values);
    }
    name.to_owned()
}

/// Zero frames at the end of `[batch, bins, frames]` up to the fewest that the network takes.
fn lengthen(graph: &mut Graph, x: String, minimum: usize) -> String {
    if minimum <= 1 {
        return x;
    }
    let shape = graph.node("Shape", "features_shape", &[&x]);
    let axis = graph.ints("frames_axis", &[1], &[2]);
    let frames = graph.node("Gather", "features_frames", &[&shape, &axis]);
    let minimum = graph.ints("minimum_frames", &[1], &[minimum as i64]);
    let missing = graph.node("Sub", "missing_frames", &[&minimum, &frames]);
    let none = graph.ints("no_frames", &[1], &[0]);
    let missing = graph.node("Max", "added_frames", &[&missing, &none]);
    // Begins of the three axes, then their ends.
    let before = graph.ints("no_padding", &[5], &[0; 5]);
    let pads = graph.node_with(
        "Concat",
        "padding",
        &[&before, &missing],
        &[("axis", Attribute::Int(0))],
    );
    graph.node("Pad", "lengthened_features", &[&x, &pads])
}

/// `x Wᵀ + b`.
fn dense(graph: &mut Graph, x: &str, name: &str, arrays: &Arrays) -> String {
    let weight = constant(graph, arrays, &format!("{name}.weight"));
    let bias = constant(graph, arrays, &format!("{name}.bias"));
    graph.node_with(
        "Gemm",
        name,
        &[x, &weight, &bias],
        &[("transB", Attribute::Int(1))],
    )
}
